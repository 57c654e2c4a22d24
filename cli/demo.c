/*
 * assay demo: trains a few small networks for real, logs them into the local store as any
 * training would, and opens the workbench on them.
 */
#include "cli.h"
#include "demo_train.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/local.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "../tui/tui.h"

#define EXPERIMENT   "spirals"
#define EPOCHS       80
#define SEEDS        4
#define STORE_EVERY  10 /* epochs: one transaction each */
#define EPOCHS_WRONG 5  /* how long a training goes on after it has diverged */
#define MOMENTUM     0.9

/* The last one is too much for some of the seeds, and they diverge. */
static const double learning_rates[] = {0.01, 0.1, 0.6};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

struct demo {
    struct cli *cli;
    struct assay_local *local;
    char run[ASSAY_RUN_ID_SIZE];
    struct assay_log_point *points;
    size_t count, capacity;
    uint64_t logged;
    int wrong; /* epochs with a loss that is no number */
    double accuracy;
    enum assay_status status;
    struct assay_error *err;
};

static void add(struct demo *demo, const char *metric, int64_t step, double value)
{
    ASSAY_GROW(demo->points, demo->capacity, demo->count + 1);
    demo->points[demo->count++] = (struct assay_log_point){
        .metric = metric,
        .point = {.step = step, .time_ms = assay_now_ms(), .value = value},
    };
}

static bool store_points(struct demo *demo)
{
    struct assay_log_batch batch = {.points = demo->points, .point_count = demo->count};
    if (demo->status == ASSAY_OK && demo->count)
        demo->status = assay_local_log(demo->local, demo->run, &batch, demo->err);
    demo->logged += demo->count;
    demo->count = 0;
    return demo->status == ASSAY_OK;
}

static bool on_step(void *context, int64_t step, double loss, double learning_rate,
                    double gradient_norm)
{
    struct demo *demo = context;
    add(demo, "train/loss", step, loss);
    add(demo, "lr", step, learning_rate);
    add(demo, "grad_norm", step, gradient_norm);
    return !interrupted;
}

static bool on_epoch(void *context, int epoch, int64_t step, double loss, double accuracy)
{
    struct demo *demo = context;
    add(demo, "val/loss", step, loss);
    add(demo, "val/accuracy", step, accuracy);
    demo->accuracy = accuracy;
    demo->wrong += !isfinite(loss);
    if (epoch % STORE_EVERY == STORE_EVERY - 1 && !store_points(demo))
        return false;
    return demo->wrong < EPOCHS_WRONG;
}

static enum assay_status log_params(struct demo *demo, double rate, int seed)
{
    char rate_text[32], seed_text[16], epochs[16], batch_size[16], hidden[16];
    snprintf(seed_text, sizeof seed_text, "%d", seed);
    snprintf(epochs, sizeof epochs, "%d", EPOCHS);
    snprintf(batch_size, sizeof batch_size, "%d", DEMO_BATCH);
    snprintf(hidden, sizeof hidden, "%dx%d", DEMO_HIDDEN, DEMO_HIDDEN);
    const struct assay_pair params[] = {
        {"lr", assay_number_exact(rate_text, rate)},
        {"seed", seed_text},
        {"epochs", epochs},
        {"batch_size", batch_size},
        {"hidden", hidden},
        {"momentum", "0.9"},
        {"optimizer", "sgd"},
        {"schedule", "cosine"},
    };
    const struct assay_pair tags[] = {
        {"dataset", "three spirals"},
        {"model", "perceptron"},
        {"made_by", "assay demo"},
    };
    const struct assay_log_batch batch = {
        .params = params,
        .param_count = ASSAY_COUNT(params),
        .tags = tags,
        .tag_count = ASSAY_COUNT(tags),
    };
    return assay_local_log(demo->local, demo->run, &batch, demo->err);
}

static void show_progress(const struct demo *demo, int number, int all, double rate, int seed)
{
    char text[32];
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\rtraining %d of %d: lr %s, seed %d, last accuracy %.3f\x1b[K", number,
                all, assay_number_short(text, rate, 3), seed, demo->accuracy);
}

