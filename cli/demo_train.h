/*
 * What `assay demo` trains: a multi-layer perceptron that tells three interleaved spirals
 * apart. Small, but a real optimisation: the curves it logs have noise, plateaus, over-fitting
 * and, with too high a learning rate, a divergence to NaN.
 */
#ifndef CLI_DEMO_TRAIN_H
#define CLI_DEMO_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#define DEMO_HIDDEN 24
#define DEMO_BATCH  32

struct demo_settings {
    double learning_rate; /* at the start; it falls along half a cosine */
    double momentum;
    uint64_t seed;
    int epochs;
};

/* Told of every step and of every epoch; false from either stops the training. */
struct demo_observer {
    void *context;
    bool (*step)(void *context, int64_t step, double loss, double learning_rate,
                 double gradient_norm);
    bool (*epoch)(void *context, int epoch, int64_t step, double loss, double accuracy);
};

/* Trains. False where an observer stopped it. */
bool demo_train(const struct demo_settings *settings, const struct demo_observer *observer);

#endif
