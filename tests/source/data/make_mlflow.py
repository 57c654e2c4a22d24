#!/usr/bin/env python3
"""Writes small stores with the MLflow of this Python, and what that MLflow reads back from them.

    make_mlflow.py OUT

makes OUT/mlruns (a file store), OUT/mlflow.sql (a dump of an SQLite store: much smaller than the
file, and readable) and OUT/files.json and OUT/db.json (what MlflowClient answers). The ones in
mlflow-1, mlflow-2 and mlflow-3 were made with

    mlflow-skinny==1.30.1 'sqlalchemy<2' 'alembic<1.13' 'setuptools<81' 'protobuf<5'
    mlflow-skinny==2.9.2 sqlalchemy alembic 'setuptools<81' 'protobuf<5' 'numpy<2'
    mlflow-skinny==3.17.2 sqlalchemy alembic

Paths of the machine it ran on are replaced by /srv/experiments.
"""
import json
import math
import os
import pathlib
import shutil
import sqlite3
import sys
import tempfile

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

from mlflow.entities import Metric, Param, RunTag, ViewType  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

try:
    from mlflow.entities import Dataset, DatasetInput, InputTag
except ImportError:  # before 2.4
    DatasetInput = None

AWKWARD = {
    "nested/train/loss": [(0, 2.5), (1, 1.25), (2, 0.1)],
    "nan_at_end": [(0, 1.0), (1, math.nan)],
    "inf": [(0, math.inf), (1, -math.inf), (2, 7.0)],
    "tie/step": [(5, 3.0), (5, 9.0), (5, 4.0)],
    "steps_back": [(0, 1.0), (10, 2.0), (3, 5.0)],
    "negative step": [(-5, 1.0), (-1, 0.5)],
    "tiny": [(0, 5e-324), (1, 1e-300), (2, -0.0)],
    "third": [(0, 1 / 3), (1, 2 / 3), (2, 1e22), (3, 123456789012345680.0)],
    "all_nan": [(0, math.nan), (1, math.nan)],
    # A third number is the time: what is last of equal steps and times depends on the value.
    "tie/greater": [(5, 3.0, 7), (5, 9.0, 7), (5, 4.0, 7)],
    "tie/nan first": [(5, math.nan, 7), (5, 1.0, 7), (5, -1.0, 7)],
    "tie/nan after greater": [(5, 1.0, 7), (5, math.nan, 7)],
    "tie/nan after less": [(5, -1.0, 7), (5, math.nan, 7)],
}
START = 1700000000000


