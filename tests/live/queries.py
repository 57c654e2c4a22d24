"""Compares what Assay's filters and sort keys select with what MLflow's search_runs does.

    queries.py ASSAY-PROGRAM

Has the MLflow of this Python fill an SQLite store, then asks both the same questions, drawn at
random (always the same ones) where the two languages mean the same: comparisons of metrics, params,
tags and attributes, LIKE and ILIKE, IN, quoted names, joined by AND. Then a server is asked: what comes of a filter with nothing in the cache, of which the
server answers a part, against the same filter over the whole store, read from disk; NaN, texts of
several lines, capitals and blanks at the end among the values. Prints "N passed, N failed".
"""
import importlib.util
import os
import random
import subprocess
import sys
import tempfile

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != HERE]

import mlflow  # noqa: E402
from mlflow.entities import Metric, Param, RunTag, ViewType  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

RUNS = 60
QUESTIONS = 200
SERVER_QUESTIONS = 80
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


# ---- a server ----

ODD = ["Adam ", "ADAM", "line\nadam", "\u212aelvin", "0.10 ", "x;y -- z", "(a)", "a,b", "%", "_"]


def fill_oddly(client):
    """More runs, with what the two languages do not mean the same by."""
    experiment = client.create_experiment("odd")
    ids = []
    for i in range(RUNS):
        run = client.create_run(experiment, start_time=1000 + 10 * rng.randrange(40),
                                run_name=rng.choice(ODD)).info.run_id
        values = NUMBERS + [float("nan"), float("inf"), float("-inf")]
        client.log_batch(run, [Metric(key, rng.choice(values), 1, 1) for key in METRICS[:-1]
                               if rng.random() < 0.7],
                         [Param(key, rng.choice(ODD)) for key in PARAMS[:-1] if rng.random() < 0.7],
                         [RunTag(key, rng.choice(ODD)) for key in TAGS[:-1] if rng.random() < 0.7])
        if i % 7 == 0:
            client.delete_tag(run, "mlflow.runName")
        if rng.random() < 0.8:
            client.set_terminated(run, rng.choice(["FINISHED", "FAILED", "KILLED"]),
                                  end_time=2000 + 10 * rng.randrange(40))
        ids.append(run)
    return ids


def odd_test():
    field = rng.choice(["params.", "tags."]) + "`%s`" % rng.choice(PARAMS + TAGS)
    kind = rng.randrange(5)
    if kind == 0:
        return "%s = '%s'" % (field, rng.choice(ODD))
    if kind == 1:
        return "metrics.`%s` %s %s" % (rng.choice(METRICS), rng.choice(["!=", ">=", "<", "="]),
                                       rng.choice(["0", "-0.0", "1e300", "nan", "inf", "0.1"]))
    if kind == 2:
        return "name = '%s'" % rng.choice(ODD)
    if kind == 3:
        return "status %s %s" % (rng.choice(["=", "!="]), rng.choice(["Finished", "failed"]))
    return "%s LIKE '%%adam%%'" % field


def server_of(place, backend):
    spec = importlib.util.spec_from_file_location("servers",
                                                  os.path.join(HERE, "mlflow_servers.py"))
    servers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(servers)
    return servers.Server(place, backend)


def compare_server(program, place, backend, store):
    client = MlflowClient(backend)
    fill(client)
    ids = fill_oddly(client)
    server = server_of(place, backend)
    some = 0
    try:
        for i in range(SERVER_QUESTIONS):
            text = question(ids)
            text = rng.choice([text, odd_test(), text + " AND " + odd_test()])
            whole, error = assay(program, store, "-f", text)
            cache = dict(os.environ, ASSAY_CACHE=os.path.join(place, "cache%d.db" % i))
            asked, complaint = assay(program, server.url, "-f", text, environment=cache)
            check(sorted(whole) == sorted(asked) and not error and not complaint, "asked", backend,
                  text, len(whole), len(asked), error, complaint)
            some += 0 < len(whole) < 2 * RUNS
        check(some > SERVER_QUESTIONS / 4, "only", some, "answers that say something")
    finally:
        server.stop()


# ---- both answers ----

def assay(program, store, *arguments, environment=None):
    done = subprocess.run([program, "runs", "-S", store, "--format", "csv", "-c", "id", *arguments],
                          capture_output=True, text=True, env=environment)
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
    with tempfile.TemporaryDirectory() as place:
        store = os.path.join(place, "mlflow.db")
        compare_server(program, place, "sqlite:///" + store, store)
    if int(mlflow.__version__.split(".")[0]) < 3:  # a server that keeps files
        with tempfile.TemporaryDirectory() as place:
            store = os.path.join(place, "mlruns")
            compare_server(program, place, store, store)
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
