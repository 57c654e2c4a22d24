#!/usr/bin/env python3
"""Writes small model registries with the MLflow of this Python, and what that MLflow reads back.

    make_registry.py OUT

makes OUT/mlruns (a file store with its registry below mlruns/models), OUT/registry.sql (a dump of
an SQLite store: what of it belongs to runs and models) and OUT/files.json and OUT/db.json (what
MlflowClient answers). The ones in registry-2 and registry-3 were made with

    mlflow==2.22.5 'sqlalchemy<2.1' 'setuptools<81'
    mlflow==3.17.2

Paths of the machine it ran on are replaced by /srv/experiments.
"""
import json
import os
import pathlib
import re
import shutil
import sqlite3
import sys
import tempfile

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

START = 1700000000000
NAMES = ["fraud", "no versions", "ranking é", "greeting"]
TABLES = re.compile(r'"?(alembic_version|experiments|runs|metrics|latest_metrics|params|tags|'
                    r'registered_model\w*|model_version\w*)"?\b')


def fill(client):
    experiment = client.create_experiment("fraud", "file:///srv/experiments/artifacts")
    runs = []
    for i, auc in enumerate((0.9, 0.92, 0.88)):
        run = client.create_run(experiment, start_time=START + i,
                                tags={"mlflow.user": "dev", "mlflow.runName": "run-%d" % i,
                                      "mlflow.source.git.commit": "%040x" % (i + 1)})
        client.log_param(run.info.run_id, "lr", str(0.1 / (i + 1)))
        client.log_metric(run.info.run_id, "auc", auc, START, 1)
        client.set_terminated(run.info.run_id, "FINISHED", START + 1000)
        runs.append(run.info)

    client.create_registered_model("fraud", tags={"team": "ads", "empty": ""},
                                   description="finds fraud: 'yes'\nor \"no\" # never: both")
    client.create_registered_model("no versions")
    client.create_registered_model("ranking é", description="漢字")
    for i in (0, 1, 2, 1):
        client.create_model_version("fraud", "%s/model" % runs[i].artifact_uri, runs[i].run_id,
                                    tags={"validation": "passed %d" % i})
    client.create_model_version("ranking é", "s3://elsewhere/model")
    client.update_model_version("fraud", "2", "smaller, and\nquicker")
    client.set_model_version_tag("fraud", "2", "notes/long", "x" * 300)
    client.transition_model_version_stage("fraud", "1", "Production")
    client.transition_model_version_stage("fraud", "4", "Staging")
    client.delete_model_version("fraud", "3")
    client.set_registered_model_alias("fraud", "champion", "2")
    client.set_registered_model_alias("fraud", "canary", "4")
    client.set_registered_model_alias("fraud", "latest-good", "2")
    client.register_prompt("greeting", "Good {{time}}, {{name}}")


def tags_of(thing):
    return dict(sorted(thing._tags.items()))  # the property hides the mark of prompts


def read_back(client):
    store = client._get_registry_client().store  # the client itself hides prompts
    models = []
    for name in NAMES:
        model = store.get_registered_model(name)
        aliases = {alias: str(version) for alias, version in sorted(model.aliases.items())}
        versions = []
        for number in range(9, 0, -1):
            try:
                versions.append(store.get_model_version(name, str(number)))
            except MlflowException:
                pass  # never made, or deleted
        models.append({
            "name": name, "description": model.description or "", "tags": tags_of(model),
            "created": model.creation_timestamp, "updated": model.last_updated_timestamp,
            "aliases": aliases,
            "versions": [{
                "version": str(version.version), "run": version.run_id or "",
                "source": version.source or "", "status": version.status,
                "stage": version.current_stage, "description": version.description or "",
                "user": version.user_id or "", "tags": tags_of(version),
                "created": version.creation_timestamp, "updated": version.last_updated_timestamp,
                "aliases": sorted(name for name, at in aliases.items()
                                  if at == str(version.version)),
            } for version in versions]})
    return {"models": models}


def without_paths(text, base):
    return text.replace(str(base), "/srv/experiments")


def wanted(statement):
    found = TABLES.search(statement)
    return found is not None and found.start() < 40


def main():
    out = pathlib.Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    base = pathlib.Path(tempfile.mkdtemp())
    os.chdir(base)

    client = MlflowClient("file://%s/mlruns" % base, "file://%s/mlruns" % base)
    fill(client)
    (out / "files.json").write_text(without_paths(json.dumps(read_back(client), indent=1), base))
    shutil.copytree(base / "mlruns", out / "mlruns")
    for meta in out.rglob("meta.yaml"):
        meta.write_text(without_paths(meta.read_text(), base))

    client = MlflowClient("sqlite:///%s/mlflow.db" % base, "sqlite:///%s/mlflow.db" % base)
    fill(client)
    (out / "db.json").write_text(without_paths(json.dumps(read_back(client), indent=1), base))
    with sqlite3.connect(base / "mlflow.db") as db:
        dump = [statement for statement in db.iterdump() if wanted(statement)]
    (out / "registry.sql").write_text(without_paths("\n".join(dump), base) + "\n")
    shutil.rmtree(base)


if __name__ == "__main__":
    main()
