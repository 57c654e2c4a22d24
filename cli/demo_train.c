/*
 * Training for `assay demo`: stochastic gradient descent with momentum on a perceptron of two
 * hidden layers of leaky rectified linear units and a softmax, over points of three noisy
 * spirals.
 */
#include "demo_train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#define INPUTS  2
#define CLASSES 3
#define TRAIN   600
#define TEST    300
#define HIDDEN  DEMO_HIDDEN
#define LEAK    0.1f /* slope of a unit below zero: none of them dies */

static const double pi = 3.14159265358979323846;

struct example {
    float x[INPUTS];
    int label;
};

/* One fully connected layer: weights, what they change by, and the slope of the loss. */
struct layer {
    int inputs, outputs;
    size_t count; /* of all weights, the biases last */
    float *weights, *speed, *slope;
};

struct network {
    struct layer layers[3];
    float in[INPUTS], hidden[2][HIDDEN], out[CLASSES];
    float *memory;
};

struct task {
    struct example train[TRAIN], test[TEST];
    int order[TRAIN];
    struct network net;
    uint64_t random;
};

/* ---- chance (splitmix64, S. Vigna) ---- */

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double uniform(uint64_t *state)
{
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

static double normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(1 - uniform(state)));
    return radius * cos(2 * pi * uniform(state));
}

/* ---- the data ---- */

static void make_examples(struct example *examples, int count, uint64_t *random)
{
    for (int i = 0; i < count; i++) {
        int label = i % CLASSES;
        double along = uniform(random);
        double angle = along * 5.0 + label * 2 * pi / CLASSES + 0.32 * normal(random);
        double radius = 0.1 + 0.9 * along;
        examples[i] = (struct example){
            .x = {(float)(2 * radius * cos(angle)), (float)(2 * radius * sin(angle))},
            .label = label,
        };
    }
}

/* ---- the network ---- */

static void network_make(struct network *net, uint64_t *random)
{
    static const int sizes[] = {INPUTS, HIDDEN, HIDDEN, CLASSES};
    size_t total = 0;
    for (int l = 0; l < 3; l++)
        total += (size_t)(sizes[l] + 1) * (size_t)sizes[l + 1];
    net->memory = assay_alloc_array(3 * total, sizeof *net->memory);
    float *next = net->memory;
    for (int l = 0; l < 3; l++) {
        struct layer *layer = &net->layers[l];
        layer->inputs = sizes[l];
        layer->outputs = sizes[l + 1];
        layer->count = (size_t)(sizes[l] + 1) * (size_t)sizes[l + 1];
        layer->weights = next;
        layer->speed = next + total;
        layer->slope = next + 2 * total;
        next += layer->count;
        double spread = sqrt(2.0 / sizes[l]);
        for (size_t i = 0; i < (size_t)sizes[l] * (size_t)sizes[l + 1]; i++)
            layer->weights[i] = (float)(spread * normal(random));
    }
}

static void layer_forward(const struct layer *layer, const float *in, float *out, bool rectify)
{
    const float *bias = layer->weights + layer->inputs * layer->outputs;
    for (int o = 0; o < layer->outputs; o++) {
        const float *w = layer->weights + o * layer->inputs;
        float sum = bias[o];
        for (int i = 0; i < layer->inputs; i++)
            sum += w[i] * in[i];
        /* Not fmaxf(), which would hide a NaN. */
        out[o] = rectify && sum < 0 ? LEAK * sum : sum;
    }
}

/* Adds to the slopes of the weights; BACK (may be NULL) gets those of the inputs, which came
   out of rectified units. */
static void layer_backward(struct layer *layer, const float *in, const float *out_slope,
                           float *back)
{
    float *bias = layer->slope + layer->inputs * layer->outputs;
    if (back)
        memset(back, 0, (size_t)layer->inputs * sizeof *back);
    for (int o = 0; o < layer->outputs; o++) {
        const float *w = layer->weights + o * layer->inputs;
        float *slope = layer->slope + o * layer->inputs, s = out_slope[o];
        bias[o] += s;
        for (int i = 0; i < layer->inputs; i++) {
            slope[i] += s * in[i];
            if (back)
                back[i] += s * w[i];
        }
    }
    for (int i = 0; back && i < layer->inputs; i++)
        if (in[i] < 0)
            back[i] *= LEAK;
}

