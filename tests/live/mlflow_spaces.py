"""The part of mlflow_servers.py whose server has workspaces and a prefix of its own paths.

What lies in one workspace is another source than what lies in the next: experiments, models,
files, traces and an upload, each compared with what the real client finds there.
"""
import json
import os
import urllib.request

import mlflow
from mlflow.tracking import MlflowClient

SPACES = ("default", "red")


def post(url, data):
    request = urllib.request.Request(url, json.dumps(data).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def enter(url, space):
    """The real client, which takes the workspace from its environment."""
    os.environ["MLFLOW_WORKSPACE"] = space
    mlflow.set_workspace(space)
    mlflow.set_tracking_uri(url)
    return MlflowClient(url)


def fill(url, space):
    client = enter(url, space)
    experiment = client.create_experiment("of " + space)
    run = client.create_run(experiment, run_name="in-" + space).info.run_id
    client.log_metric(run, "loss", 0.5)
    client.log_text(run, "hello from " + space, "notes/a.txt")
    client.set_terminated(run)
    client.create_registered_model("model-" + space)
    mlflow.set_experiment("of " + space)
    for i in range(3):
        with mlflow.start_span(name="ask-%d" % i) as span:
            span.set_inputs({"q": "é %d" % i})
            span.set_outputs({"a": i})
    mlflow.flush_trace_async_logging()
    return client, experiment, run


def compare(live, assay, client, experiment, run, space):
    there = {e.name for e in client.search_experiments()}
    live.check({e["name"] for e in assay("ls")["experiments"]} == there, space, "experiments")
    live.check({r["id"] for r in assay("runs")["runs"]} == {run}, space, "runs")
    done = assay.run("artifacts", run, "notes/a.txt")
    live.check(done.stdout.decode() == "hello from " + space, space, "a file",
               done.stderr.decode()[-200:])
    live.check([m["name"] for m in assay("models")["models"]] == ["model-" + space], space,
               "models")
    theirs = {t.info.trace_id: (t.info.state.value, t.info.request_time, t.info.request_preview,
                                t.info.response_preview)
              for t in mlflow.search_traces(locations=[experiment], return_type="list")}
    mine = {t["id"]: (t["state"], t["time_ms"], t["request"], t["response"])
            for t in assay("models", "--traces")["traces"]}
    live.check(len(theirs) == 3 and mine == theirs, space, "traces", mine, theirs)


def scenario(program, base, live):
    """LIVE: the module mlflow_servers."""
    server = live.Server(base, "sqlite:///%s/mlflow.db" % base, prefix="/team/ml",
                         arguments=["--enable-workspaces"])
    config = base + "/config.ini"
    try:
        post(server.url + "/api/3.0/mlflow/workspaces", {"name": "red"})
        with open(config, "w") as file:
            for space in SPACES:
                file.write("[source %s]\nplace = %s\nworkspace = %s\n" % (space, server.url, space))
        for space in SPACES:
            client, experiment, run = fill(server.url, space)
            assay = live.Assay(program, space, ASSAY_CONFIG=config)
            compare(live, assay, client, experiment, run, space)
        done = assay.run("upload", "in-default", "--to", "red", "--yes", "--no-artifacts",
                         source="default")
        live.check(done.returncode == 0, "from one to the other", done.stderr.decode()[-300:])
        found = [r.info.run_name for e in client.search_experiments() if e.name == "of default"
                 for r in client.search_runs([e.experiment_id])]
        live.check(found == ["in-default"], "it lies in the other", found)
        done = live.Assay(program, server.url, MLFLOW_WORKSPACE="nowhere").run("ls")
        live.check(done.returncode == 3 and b"nowhere" in done.stderr, "no such workspace",
                   done.returncode, done.stderr.decode())
    finally:
        os.environ.pop("MLFLOW_WORKSPACE", None)
        mlflow.set_workspace(None)
        server.stop()
