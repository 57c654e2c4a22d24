"""The part of mlflow_servers.py about what a server has besides runs and points: traces, the
models that runs logged, and an experiment that goes; and about what of a server is there when it
is not: what Assay shows then is compared with what the real client read before.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

import mlflow

MAJOR = int(mlflow.__version__.split(".")[0])
EXPERIMENT = "talks é"


def trace(client, experiment, i, run=None):
    """As the client's own tracer sends it; that of MLflow 2 breaks on newer OpenTelemetry, the
    calls below it do not."""
    if MAJOR >= 3:
        try:
            with mlflow.start_span("ask é %d" % i) as span:
                span.set_inputs({"why": "é\n%d" % i})
                span.set_outputs([i, None, "x" * 3000])
                if i % 3 == 1:
                    raise ValueError("no")
        except ValueError:
            pass
        return
    at = int(time.time() * 1000) - 1000 * i
    metadata = {"mlflow.traceInputs": '{"why": "é\\n%d"}' % i, "mlflow.traceOutputs": "[%d]" % i}
    if run:
        metadata["mlflow.sourceRun"] = run
    tracing = client._tracking_client
    info = tracing.start_trace(experiment, at, metadata, {"mlflow.traceName": "ask é %d" % i})
    if i % 3 != 2:
        status = mlflow.entities.trace_status.TraceStatus.ERROR if i % 3 else \
            mlflow.entities.trace_status.TraceStatus.OK
        tracing.end_trace(info.request_id, at + 1500 + i, status, {}, {})


def fill(client):
    experiment = client.create_experiment(EXPERIMENT)
    mlflow.set_experiment(experiment_id=experiment)
    for i in range(7):
        trace(client, experiment, i)
    with mlflow.start_run(run_name="talking") as run:
        trace(client, experiment, 7, run.info.run_id)
        if MAJOR >= 3:
            for i in range(3):
                model = mlflow.initialize_logged_model(
                    name="talker%d" % i, params={"p": str(i)}, tags={"t é": "\"%d\"" % i},
                    model_type="agent")
                mlflow.log_metrics({"auc": 0.9 + i / 100, "val/loss": float("nan")}, step=i,
                                   model_id=model.model_id)
                if i:
                    mlflow.finalize_logged_model(model.model_id, "READY" if i == 1 else "FAILED")
    if MAJOR >= 3:
        mlflow.flush_trace_async_logging()


def their_traces(client):
    found, token = {}, None
    experiments = [one.experiment_id for one in client.search_experiments()]
    while True:
        if MAJOR >= 3:
            page = client.search_traces(locations=experiments, page_token=token,
                                        include_spans=False)
            infos, token = [one.info for one in page], page.token
        else:
            infos, token = client._tracking_client.store.search_traces(
                experiments, page_token=token)
        for info in infos:
            metadata = info.request_metadata
            newer = MAJOR >= 3
            state = info.state.value if newer else info.status.value
            seconds = info.execution_duration if newer else info.execution_time_ms
            found[info.trace_id if newer else info.request_id] = {
                "name": info.tags.get("mlflow.traceName"),
                "experiment": str(info.experiment_id),
                "run": metadata.get("mlflow.sourceRun"),
                "state": state,
                "time_ms": info.request_time if newer else info.timestamp_ms,
                "seconds": None if state == "IN_PROGRESS" else seconds / 1000,
                "request": (info.request_preview if newer else
                            metadata.get("mlflow.traceInputs")) or None,
                "response": (info.response_preview if newer else
                             metadata.get("mlflow.traceOutputs")) or None}
        if not token:
            return found


def their_models(client):
    experiments = [one.experiment_id for one in client.search_experiments()]
    found, token = {}, None
    while True:
        page = client.search_logged_models(experiments, page_token=token)
        for one in page:
            found[one.model_id] = {
                "name": one.name, "experiment": one.experiment_id, "run": one.source_run_id,
                "type": one.model_type or None, "tags": one.tags,
                "status": {"FAILED": "UPLOAD_FAILED"}.get(one.status.name, one.status.name),
                "params": one.params, "artifact_uri": one.artifact_location,
                "metrics": sorted((metric.key, repr(metric.value), metric.step, metric.timestamp)
                                  for metric in one.metrics or []),
                "created_ms": one.creation_timestamp, "updated_ms": one.last_updated_timestamp}
        token = page.token
        if not token:
            return found


def compare_lists(check, got, theirs, key, title):
    mine = {one["id"]: one for one in (got or {key: []})[key]}
    check(set(mine) == set(theirs) and theirs, title, key, set(mine) ^ set(theirs))
    for name, values in theirs.items():
        for field, value in values.items():
            shown = mine.get(name, {}).get(field)
            if field == "metrics":
                shown = sorted((one["key"], repr(float(one["value"])), one["step"],
                                one["time_ms"]) for one in shown or [])
            check(shown == value, title, key, name, field, repr(shown)[:200], repr(value)[:200])
    times = [one["time_ms" if key == "traces" else "created_ms"] for one in mine.values()]
    check(times == sorted(times, reverse=True), title, key, "the newest first")


def read_back(client):
    return their_traces(client), their_models(client) if MAJOR >= 3 else {}


def compare(check, assay, theirs, title, status=0):
    compare_lists(check, assay("models", "--traces", status=status), theirs[0], "traces", title)
    if MAJOR >= 3:
        compare_lists(check, assay("models", "--logged", status=status), theirs[1],
                      "logged_models", title)


def an_experiment_goes(check, assay, client, server, title):
    """Deleted for good, as an administrator does it: with the server's own program."""
    experiment = client.create_experiment("passing")
    run = client.create_run(experiment, run_name="passing by").info.run_id
    client.set_terminated(run)
    names = [one["name"] for one in assay("ls")["experiments"]]
    check("passing" in names, title, "an experiment", names)
    client.delete_experiment(experiment)
    names = {one["name"]: one for one in assay("ls", "--deleted")["experiments"]}
    check(names.get("passing", {}).get("lifecycle") == "deleted", title, "deleted", names.keys())
    environment = dict(os.environ, MLFLOW_TRACKING_URI=server.url)
    done = subprocess.run([sys.executable, "-m", "mlflow", "gc", "--backend-store-uri",
                           server.backend, "--experiment-ids", experiment],
                          env=environment, capture_output=True, check=False)
    check(done.returncode == 0, title, "mlflow gc", done.stderr[-300:])
    names = {one["name"] for one in assay("ls", "--deleted")["experiments"]}
    check("passing" not in names and EXPERIMENT in names, title, "gone for good", names)
    runs = {one["id"] for one in assay("runs", "--deleted")["runs"]}
    check(run not in runs, title, "its run")


