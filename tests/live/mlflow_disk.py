"""Compares what Assay reads from MLflow's stores on disk with what MLflow itself reads.

    mlflow_disk.py ASSAY-PROGRAM

Has the MLflow of this Python write a file store and an SQLite store with awkward values, adds to
them between and during Assay's looks, and compares every experiment, run, param, tag, latest value
and point of the program's JSON with what MlflowClient answers. Prints "N passed, N failed".
"""
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
import threading

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != HERE]
sys.path.insert(0, os.path.join(HERE, "..", "source", "data"))

import make_mlflow  # noqa: E402
import mlflow  # noqa: E402
from mlflow.entities import Metric, Param, RunTag  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

passed = failed = 0


def check(good, *what):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        if failed <= 40:
            print("FAILED", *what)


# ---- what is written besides make_mlflow.fill() ----

def awkward_values(client):
    rng = random.Random(7)
    experiment = client.create_experiment("awkward/\u00e9\u4e2d: # []")
    run = client.create_run(experiment, start_time=1).info.run_id
    doubles = [struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0] for _ in range(300)]
    doubles += [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1 / 3, 1e16, 2.0**53 + 2]
    for start in range(0, len(doubles), 100):
        client.log_batch(run, [Metric("random/doubles", value, 1000 + i, i)
                               for i, value in enumerate(doubles[start:start + 100], start)])
    for start in range(0, 20000, 1000):
        client.log_batch(run, [Metric("many", math.sin(i / 100), 10**12 + i, i)
                               for i in range(start, start + 1000)])
    for i, step in enumerate((5, 4, 3, -3, 2**40, 0)):
        client.log_metric(run, "unsorted steps", i, timestamp=5000 - i, step=step)
    for value in (1.0, math.nan, 3.0, 3.0, 2.0, -math.inf, math.inf):
        client.log_metric(run, "same step and time", value, timestamp=9, step=9)
    for value in (math.nan, -1.0):
        client.log_metric(run, "nan and less", value, timestamp=9, step=9)
    for i in range(100):
        client.log_metric(run, "deep/%d/of.many-keys_ %d" % (i % 3, i), i, timestamp=i, step=i)
    params = {"p%d" % i: "v" * i for i in range(0, 250, 7)}
    params.update({"quote": "it's \"quoted\" \\ # : {}[]",
                   "json": json.dumps({"a": [1, None, "x"]}), "unicode": "\u2603 \U0001f600 e\u0301",
                   "blank": " ", "number": "0x1F", "null": "null"})
    client.log_batch(run, params=[Param(key, value) for key, value in params.items()])
    client.log_batch(run, tags=[RunTag("t/%d" % i, chr(0x20 + i) * (i + 1)) for i in range(1, 90)])
    client.set_tag(run, "multi", "line one\r\nline two\n\n\tindented\n")
    client.set_tag(run, "long", "0123456789" * 450)
    client.set_tag(run, "escape", "red \x1b[31m \u202e bidi")
    for i in range(30):
        short = client.create_run(experiment, start_time=1000 + i).info.run_id
        client.log_metric(short, "loss", 1 / (i + 1), timestamp=i, step=i)
        client.log_param(short, "i", i)
        client.set_terminated(short, ["FINISHED", "FAILED", "KILLED"][i % 3], 2000 + i)
        if i % 10 == 0:
            client.delete_run(short)
    return run


def more(client, run, n):
    """What comes between two looks."""
    for i in range(40):
        client.log_metric(run, "many", n + i, timestamp=10**12 + 30000 * n + i, step=30000 * n + i)
    client.log_metric(run, "new at %d" % n, math.nan, timestamp=n, step=n)
    client.set_tag(run, "multi", "changed %d" % n)
    client.log_param(run, "added at %d" % n, n)
    other = client.create_run(client.get_run(run).info.experiment_id, start_time=5000 + n)
    client.log_metric(other.info.run_id, "loss", n)


# ---- comparing ----

