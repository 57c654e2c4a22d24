"""compare.py ASSAY: compares random experiments with `assay compare` and with pandas.

Experiments with missing params and metrics, numbers in several spellings, NaN and ties are
logged; then what differs, the deltas, percents and directions, the groups by seed and their
means are computed from the same values with pandas and SciPy and must agree.
"""
import json
import math
import os
import random
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
from scipy import stats

ASSAY = sys.argv[1]
EXPERIMENTS = 12
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


def number(value):
    """A JSON number of the contract."""
    return float(value) if value is not None else math.nan


def near(a, b):
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def make_runs(rng):
    """Runs as {name, params, metrics}; groups share everything but the seed."""
    runs = []
    metrics = rng.sample(["val_loss", "val_acc", "bleu", "thing", "latency"], 3)
    for group in range(rng.randint(1, 3)):
        lr = rng.choice(["0.1", "1e-3", "3e-4"])
        opt = rng.choice(["sgd", "adamw"])
        for seed in range(rng.randint(1, 7)):
            params = {"group": f"g{group}", "lr": lr, "opt": opt, "seed": str(seed),
                      "width": rng.choice(["64", "64.0"])}
            if rng.random() < 0.2:
                params["extra"] = "x"
            values = {m: round(rng.gauss(group, 0.3), 3) for m in metrics}
            if rng.random() < 0.1:
                values[metrics[0]] = math.nan
            if rng.random() < 0.1:
                del values[metrics[1]]
            if rng.random() < 0.1:
                values[metrics[2]] = 0.0
            runs.append({"name": f"r{group}-{seed}", "params": params, "metrics": values})
    return runs


def log_runs(experiment, runs):
    for run in runs:
        arguments = ["log", "-e", experiment, "-n", run["name"]]
        for key, value in run["params"].items():
            arguments += ["-p", f"{key}={value}"]
        run["id"] = assay(*arguments).strip()
        values = {k: "NaN" if math.isnan(v) else v for k, v in run["metrics"].items()}
        assay("log", run["id"], "--json", "--finish", "finished",
              text=json.dumps({"step": 1, "metrics": values}) + "\n")


def as_number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return text


def check_params(runs, found):
    table = pd.DataFrame([r["params"] for r in runs]).map(as_number, na_action="ignore")
    for row in found["params"]:
        column = table[row["key"]]
        differs = column.nunique(dropna=True) > 1 or (column.isna().any() and
                                                      column.notna().any())
        check("differs", bool(differs) == row["differs"], row["key"])
        check("values", [None if pd.isna(r["params"].get(row["key"])) else
                         r["params"][row["key"]] for r in runs] == row["values"])


def check_metrics(runs, found):
    table = pd.DataFrame([r["metrics"] for r in runs])
    for row in found["metrics"]:
        column = [r["metrics"].get(row["key"]) for r in runs]
        base = column[0]
        series = table[row["key"]]
        for i, value in enumerate(column):
            got = row["values"][i]
            check("metric value", (value is None) == (got is None) and
                  (value is None or near(value, number(got))), row["key"])
            usable = value is not None and base is not None and i > 0 and not (
                math.isnan(value) or math.isnan(base))
            delta = value - base if usable else math.nan
            check("delta", near(delta, number(row["deltas"][i])), row["key"])
            percent = delta / abs(base) * 100 if usable and base != 0 else math.nan
            check("percent", near(percent, number(row["percent"][i])), row["key"])
            better = np.sign(delta) * row["direction"] if usable else 0
            check("better", better == row["better"][i], row["key"])
        has = pd.Series([v is not None for v in column])
        differs = series[has].nunique(dropna=False) > 1 or (has.any() and not has.all())
        check("metric differs", bool(differs) == row["differs"], row["key"])


def check_verdicts(runs, found):
    by_id = {r["id"]: r for r in runs}
    for verdict in found["verdicts"]:
        sides = []
        for which in ("candidate", "baseline"):
            group = found["groups"][verdict[which + "_group"]]["runs"]
            sides.append(pd.DataFrame(
                [{"seed": by_id[i]["params"]["seed"],
                  "value": by_id[i]["metrics"][verdict["metric"]]}
                 for i in group if verdict["metric"] in by_id[i]["metrics"]],
                columns=["seed", "value"]))
        has = sides
        pairs = has[0].merge(has[1], on="seed")
        if len(pairs) >= 2 and len(pairs) * 2 >= min(len(has[0]), len(has[1])):
            d = (pairs["value_x"] - pairs["value_y"]).astype(float).dropna().to_numpy()
            check("pairs", verdict["pairs"] == len(d), verdict["metric"])
            check("difference", near(np.mean(d) if len(d) else math.nan,
                                     number(verdict["difference"])))
            if len(d) >= 2:
                p = stats.permutation_test((d,), np.mean, permutation_type="samples",
                                           n_resamples=np.inf).pvalue
                check("p of pairs", near(p, number(verdict["p"])), verdict)
        else:
            a, b = (side["value"].astype(float).dropna().to_numpy() for side in has)
            if len(a) and len(b):
                check("means", near(a.mean() - b.mean(), number(verdict["difference"])))
                if len(a) > 1 and len(b) > 1:
                    p = stats.permutation_test(
                        (a, b), lambda x, y: np.mean(x) - np.mean(y),
                        permutation_type="independent", n_resamples=np.inf).pvalue
                    check("p of sides", near(p, number(verdict["p"])), verdict)


def check_groups(runs, found):
    expected = {}
    for run in runs:
        key = tuple(sorted((k, as_number(v)) for k, v in run["params"].items() if k != "seed"))
        expected.setdefault(key, []).append(run["id"])
    if len(expected) < len(runs):
        check("groups", sorted(map(tuple, expected.values())) ==
              sorted(tuple(g["runs"]) for g in found["groups"]))
    else:
        check("no groups", found["groups"] == [])


def main():
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        os.environ["ASSAY_STORE"] = os.path.join(scratch, "store.db")
        rng = random.Random(23)
        for i in range(EXPERIMENTS):
            runs = make_runs(rng)
            while len(runs) < 2:
                runs = make_runs(rng)
            log_runs(f"exp{i}", runs)
            found = json.loads(assay("compare", "--format", "json", *[r["id"] for r in runs]))
            check("runs", [r["id"] for r in found["runs"]] == [r["id"] for r in runs])
            check_params(runs, found)
            check_metrics(runs, found)
            check_groups(runs, found)
            check_verdicts(runs, found)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
