/*
 * Giving up on a server that hangs; see mlflow_pulse.h. Called by the client on the threads
 * that wait for its answers.
 */
#include "remote/mlflow_pulse.h"

#include <assay/clock.h>

#include "remote/mlflow_private.h"

void mlflow_set_patience(struct mlflow *mlflow, int64_t ms)
{
    atomic_store(&mlflow->patience_us, ms * 1000);
}

void mlflow_pulse_heard(struct mlflow_pulse *pulse)
{
    if (pulse->probe)
        net_batch_free(&pulse->probe);
    pulse->since_us = 0;
}

bool mlflow_pulse_lost(struct mlflow_pulse *pulse)
{
    struct mlflow *mlflow = pulse->mlflow;
    int64_t patience = atomic_load(&mlflow->patience_us), now = assay_monotonic_us();
    struct net_answer *answer = NULL;

    if (!patience || !atomic_load(&mlflow->kept) || pulse->lost)
        return pulse->lost;
    if (!pulse->since_us)
        pulse->since_us = now;
    if (pulse->probe) {
        answer = net_batch_next(pulse->probe, 0);
    } else if (now - pulse->since_us >= patience / 4) {
        pulse->probe = net_batch_new(mlflow->net);
        net_batch_add(
            pulse->probe,
            &(struct net_request){.server = mlflow->server, .path = "/health", .apart = true});
    }
    pulse->lost = answer ? !answer->http : now - pulse->since_us >= patience;
    if (answer || pulse->lost)
        mlflow_pulse_heard(pulse); /* it is there, and thinks: another while */
    net_answer_free(&answer);
    return pulse->lost;
}

enum assay_status mlflow_is_mute(struct mlflow *mlflow, struct assay_error *err)
{
    atomic_store(&mlflow->mute, true);
    atomic_store(&mlflow->offline, true);
    assay_fail(err, ASSAY_IO, "%s: it takes the connection and says nothing",
               mlflow_shown(mlflow));
    assay_hint(err, "assay doctor asks it again, and longer; what was kept of it is shown");
    return ASSAY_IO;
}

struct watched {
    struct mlflow_pulse pulse;
    bool (*cancelled)(void *context);
    void *context;
};

static bool is_over(void *context)
{
    struct watched *watched = context;

    return (watched->cancelled && watched->cancelled(watched->context)) ||
           mlflow_pulse_lost(&watched->pulse);
}

struct net_answer *mlflow_perform(struct mlflow *mlflow, const struct net_request *request,
                                  bool (*cancelled)(void *context), void *context)
{
    struct watched watched = {
        .pulse = {.mlflow = mlflow}, .cancelled = cancelled, .context = context};
    struct net_answer *answer = net_perform(mlflow->net, request, is_over, &watched);

    if (watched.pulse.lost && answer->status == ASSAY_CANCELLED) {
        assay_error_clear(&answer->error);
        answer->unreachable = true;
        answer->status = mlflow_is_mute(mlflow, &answer->error);
    }
    mlflow_pulse_heard(&watched.pulse);
    return answer;
}
