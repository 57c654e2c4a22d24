"""statistics.py ASSAY [--write]: computes the committed cases of the statistics anew.

tests/unit/data/statistics.tsv holds inputs and what SciPy, statsmodels or a plain enumeration
makes of them; test_statistics.c computes the same with the core to 1e-9. This script makes
every expectation again and compares it with the committed one. --write writes the file.
"""
import itertools
import math
import os
import sys

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "unit", "data",
                    "statistics.tsv")
MASK = (1 << 64) - 1


class SplitMix64:
    """The generator of the core, from its published description."""

    def __init__(self, seed):
        self.state = seed & MASK

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, bound):
        while True:
            product = self.next() * bound
            if product & MASK >= (1 << 64) % bound:
                return product >> 64


def bca(means, estimate, influence, level=0.95):
    """The interval from resampled means, as scipy.stats.bootstrap makes it; equal up to
    rounding is equal."""
    rounding = (means.max() - means.min()) * 1e-12
    below, equal = np.sum(means < estimate - rounding), np.sum(np.abs(means - estimate) <= rounding)
    share = (below + equal / 2) / len(means)
    bias = stats.norm.ppf(share)
    acceleration = np.sum(influence**3) / (6 * np.sum(influence**2) ** 1.5)
    ends = []
    for p in ((1 - level) / 2, (1 + level) / 2):
        z = bias + stats.norm.ppf(p)
        ends.append(np.quantile(means, stats.norm.cdf(bias + z / (1 - acceleration * z))))
    return ends


def jackknife(values, sign=1):
    """What scipy's _bca_interval calls U / n: the influence of each value on the mean."""
    n = len(values)
    means = np.array([np.mean(np.delete(values, i)) for i in range(n)])
    return sign * (means.mean() - means) / n * 1.0


def bca_one(values, resamples, seed):
    random = SplitMix64(seed)
    n = len(values)
    means = np.array([sum(values[random.below(n)] for _ in range(n)) / n
                      for _ in range(resamples)])
    return bca(means, np.mean(values), jackknife(values))


def bca_two(a, b, resamples, seed):
    random = SplitMix64(seed)
    means = []
    for _ in range(resamples):
        first = sum(a[random.below(len(a))] for _ in a) / len(a)
        means.append(first - sum(b[random.below(len(b))] for _ in b) / len(b))
    influence = np.concatenate([jackknife(a), jackknife(b, -1)])
    return bca(np.array(means), np.mean(a) - np.mean(b), influence)


def sign_flip(d):
    result = stats.permutation_test((d,), np.mean, permutation_type="samples",
                                    n_resamples=np.inf)
    return [result.pvalue, 2.0 ** (1 - len(d))]


def permutation(a, b):
    result = stats.permutation_test((a, b), lambda x, y: np.mean(x) - np.mean(y),
                                    permutation_type="independent", n_resamples=np.inf)
    return [result.statistic, result.pvalue]


def wilcoxon(d):
    """By enumeration of all signs, ties and all; checked against scipy where that is exact."""
    d = d[d != 0]
    ranks = stats.rankdata(np.abs(d))
    plus = ranks[d > 0].sum()
    sums = np.array([np.dot(s, ranks) for s in itertools.product((0, 1), repeat=len(d))])
    p = min(1.0, 2 * min(np.mean(sums <= plus + 1e-9), np.mean(sums >= plus - 1e-9)))
    if len(set(ranks)) == len(d):
        assert math.isclose(p, stats.wilcoxon(d, method="exact").pvalue, rel_tol=1e-12)
    return [plus, p]


