"""fronts.py ASSAY: compares the Pareto fronts of `assay compare --pareto` with paretoset's.

Random experiments with two to four metrics, some better when greater and some when smaller, values
in coarse steps so that many tie or stand there twice, NaN, infinities and missing metrics. What
lacks a value is in no front and beats nothing; of equals all are on the front.
"""
import json
import math
import os
import random
import subprocess
import sys
import tempfile

import pandas as pd
from paretoset import paretoset

ASSAY = sys.argv[1]
EXPERIMENTS = 40
passed = failed = 0


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print("FAILED", what, detail)


def assay(*arguments, text=None):
    return subprocess.run([ASSAY, *arguments], input=text, capture_output=True, text=True,
                          check=True).stdout


def spelled(value):
    """A number as the JSON lines of `assay log` have it."""
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"


def make_runs(rng, metrics):
    step = rng.choice([1e-9, 0.05, 0.25, 1])
    scale = rng.choice([1e-6, 1, 1e12])
    runs = []
    for i in range(rng.randint(2, 40)):
        if runs and rng.random() < 0.1:
            values = dict(rng.choice(runs)["metrics"])
        else:
            values = {m: round(rng.gauss(0, 1) / step) * step * scale for m in metrics}
        if rng.random() < 0.08:
            values[rng.choice(metrics)] = rng.choice([math.nan, math.inf, -math.inf])
        if rng.random() < 0.08 and len(values) == len(metrics):
            del values[rng.choice(metrics)]
        runs.append({"name": f"r{i}", "metrics": values})
    return runs


def log_runs(experiment, runs):
    for run in runs:
        run["id"] = assay("log", "-e", experiment, "-n", run["name"]).strip()
        values = {m: spelled(v) for m, v in run["metrics"].items()}
        assay("log", run["id"], "--json", "--finish", "finished",
              text=json.dumps({"step": 1, "metrics": values}) + "\n")


def check_front(rng, index):
    metrics = rng.sample(["alpha", "beta", "gamma", "delta"], rng.randint(2, 4))
    senses = {m: rng.choice(["max", "min"]) for m in metrics}
    runs = make_runs(rng, metrics)
    log_runs(f"front{index}", runs)
    table = pd.DataFrame([r["metrics"] for r in runs], columns=metrics)
    whole = table.map(math.isfinite).all(axis=1)
    if not table.map(lambda v: not pd.isna(v)).any().all():
        return  # a metric that nobody has is refused, which other tests look at
    expected = pd.Series([None] * len(runs), dtype=object)
    if whole.any():
        expected[whole] = paretoset(table[whole], sense=[senses[m] for m in metrics],
                                    distinct=False)
    directions = [w for m in metrics for w in ("--direction", f"{m}={senses[m]}")]
    found = json.loads(assay("compare", "--all", "--format", "json", *directions, "--pareto",
                             ",".join(metrics), *[r["id"] for r in runs]))
    rows = [r for r in found["facts"] if r["key"].startswith("Pareto front")]
    check("a row where one is whole", len(rows) == int(whole.any()))
    for row in rows:
        said = [None if v is None else v == "yes" for v in row["values"]]
        for run, got, want in zip(runs, said, expected):
            check(f"front{index} {run['name']}", got == (None if want is None else bool(want)),
                  (run["metrics"], senses, got, want))
        check("somebody is on it", any(said))


def main():
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        os.environ["ASSAY_STORE"] = os.path.join(scratch, "store.db")
        rng = random.Random(29)
        for i in range(EXPERIMENTS):
            check_front(rng, i)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