def of_then(answer):
    """An answer without a server, as it was with one: no source has the time of its last reading."""
    if isinstance(answer, dict):
        if "kind" in answer and "where" in answer:
            assert isinstance(answer.pop("as_of_ms"), int)
        return {key: of_then(value) for key, value in answer.items()}
    return [of_then(one) for one in answer] if isinstance(answer, list) else answer


def without_the_server(context, assay, client, server, runs, title):
    """Everything is pulled into a cache of its own, and then there is no server."""
    check, base = context.check, server.base
    alone = context.Assay(assay.program, server.url,
                          ASSAY_CACHE=os.path.join(base, "alone.db"))
    pulled = alone("pull")
    assay("pull")
    one = pulled["pulled"][0] if pulled else {}
    theirs = read_back(client)
    check(one.get("failed") == 0 and one.get("lists_failed") == 0, title, "pull", one)
    check(one.get("traces") == len(theirs[0]) and one.get("logged_models") == len(theirs[1]),
          title, "what was pulled", one)
    check(one.get("artifact_lists") == len(alone("runs", "--deleted")["runs"]), title, "lists", one)
    questions = [("ls",), ("runs", "--deleted"), ("models",), ("models", "--prompts"),
                 ("models", "fraud")]
    questions += [(word, run) for run in runs for word in ("artifacts", "show", "series")]
    before = [assay(*question) for question in questions]
    server.stop()
    compare(check, alone, theirs, title + ", offline", status=3)
    for question, answer in zip(questions, before):
        done = alone.run(*question, "--format", "json")
        check(done.returncode == 3 and of_then(json.loads(done.stdout.decode())) == answer, title,
              "offline", question, done.returncode, done.stderr.decode()[-300:])
        check(b"ago" in done.stderr, title, "its age", question, done.stderr.decode()[-300:])
    server.start()


def between_servers(context, assay, client, server, run, title):
    """A run with its files, from one server to another, and nothing of it on this machine's disk;
    the other is asked by the real client."""
    check, base = context.check, os.path.join(server.base, "other")
    os.makedirs(base, exist_ok=True)
    other = context.Server(base, "sqlite:///%s/mlflow.db" % base)
    try:
        for _ in range(2):
            done = assay.run("upload", run, "--to", other.url, "--yes", "--format", "json")
            check(done.returncode == 0, title, "upload", done.returncode, done.stderr[-400:])
        there = context.connect(other.url)
        copies = there.search_runs([one.experiment_id for one in there.search_experiments()])
        check(len(copies) == 1, title, "one run", len(copies))
        theirs = dict(context.files_below(there, copies[0].info.run_id)) if copies else {}
        check(theirs and theirs == dict(context.files_below(client, run)), title, "files", theirs)
        for path in theirs:
            contents = []
            for one, of in ((client, run), (there, copies[0].info.run_id)):
                mlflow.set_tracking_uri(server.url if one is client else other.url)
                with open(one.download_artifacts(of, path, tempfile.mkdtemp(dir=base)),
                          "rb") as file:
                    contents.append(file.read())
            check(contents[0] == contents[1], title, "content of", path)
    finally:
        other.stop()
        mlflow.set_tracking_uri(server.url)