/* Leaves the probabilities in net->out; returns the loss (cross entropy). */
static double forward(struct network *net, const struct example *example)
{
    memcpy(net->in, example->x, sizeof net->in);
    layer_forward(&net->layers[0], net->in, net->hidden[0], true);
    layer_forward(&net->layers[1], net->hidden[0], net->hidden[1], true);
    layer_forward(&net->layers[2], net->hidden[1], net->out, false);
    float top = net->out[0], sum = 0, own = net->out[example->label];
    for (int c = 1; c < CLASSES; c++)
        top = net->out[c] > top ? net->out[c] : top;
    for (int c = 0; c < CLASSES; c++) {
        net->out[c] = expf(net->out[c] - top);
        sum += net->out[c];
    }
    for (int c = 0; c < CLASSES; c++)
        net->out[c] /= sum;
    return (double)(logf(sum) + top - own);
}

static void backward(struct network *net, const struct example *example, float share)
{
    float out[CLASSES], back[2][HIDDEN];
    for (int c = 0; c < CLASSES; c++)
        out[c] = share * (net->out[c] - (c == example->label ? 1 : 0));
    layer_backward(&net->layers[2], net->hidden[1], out, back[1]);
    layer_backward(&net->layers[1], net->hidden[0], back[1], back[0]);
    layer_backward(&net->layers[0], net->in, back[0], NULL);
}

/* One step down the slopes, which are cleared; returns their norm. */
static double descend(struct network *net, double rate, double momentum)
{
    double squares = 0;
    for (int l = 0; l < 3; l++) {
        struct layer *layer = &net->layers[l];
        for (size_t i = 0; i < layer->count; i++) {
            squares += (double)layer->slope[i] * (double)layer->slope[i];
            layer->speed[i] = (float)momentum * layer->speed[i] - (float)rate * layer->slope[i];
            layer->weights[i] += layer->speed[i];
            layer->slope[i] = 0;
        }
    }
    return sqrt(squares);
}

/* ---- training ---- */

static void shuffle(int *order, int count, uint64_t *random)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)(next_random(random) % (uint64_t)(i + 1)), old = order[i];
        order[i] = order[j];
        order[j] = old;
    }
}

static bool train_epoch(struct task *task, const struct demo_settings *settings, int epoch,
                        int64_t *step, const struct demo_observer *observer)
{
    int steps = (TRAIN + DEMO_BATCH - 1) / DEMO_BATCH;
    double all = (double)steps * settings->epochs;
    shuffle(task->order, TRAIN, &task->random);
    for (int from = 0; from < TRAIN; from += DEMO_BATCH) {
        int count = TRAIN - from < DEMO_BATCH ? TRAIN - from : DEMO_BATCH;
        double loss = 0;
        for (int i = 0; i < count; i++) {
            const struct example *example = &task->train[task->order[from + i]];
            loss += forward(&task->net, example) / count;
            backward(&task->net, example, 1.0f / (float)count);
        }
        double done = ((double)epoch * steps + from / (double)DEMO_BATCH) / all;
        double rate = settings->learning_rate * (0.02 + 0.49 * (1 + cos(pi * done)));
        double norm = descend(&task->net, rate, settings->momentum);
        if (!observer->step(observer->context, (*step)++, loss, rate, norm))
            return false;
    }
    return true;
}

static void test(struct task *task, double *loss, double *accuracy)
{
    int right = 0;
    *loss = 0;
    for (int i = 0; i < TEST; i++) {
        *loss += forward(&task->net, &task->test[i]) / TEST;
        int best = 0;
        for (int c = 1; c < CLASSES; c++)
            best = task->net.out[c] > task->net.out[best] ? c : best;
        right += best == task->test[i].label;
    }
    *accuracy = (double)right / TEST;
}

bool demo_train(const struct demo_settings *settings, const struct demo_observer *observer)
{
    struct task *task = assay_alloc(sizeof *task);
    uint64_t data = 20; /* all runs learn the same data */
    make_examples(task->train, TRAIN, &data);
    make_examples(task->test, TEST, &data);
    for (int i = 0; i < TRAIN; i++)
        task->order[i] = i;
    task->random = settings->seed * UINT64_C(0x2545f4914f6cdd1d);
    network_make(&task->net, &task->random);
    int64_t step = 0;
    bool going = true;
    for (int epoch = 0; going && epoch < settings->epochs; epoch++) {
        double loss, accuracy;
        going = train_epoch(task, settings, epoch, &step, observer);
        if (going) {
            test(task, &loss, &accuracy);
            going = observer->epoch(observer->context, epoch, step - 1, loss, accuracy);
        }
    }
    free(task->net.memory);
    free(task);
    return going;
}