class Assay:
    def __init__(self, program, source):
        self.program, self.source = program, source

    def __call__(self, *arguments):
        done = subprocess.run([self.program, *arguments, "-S", self.source, "--format", "json"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        if done.returncode:
            print(done.stderr.decode())
        check(done.returncode == 0, arguments, "exit status", done.returncode)
        return json.loads(done.stdout.decode()) if done.returncode == 0 else None


def ordered(points):
    return sorted(points, key=lambda p: (p[0], p[1], str(p[2])))


def same(a, b):
    return a == b and isinstance(a, str) == isinstance(b, str)


def compare_metrics(assay, where, ours, theirs):
    check(set(ours["metrics"]) == set(theirs["latest"]), where, "the metrics' names")
    series = assay("series", ours["id"]) if theirs["latest"] else {"series": []}
    points = {one["metric"]: one for one in series["series"]} if series else {}
    for key, history in theirs["history"].items():
        mine = ours["metrics"].get(key)
        got = points.get(key, {"n": 0, "points": []})
        finite = [p[2] for p in history if not isinstance(p[2], str)]
        step, time, last = theirs["latest"][key]
        check(mine and same(mine["last"], last) and mine["step"] == step and
              mine["time_ms"] == time, where, key, "last", mine, theirs["latest"][key])
        check(mine and mine["n"] == len(history) and got["n"] == len(history) and
              mine["nonfinite"] == len(history) - len(finite), where, key, "n", mine, len(history))
        check(mine and mine["min"] in ((min(finite),) if finite else (None, "NaN")) and
              mine["max"] in ((max(finite),) if finite else (None, "NaN")), where, key, "range", mine)
        one, other = ordered(got["points"]), ordered(history)
        check(len(one) == len(other), where, key, "points", len(one), len(other))
        for a, b in zip(one, other):
            check(a[0] == b[0] and a[1] == b[1] and same(a[2], b[2]), where, key, a, b)


def compare(assay, client, title):
    theirs = make_mlflow.read_back(client)
    ours = assay("runs", "--deleted")
    if not ours:
        return
    runs = {run["id"]: run for run in ours["runs"]}
    check(set(runs) == {run["id"] for run in theirs["runs"]}, title, "the runs",
          len(runs), len(theirs["runs"]))
    names = {experiment["id"]: experiment["name"] for experiment in theirs["experiments"]}
    for run in theirs["runs"]:
        mine, where = runs.get(run["id"]), "%s %s" % (title, run["name"])
        if not mine:
            continue
        for key, value in (("name", run["name"]), ("status", run["status"]), ("user", run["user"]),
                           ("start_ms", run["start"]), ("end_ms", run["end"]),
                           ("artifact_uri", run["artifact_uri"]), ("params", run["params"]),
                           ("tags", run["tags"]),
                           ("lifecycle", "deleted" if run["deleted"] else "active")):
            check(mine[key] == value, where, key, repr(mine[key])[:300], repr(value)[:300])
        check(mine["experiment"]["id"] == run["experiment"] and
              mine["experiment"]["name"] == names[run["experiment"]], where, "experiment")
        compare_metrics(assay, where, mine, run)


def compare_store(program, uri, source, title):
    client = MlflowClient(uri)
    make_mlflow.experiments_of(client)
    assay = Assay(program, source)
    compare(assay, client, title + ", empty:")
    make_mlflow.fill(client)
    run = awkward_values(client)
    compare(assay, client, title + ":")
    for n in (2, 3):
        more(client, run, n)
        compare(assay, client, "%s, look %d:" % (title, n))
    beside_a_writer(assay, client, run)
    compare(assay, client, title + ", after a writer:")
    client.delete_experiment(client.get_run(run).info.experiment_id)
    client.restore_experiment(client.get_run(run).info.experiment_id)
    client.set_terminated(run)
    compare(assay, client, title + ", ended:")


def beside_a_writer(assay, client, run):
    """Looks again and again while another thread logs: none fails, points only grow."""
    stop = threading.Event()

    def write():
        i = 0
        while not stop.is_set():
            client.log_metric(run, "live", i, timestamp=i, step=i)
            client.set_tag(run, "at", i)
            i += 1

    thread = threading.Thread(target=write)
    thread.start()
    seen = 0
    for _ in range(20):
        runs = assay("runs")
        for one in runs["runs"] if runs else []:
            if one["id"] == run and "live" in one["metrics"]:
                n = one["metrics"]["live"]["n"]
                check(n >= seen, "live points", n, seen)
                seen = n
        series = assay("series", run, "-m", "random/doubles")
        check(series and series["series"][0]["n"] == 307, "a series beside a writer")
    stop.set()
    thread.join()
    check(seen > 0, "live points were seen")


def metrics_of_datasets(program, base):
    """Lines of five fields. MLflow's file store answers step 0 for them; the file has the step."""
    try:
        Metric("m", 1.0, 2, 3, dataset_name="wine", dataset_digest="abc")
    except TypeError:
        return  # an older MLflow
    client = MlflowClient("file://%s/mlruns" % base)
    run = client.create_run("0").info.run_id
    client._tracking_client.store.log_batch(
        run, [Metric("m", float(i), 10 + i, i, dataset_name="red wine" if i == 2 else "wine",
                     dataset_digest="abc") for i in range(4)], [], [])
    got = Assay(program, "%s/mlruns" % base)("series", run)
    check(got and got["series"][0]["points"] == [[i, 10 + i, float(i)] for i in range(4)],
          "metrics of datasets", got)


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as base:
        os.chdir(base)
        os.environ.setdefault("ASSAY_CACHE", base + "/cache.db")
        os.environ.setdefault("ASSAY_STORE", base + "/store.db")
        print("MLflow", mlflow.__version__)
        compare_store(program, "file://%s/files/mlruns" % base, base + "/files", "files")
        os.makedirs(base + "/db", exist_ok=True)  # MLflow 3 makes it itself
        compare_store(program, "sqlite:///%s/db/mlflow.db" % base, base + "/db", "database")
        metrics_of_datasets(program, base + "/datasets")
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