def fill(client):
    """Logs the same into whatever store the client writes to."""
    def artifact_location(name):
        return "file:///srv/experiments/artifacts/" + name

    sweep = client.create_experiment("vit: sweep é 漢字", artifact_location("sweep"))
    gone = client.create_experiment("given up", artifact_location("gone"))
    client.set_experiment_tag(sweep, "team", "ads")

    def run(experiment, name, status, offset):
        tags = {"mlflow.user": "ann"}
        if name:
            tags["mlflow.runName"] = name
        made = client.create_run(experiment, start_time=START + offset, tags=tags)
        if status:
            client.set_terminated(made.info.run_id, status, START + offset + 60000)
        return made.info.run_id

    first = run(sweep, "first 'quoted': #1", None, 0)
    metrics = [Metric(key, point[1], START + 1000 * (point[2] if len(point) > 2 else i), point[0])
               for key, points in AWKWARD.items() for i, point in enumerate(points)]
    for metric in metrics:  # one by one: a batch of equal keys is sorted by some versions
        client.log_metric(first, metric.key, metric.value, metric.timestamp, metric.step)
    client.log_batch(first, [Metric("curve", 1 / (i + 1), START + i, i) for i in range(200)],
                     [Param("lr", "0.001"), Param("optimizer/name", "adam"),
                      Param("long", "x" * 240), Param("empty", "")],
                     [RunTag("mlflow.note.content", "A note.\n\nWith *lines*,\tand a tab."),
                      RunTag("unicode", "naïve ☃ 漢字"), RunTag("spaced key", " padded ")])
    store = client._tracking_client.store
    if DatasetInput:
        wine = Dataset("wine", "abc123", "local", '{"uri": "data/wine.csv"}', '{"columns": []}',
                       '{"rows": 178}')
        store.log_inputs(first, [DatasetInput(
            dataset=wine, tags=[InputTag("mlflow.data.context", "training")])])
    client.set_terminated(first, "FINISHED", START + 99999)
    if hasattr(client, "create_logged_model"):
        from mlflow.entities import LoggedModelInput, LoggedModelOutput
        model = client.create_logged_model(sweep, "vit-base", first)
        client.log_outputs(first, [LoggedModelOutput(model.model_id, 7)])
        second_model = client.create_logged_model(sweep, "teacher", first)
        store.log_inputs(first, models=[LoggedModelInput(second_model.model_id)])

    failed = run(sweep, "failed", None, 1)
    client.log_metric(failed, "curve", 0.5, START, 0)
    client.set_terminated(failed, "FAILED", START + 5)
    run(sweep, "killed", "KILLED", 2)
    run("0", "", None, 3)  # running, without a name
    removed = run(sweep, "removed", "FINISHED", 4)
    client.log_metric(removed, "curve", 0.25, START, 3)
    client.delete_run(removed)
    inside = run(gone, "in a deleted experiment", "FINISHED", 5)
    client.log_metric(inside, "curve", 0.125, START, 1)
    client.delete_experiment(gone)


def number(value):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def experiments_of(client):
    if hasattr(client, "search_experiments"):
        return client.search_experiments(view_type=ViewType.ALL)
    return client.list_experiments(view_type=ViewType.ALL)


def read_back(client):
    """Everything, as the library answers."""
    result = {"experiments": [], "runs": []}
    for experiment in experiments_of(client):
        result["experiments"].append({
            "id": experiment.experiment_id, "name": experiment.name,
            "deleted": experiment.lifecycle_stage == "deleted"})
        for run in client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL):
            info, data = run.info, run.data
            latest = {}
            for metric in data._metric_objs:
                latest[metric.key] = [metric.step, metric.timestamp, number(metric.value)]
            history = {key: [[m.step, m.timestamp, number(m.value)]
                             for m in client.get_metric_history(info.run_id, key)]
                       for key in latest}
            result["runs"].append({
                "id": info.run_id, "experiment": experiment.experiment_id,
                "name": getattr(info, "run_name", None) or data.tags.get("mlflow.runName", ""),
                "user": info.user_id or data.tags.get("mlflow.user", ""),
                "status": info.status, "start": info.start_time, "end": info.end_time,
                "deleted": info.lifecycle_stage == "deleted", "artifact_uri": info.artifact_uri,
                "params": data.params, "tags": data.tags, "latest": latest, "history": history})
    return result


def without_paths(text, base):
    return text.replace(str(base), "/srv/experiments")


def main():
    out = pathlib.Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    base = pathlib.Path(tempfile.mkdtemp())
    os.chdir(base)

    client = MlflowClient("file://%s/mlruns" % base)
    experiments_of(client)  # makes the store
    fill(client)
    read = read_back(client)
    (out / "files.json").write_text(without_paths(json.dumps(read, indent=1), base))
    shutil.copytree(base / "mlruns", out / "mlruns")
    for meta in out.rglob("meta.yaml"):
        meta.write_text(without_paths(meta.read_text(), base))

    client = MlflowClient("sqlite:///%s/mlflow.db" % base)
    experiments_of(client)
    fill(client)
    read = read_back(client)
    (out / "db.json").write_text(without_paths(json.dumps(read, indent=1), base))
    with sqlite3.connect(base / "mlflow.db") as db:
        dump = "\n".join(db.iterdump())
    (out / "mlflow.sql").write_text(without_paths(dump, base) + "\n")
    shutil.rmtree(base)


if __name__ == "__main__":
    main()