def order(values, level=0.95):
    x = np.sort(values)
    n = len(x)
    covers = [1 - 2 * stats.binom.cdf(k - 1, n, 0.5) for k in range(1, n // 2 + 1)]
    least = level if covers[0] >= level else 0.93
    k = max(i for i, c in enumerate(covers, 1) if c >= least)
    return [x[k - 1], x[n - k], covers[k - 1], np.median(x)]


def hedges(a, b):
    freedom = len(a) + len(b) - 2
    pooled = ((len(a) - 1) * np.var(a, ddof=1) + (len(b) - 1) * np.var(b, ddof=1)) / freedom
    d = (np.mean(a) - np.mean(b)) / np.sqrt(pooled)
    j = np.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / np.sqrt(freedom / 2)
    return [d, d * j]


def cliff(a, b):
    return [np.mean(np.sign(np.subtract.outer(a, b)))]


def student(values):
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    return [low, high, stats.ttest_1samp(values, 0).pvalue]


def welch(a, b):
    test = stats.ttest_ind(a, b, equal_var=False)
    low, high = test.confidence_interval(0.95)
    return [low, high, test.pvalue]


def sample(values):
    return [np.mean(values), np.std(values, ddof=1), np.min(values), np.max(values),
            np.median(values), stats.skew(values)]


def best_of(n):
    from scipy.integrate import quad
    n = int(n[0])
    return [quad(lambda z: n * z * stats.norm.pdf(z) * stats.norm.cdf(z) ** (n - 1), -12, 12,
                 epsabs=1e-13, epsrel=1e-13, limit=500)[0]]


ORACLES = {
    "normal": lambda x: [stats.norm.cdf(x[0])],
    "normal_quantile": lambda x: [stats.norm.ppf(x[0])],
    "student_cdf": lambda x: [stats.t.cdf(x[0], x[1])],
    "student_quantile": lambda x: [stats.t.ppf(x[0], x[1])],
    "sample": sample,
    "best_of": best_of,
    "student": student,
    "welch": welch,
    "order": order,
    "sign_flip": sign_flip,
    "permutation": permutation,
    "sign": lambda d: [stats.binomtest(int(np.sum(d > 0)), int(np.sum(d != 0))).pvalue],
    "wilcoxon": wilcoxon,
    "effects": lambda a, b: hedges(a, b) + cliff(a, b),
    "paired_effect": lambda d: [np.mean(d) / np.std(d, ddof=1)],
    "holm": lambda p: list(multipletests(p, method="holm")[1]),
    "benjamini_hochberg": lambda p: list(multipletests(p, method="fdr_bh")[1]),
    "pearson": lambda x, y: list(stats.pearsonr(x, y)),
    "spearman": lambda x, y: list(stats.spearmanr(x, y)),
    "kendall": lambda x, y: list(stats.kendalltau(x, y, method="asymptotic")),
    "bca": lambda x: bca_one(x, 999, 7),
    "bca_two": lambda a, b: bca_two(a, b, 999, 7),
}


def cases():
    """Inputs by oracle; the same on every run."""
    rng = np.random.default_rng(17)
    round_to = lambda x, digits=6: np.round(x, digits)
    for z in (-37.5, -8, -1.959963984540054, -0.3, 0, 0.7, 3, 9):
        yield "normal", [[z]]
    for p in (1e-300, 1e-12, 0.001, 0.025, 0.3, 0.5, 0.84, 0.975, 0.9999):
        yield "normal_quantile", [[p]]
    for t in (-40, -2.1, -0.01, 0, 0.5, 2.776, 12.7, 1000):
        for df in (1, 2, 3.7, 10, 250, 1e6):
            yield "student_cdf", [[t, df]]
    for p in (1e-9, 0.005, 0.025, 0.4, 0.5, 0.9, 0.975, 0.9995):
        for df in (1, 2, 3.7, 5, 30, 1e4):
            yield "student_quantile", [[p, df]]
    for n in (2, 3, 5, 10, 100):
        yield "best_of", [[n]]
    for n in (3, 4, 5, 6, 7, 10, 12, 15):
        normal = round_to(rng.normal(0.3, 1, n))
        skewed = round_to(rng.lognormal(0, 1, n))
        heavy = round_to(rng.standard_t(3, n), 2)
        other = round_to(rng.normal(0, 2, n + n % 3))
        # percent points of a test set of 200: many ties
        tied = np.round(rng.normal(0, 0.01, n) * 200) / 200
        for values in (normal, skewed, heavy):
            yield "sample", [values]
            yield "student", [values]
            yield "sign_flip", [values]
            yield "wilcoxon", [values]
            yield "paired_effect", [values]
            yield "bca", [values]
            if n >= 5:
                yield "order", [values]
        if np.any(tied):
            yield "sign_flip", [tied]
            yield "sign", [tied]
            yield "wilcoxon", [tied]
        yield "sign", [normal]
        yield "welch", [normal, other]
        yield "effects", [normal, other]
        yield "effects", [tied, np.round(other, 1)]
        yield "bca_two", [skewed, other]
        if n <= 7:
            yield "permutation", [normal, other]
            yield "permutation", [tied, np.round(other, 2)]
    for n in (50, 99, 200):
        yield "order", [round_to(rng.normal(0, 1, n), 3)]
        yield "sign", [round_to(rng.normal(0.2, 1, n), 3)]
    for n in (1, 2, 5, 12):
        p = round_to(rng.uniform(0, 0.2, n))
        yield "holm", [p]
        yield "benjamini_hochberg", [p]
    yield "holm", [[0.04, 0.04, 0.01, 0.9]]
    yield "benjamini_hochberg", [[0.04, 0.04, 0.01, 0.9]]
    for n in (4, 8, 20, 60):
        x = round_to(rng.normal(0, 1, n), 4)
        y = round_to(x + rng.normal(0, 1, n), 4)
        for a, b in ((x, y), (np.round(x), np.round(y)), (x * 1e-9, y * 1e9 + 1e12)):
            for name in ("pearson", "spearman", "kendall"):
                if len(set(a)) > 1 and len(set(b)) > 1:
                    yield name, [a, b]


def text(numbers):
    return ",".join(repr(float(x)) for x in numbers)


def near(a, b):
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-300) or (math.isnan(a) and math.isnan(b))


def main():
    lines = []
    for name, arrays in cases():
        expected = ORACLES[name](*[np.array(a, dtype=float) for a in arrays])
        lines.append("\t".join([name] + [text(a) for a in arrays] + ["=", text(expected)]))
    if "--write" in sys.argv:
        os.makedirs(os.path.dirname(PATH), exist_ok=True)
        with open(PATH, "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
        return 0
    with open(PATH, encoding="utf-8") as committed:
        known = committed.read().splitlines()
    failed = abs(len(known) - len(lines))
    for made, had in zip(lines, known):
        made_in, made_out = made.split("\t=\t")
        had_in, had_out = had.split("\t=\t")
        same = made_in == had_in and all(
            near(float(a), float(b))
            for a, b in itertools.zip_longest(made_out.split(","), had_out.split(","),
                                              fillvalue="nan"))
        if not same:
            failed += 1
            print("made ", made, "\nknown", had)
    print(f"{len(lines) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