static enum assay_status train_one(struct demo *demo, double rate, int seed)
{
    char name[64], rate_text[32];
    snprintf(name, sizeof name, "lr%s-seed%d", assay_number_short(rate_text, rate, 3), seed);
    demo->wrong = 0;
    demo->status =
        assay_local_start(demo->local, EXPERIMENT, name, ASSAY_NO_TIME, demo->run, demo->err);
    if (demo->status == ASSAY_OK)
        demo->status = log_params(demo, rate, seed);
    if (demo->status != ASSAY_OK)
        return demo->status;
    const struct demo_settings settings = {rate, MOMENTUM, (uint64_t)seed, EPOCHS};
    const struct demo_observer observer = {demo, on_step, on_epoch};
    demo_train(&settings, &observer);
    store_points(demo);
    enum assay_run_status ended = interrupted   ? ASSAY_RUN_KILLED
                                  : demo->wrong ? ASSAY_RUN_FAILED
                                                : ASSAY_RUN_FINISHED;
    enum assay_status status =
        assay_local_finish(demo->local, demo->run, ended, ASSAY_NO_TIME, demo->err);
    return demo->status != ASSAY_OK ? demo->status : status;
}

static enum assay_status train_all(struct demo *demo, int *trained)
{
    int all = (int)ASSAY_COUNT(learning_rates) * SEEDS;
    enum assay_status status = ASSAY_OK;
    for (int i = 0; i < all && status == ASSAY_OK && !interrupted; i++) {
        double rate = learning_rates[i / SEEDS];
        int seed = i % SEEDS + 1;
        show_progress(demo, i + 1, all, rate, seed);
        status = train_one(demo, rate, seed);
        *trained += status == ASSAY_OK;
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\x1b[K");
    return status == ASSAY_OK && interrupted ? ASSAY_CANCELLED : status;
}

/* DIR given: what is logged and what is opened afterwards is the store in that directory. */
static enum assay_status choose_store(struct cli *cli, struct assay_error *err)
{
    if (!cli->args.operand_count)
        return ASSAY_OK;
    enum assay_status status = assay_make_directories(cli->args.operands[0], err);
    char *path = assay_path_join(cli->args.operands[0], "assay/store.db");
    if (status == ASSAY_OK)
        setenv("ASSAY_STORE", path, 1);
    free(path);
    return status;
}

static enum assay_status open_workbench(struct assay_error *err)
{
    static const char *const sources[] = {"local"};
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    tui_run(sources, 1, err);
    return err->status;
}

enum assay_status cli_demo(struct cli *cli, struct assay_error *err)
{
    struct demo demo = {.cli = cli, .err = err};
    int trained = 0;
    int64_t start = assay_monotonic_us();
    enum assay_status status = choose_store(cli, err);
    /* However it is ended (the workbench that started it may be left, the line may break), no
       run stays behind that would be running for ever. */
    cli_catch(SIGINT, on_interrupt);
    cli_catch(SIGTERM, on_interrupt);
    cli_catch(SIGHUP, on_interrupt);
    if (status == ASSAY_OK)
        status = assay_local_open(&demo.local, NULL, err);
    if (status == ASSAY_OK)
        status = train_all(&demo, &trained);
    free(demo.points);
    assay_local_close(&demo.local);
    if (status != ASSAY_OK)
        return status;
    char points[32];
    assay_buf_format(&cli->out, "%d runs of the experiment %s trained in %.1f s: %s points\n",
                     trained, EXPERIMENT, (double)(assay_monotonic_us() - start) / 1e6,
                     assay_count_text(points, demo.logged));
    bool open = cli->tty && isatty(STDIN_FILENO) && !cli_has(cli, "no-open");
    if (!open) {
        const char *store = cli->args.operand_count ? getenv("ASSAY_STORE") : NULL;
        assay_buf_text_add(&cli->out, "open them with:  ");
        if (store) {
            assay_buf_text_add(&cli->out, "ASSAY_STORE='");
            assay_text_clean(&cli->out, store, strlen(store));
            assay_buf_text_add(&cli->out, "' ");
        }
        assay_buf_text_add(&cli->out, "assay local\n");
    }
    cli_flush(cli);
    return open ? open_workbench(err) : ASSAY_OK;
}
