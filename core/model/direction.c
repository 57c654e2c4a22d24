/*
 * Which way a metric is better, guessed from its name: for "best" columns, for sorting best
 * first and for colouring differences. A guess by name can be wrong, so only names that are
 * used the same way everywhere stand here; anything else is "not known".
 */
#include <string.h>

#include <assay/catalog.h>
#include <assay/memory.h>

struct direction {
    const char *word;
    int better;
};

/* Compared with each word of the name ("val_loss" is "val" and "loss"). Smaller-is-better words
   come first: "accuracy_error" is an error. */
static const struct direction directions[] = {
    {"loss", -1},       {"losses", -1},     {"err", -1},          {"error", -1},
    {"errors", -1},     {"wer", -1},        {"cer", -1},          {"eer", -1},
    {"ter", -1},        {"mse", -1},        {"rmse", -1},         {"mae", -1},
    {"mape", -1},       {"smape", -1},      {"rmsle", -1},        {"msle", -1},
    {"nll", -1},        {"bce", -1},        {"crossentropy", -1}, {"xent", -1},
    {"logloss", -1},    {"mlogloss", -1},   {"perplexity", -1},   {"ppl", -1},
    {"bpb", -1},        {"bpc", -1},        {"bpd", -1},          {"fid", -1},
    {"kid", -1},        {"lpips", -1},      {"kl", -1},           {"kld", -1},
    {"elpd", 1},        {"latency", -1},    {"brier", -1},        {"ece", -1},
    {"regret", -1},     {"fpr", -1},        {"fnr", -1},          {"ade", -1},
    {"fde", -1},        {"acc", 1},         {"accuracy", 1},      {"auc", 1},
    {"auroc", 1},       {"auprc", 1},       {"roc", 1},           {"ap", 1},
    {"map", 1},         {"map50", 1},       {"map75", 1},         {"f1", 1},
    {"fbeta", 1},       {"fscore", 1},      {"precision", 1},     {"recall", 1},
    {"sensitivity", 1}, {"specificity", 1}, {"tpr", 1},           {"tnr", 1},
    {"iou", 1},         {"miou", 1},        {"dice", 1},          {"bleu", 1},
    {"sacrebleu", 1},   {"rouge", 1},       {"rouge1", 1},        {"rouge2", 1},
    {"rougel", 1},      {"meteor", 1},      {"chrf", 1},          {"cider", 1},
    {"spice", 1},       {"bertscore", 1},   {"psnr", 1},          {"ssim", 1},
    {"reward", 1},      {"rewards", 1},     {"return", 1},        {"returns", 1},
    {"score", 1},       {"r2", 1},          {"ndcg", 1},          {"mrr", 1},
    {"mcc", 1},         {"kappa", 1},       {"top1", 1},          {"top5", 1},
    {"winrate", 1},     {"elbo", 1},        {"likelihood", 1},    {"throughput", 1},
    {"em", 1},          {"pearson", 1},     {"spearman", 1},
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

/* Whether a capital among small letters begins a word at NAME[i], as in "valLoss"; not so in
   "mAP" and "mIoU", where a single letter stands before it or none after it. */
static bool is_hump(const char *name, size_t start, size_t i)
{
    return i > start + 1 && name[i] != lower(name[i]) && is_letter(name[i - 1]) &&
           name[i - 1] == lower(name[i - 1]) && is_letter(name[i + 1]);
}

/* The next word of NAME from *at on, in lower case. An empty word ends the name. */
static void next_word(const char *name, size_t *at, char out[16])
{
    size_t i = *at, length = 0;
    while (name[i] && !is_word(lower(name[i])))
        i++;
    for (size_t start = i; is_word(lower(name[i])) && !is_hump(name, start, i); i++)
        if (length < 15)
            out[length++] = lower(name[i]);
    out[length] = '\0';
    *at = i;
}

static int word_direction(const char *word)
{
    for (size_t i = 0; i < ASSAY_COUNT(directions); i++)
        if (word[0] == directions[i].word[0] && strcmp(word, directions[i].word) == 0)
            return directions[i].better;
    return 0;
}

int assay_metric_direction(const char *metric)
{
    char word[16];
    int better = 0;
    size_t at = 0;
    for (next_word(metric, &at, word); word[0]; next_word(metric, &at, word)) {
        int found = word_direction(word);
        if (found < 0)
            return -1;
        better = found ? found : better;
    }
    return better;
}
