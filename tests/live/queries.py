"""Compares what Assay's filters and sort keys select with what MLflow's search_runs does.

    queries.py ASSAY-PROGRAM

Has the MLflow of this Python fill an SQLite store, then asks both the same questions, drawn at
random (always the same ones) where the two languages mean the same: comparisons of metrics, params,
tags and attributes, LIKE and ILIKE, IN, quoted names, joined by AND. Prints "N passed, N failed".
"""
import os
import random
import subprocess
import sys
import tempfile

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != HERE]

from mlflow.entities import Metric, Param, RunTag, ViewType  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

RUNS = 60
QUESTIONS = 200
METRICS = ["loss", "val/loss", "acc", "a b", "never"]
PARAMS = ["lr", "model", "optim.name", "a b", "never"]
TAGS = ["team", "note", "x-y", "a b", "never"]
WORDS = ["adam", "Adam", "sgd", "SGD momentum", "0.1", "0.10", "1e-1", "vit-base", "vit_base",
         "50%", "it's", "", "a", "aa", "\u00e9t\u00e9", "x y"]
NUMBERS = [-1.5, -1.0, 0.0, 0.1, 0.25, 0.5, 1.0, 1e-9, 3e8]
rng = random.Random(2026)
passed = failed = 0


def check(good, *what):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        if failed <= 20:
            print("FAILED", *what)


def fill(client):
    experiment = client.create_experiment("questions")
    for i in range(RUNS):
        run = client.create_run(experiment, start_time=1000 + 10 * rng.randrange(40),
                                run_name=rng.choice(WORDS) or None).info.run_id
        metrics = [Metric(key, rng.choice(NUMBERS), 1, 1) for key in METRICS[:-1] if rng.random() < 0.7]
        params = [Param(key, rng.choice(WORDS)) for key in PARAMS[:-1] if rng.random() < 0.7]
        tags = [RunTag(key, rng.choice(WORDS)) for key in TAGS[:-1] if rng.random() < 0.7]
        client.log_batch(run, metrics, [p for p in params if p.value], [t for t in tags if t.value])
        if rng.random() < 0.8:
            client.set_terminated(run, rng.choice(["FINISHED", "FAILED", "KILLED"]),
                                  end_time=2000 + 10 * rng.randrange(40))
    return experiment


# ---- questions ----

def quoted_key(kind, key):
    if not key.replace(".", "").isalnum():
        return kind + "." + rng.choice(["`%s`", '"%s"']) % key
    return kind + "." + key


def quoted(text):
    return '"%s"' % text if "'" in text else "'%s'" % text


def pattern():
    word = rng.choice([word for word in WORDS if word.isascii()])
    cut = rng.randrange(len(word) + 1)
    return quoted(rng.choice([word, "%" + word[cut:] + "%", word[:cut] + "%", "%" + word[cut:],
                              word[:cut] + "_" + word[cut + 1:]]))


def of_text(field):
    if rng.random() < 0.5:
        return "%s %s %s" % (field, rng.choice(["=", "!="]), quoted(rng.choice(WORDS[:-5] + ["it's"])))
    return "%s %s %s" % (field, rng.choice(["LIKE", "ILIKE", "like"]), pattern())


def test():
    kind = rng.randrange(6)
    compare = rng.choice(["=", "!=", "<", "<=", ">", ">="])
    if kind == 0:
        return "%s %s %r" % (quoted_key(rng.choice(["metrics", "metric"]), rng.choice(METRICS)),
                             compare, rng.choice(NUMBERS))
    if kind == 1:
        return of_text(quoted_key(rng.choice(["params", "parameters"]), rng.choice(PARAMS)))
    if kind == 2:
        return of_text(quoted_key(rng.choice(["tags", "tag"]), rng.choice(TAGS)))
    if kind == 3:
        return "%s %s %d" % (rng.choice(["attributes.start_time", "start_time", "attribute.end_time"]),
                             compare, rng.choice([1000, 1200, 2000, 2200]) + 10 * rng.randrange(20))
    if kind == 4:
        return "%s %s '%s'" % (rng.choice(["attributes.status", "status"]), rng.choice(["=", "!="]),
                               rng.choice(["FINISHED", "FAILED", "KILLED", "RUNNING"]))
    return of_text(rng.choice(["attributes.run_name", "run_name"]))


def question(ids):
    tests = [test() for _ in range(rng.choice([1, 1, 1, 2, 2, 3]))]
    if rng.random() < 0.1:
        some = rng.sample(ids, 7)
        tests.append("attributes.run_id %s (%s)" % (rng.choice(["IN", "NOT IN"]),
                                                    ", ".join("'%s'" % one for one in some)))
    return rng.choice([" AND ", " and "]).join(tests)


# ---- both answers ----

def assay(program, store, *arguments):
    done = subprocess.run([program, "runs", "-S", store, "--format", "csv", "-c", "id", *arguments],
                          capture_output=True, text=True)
    return done.stdout.split()[1:], (done.stderr if done.returncode else "")


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as place:
        store = os.path.join(place, "mlflow.db")
        client = MlflowClient("sqlite:///" + store)
        experiment = fill(client)

        def search(text="", order=()):
            return [run.info.run_id for run in client.search_runs(
                [experiment], text, ViewType.ACTIVE_ONLY, 1000, order_by=list(order))]

        ids = search()
        check(len(ids) == RUNS, "the store has", len(ids), "runs")
        answers = set()
        for _ in range(QUESTIONS):
            text = question(ids)
            theirs = sorted(search(text))
            ours, error = assay(program, store, "-f", text)
            check(theirs == sorted(ours) and not error, text, len(theirs), len(ours), error)
            answers.add(tuple(theirs))
        check(len(answers) > QUESTIONS / 4, "only", len(answers), "different answers")
        # Of equal values the order is each program's own: the values in their order are compared.
        for key, direction in ((key, direction) for key in ("loss", "acc", "val/loss")
                               for direction in ("ASC", "DESC")):
            values = {run.info.run_id: run.data.metrics.get(key)
                      for run in client.search_runs([experiment], max_results=1000)}
            theirs = search(order=["metrics.`%s` %s" % (key, direction)])
            ours, error = assay(program, store, "-s", "metrics.`%s` %s" % (key, direction))
            check([values[one] for one in theirs] == [values[one] for one in ours] and not error,
                  "order by", key, direction, error)
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
