"""Compares what Assay shows of real MLflow servers with what the real client reads there, and
reads back with that client what Assay writes.

    mlflow_servers.py ASSAY-PROGRAM [SCENARIO...]

Starts the servers of this Python's MLflow on the loopback interface: on SQLite, and for MLflow
3 also on PostgreSQL, with basic authentication, and behind nginx with TLS, a prefix, 50 ms of
delay and injected failures, and with workspaces. Everything lies in a temporary directory and
ends with the script. Prints "N passed, N failed".
"""
import base64
import importlib.util
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["GIT_PYTHON_REFRESH"] = "quiet"
sys.dont_write_bytecode = True
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != HERE]



def beside(name):
    """The module of that name in this folder, by its place: the folder is on no path, since a
    script beside this one is called as a module of Python's own."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(HERE, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


disk = beside("mlflow_disk")
free_port = beside("ports").free_port
check = disk.check

import mlflow  # noqa: E402
from mlflow.entities import Metric, ViewType  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402
from werkzeug.security import generate_password_hash  # noqa: E402

MAJOR = int(mlflow.__version__.split(".")[0])
START = 1700000000000


# ---- servers ----

class Process:
    """A program with all it started, ended as a group."""

    def __init__(self, arguments, log, **more):
        self.log = open(log, "ab")
        self.popen = subprocess.Popen(arguments, stdout=self.log, stderr=subprocess.STDOUT,
                                      stdin=subprocess.DEVNULL, start_new_session=True, **more)

    def kill(self, how=signal.SIGKILL):
        try:
            os.killpg(self.popen.pid, how)
        except ProcessLookupError:
            pass
        try:
            self.popen.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()
        self.log.close()


class Server:
    def __init__(self, base, backend, environment=None, arguments=(), prefix=""):
        self.port = free_port()
        self.url = "http://127.0.0.1:%d%s" % (self.port, prefix)
        self.base, self.backend = base, backend
        self.arguments = list(arguments) + (["--static-prefix", prefix] if prefix else [])
        self.environment = dict(os.environ, **(environment or {}))
        self.log = os.path.join(base, "server.log")
        self.process = None
        self.start()

    def start(self):
        self.process = Process(
            [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port",
             str(self.port), "--backend-store-uri", self.backend, "--artifacts-destination",
             os.path.join(self.base, "artifacts"), "--workers", "1"] + self.arguments,
            self.log, env=self.environment, cwd=self.base)
        began = time.monotonic()
        while time.monotonic() - began < 300:  # its imports alone take a minute on a busy machine
            try:
                with urllib.request.urlopen(self.url + "/health", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
            if self.process.popen.poll() is not None:
                break
        self.process.kill()
        print(open(self.log, errors="replace").read()[-3000:])
        raise RuntimeError("the server did not start")

    def stop(self):
        self.process.kill(signal.SIGTERM)

    def points(self):
        with sqlite3.connect("file:%s/mlflow.db?mode=ro" % self.base, uri=True) as db:
            return db.execute("SELECT count(*) FROM metrics").fetchone()[0]

    def lines(self, word):
        with open(self.log, errors="replace") as log:
            return sum(word in line for line in log)


class Delay:
    """Passes bytes on to PORT, each answer MS later."""

    def __init__(self, port, ms):
        self.target, self.seconds = port, ms / 1000
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            threading.Thread(target=self.copy, args=(client, server, 0), daemon=True).start()
            threading.Thread(target=self.copy, args=(server, client, self.seconds),
                             daemon=True).start()

    @staticmethod
    def copy(source, sink, seconds):
        waited = False
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if seconds and not waited:
                    time.sleep(seconds)
                sink.sendall(data)
                waited = len(data) == 65536  # the rest of one answer
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        self.listener.close()


# ---- assay ----

class Assay:
    def __init__(self, program, source, unlucky=False, **environment):
        self.program, self.source, self.unlucky = program, source, unlucky
        # The client library leaves its own tracking URI in the environment; the cases name theirs.
        inherited = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
        self.environment = dict(inherited, **environment)

    def run(self, *arguments, source=None, timeout=180):
        sources = ["-S", source or self.source]
        return subprocess.run([self.program, *arguments, *sources], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout, env=self.environment)

    def write(self, *arguments, source=None):
        """Where requests fail at random, one that must not be repeated by itself is refused and
        said: then, and only then, the person gives the command again."""
        for _ in range(10):
            done = self.run(*arguments, source=source)
            if not (self.unlucky and done.returncode == 3 and b"answers 503" in done.stderr):
                break
        return done

    def __call__(self, *arguments, source=None, status=0):
        done = self.run(*arguments, "--format", "json", source=source)
        check(done.returncode == status, arguments, "exit status", done.returncode,
              done.stderr.decode()[-400:])
        try:
            return json.loads(done.stdout.decode())
        except ValueError:
            return None


# ---- what is there ----

def connect(uri):
    """A client; MLflow 2 looks for files where the whole process's tracking URI points."""
    mlflow.set_tracking_uri(uri)
    return MlflowClient(uri)


def fill(client):
    """As on disk, and models, prompts, files."""
    disk.make_mlflow.fill(client)
    experiment = client.create_experiment("models")
    runs = []
    for i in range(3):
        run = client.create_run(experiment, run_name="candidate-%d" % i).info.run_id
        client.log_batch(run, [Metric("auc", 0.9 + i / 100 + s / 1e4, START + s, s)
                               for s in range(200)])
        client.log_param(run, "lr", 0.1 / (i + 1))
        client.set_tag(run, "mlflow.source.git.commit", "c0ffee%d" % i)
        client.log_text(run, "flavors: {}\n# %d\n" % i, "model/MLmodel")
        client.log_text(run, "é漢字" * 1000, "model/data/a b%20c#?.txt")
        client.set_terminated(run)
        runs.append(run)
    client.create_registered_model("fraud", tags={"team": "risk é"}, description="finds\nfraud")
    for i, run in enumerate(runs):
        uri = client.get_run(run).info.artifact_uri
        client.create_model_version("fraud", uri + "/model", run, tags={"seed": str(i)},
                                    description="version %d" % i)
    client.set_registered_model_alias("fraud", "champion", "1")
    client.set_registered_model_alias("fraud", "canary", "3")
    client.transition_model_version_stage("fraud", "1", "Production")
    client.create_registered_model("empty")
    client.register_prompt("prompt", "Say {{x}}")
    return runs


def compare_models(assay, client, title):
    got = assay("models")
    prompts = assay("models", "--prompts")
    if not got or not prompts:
        return
    mine = {model["name"]: model for model in got["models"]}
    theirs = {model.name: model for model in client.search_registered_models()}
    check(set(mine) == set(theirs), title, "models", set(mine), set(theirs))
    check([p["name"] for p in prompts["models"]] == ["prompt"], title, "prompts", prompts)
    for name, model in theirs.items():
        one = mine.get(name)
        if not one:
            continue
        aliases = {alias: str(version) for alias, version in model.aliases.items()}
        for key, value in (("description", model.description or None), ("tags", model.tags),
                           ("aliases", aliases), ("created_ms", model.creation_timestamp),
                           ("updated_ms", model.last_updated_timestamp)):
            check(one[key] == value, title, name, key, one[key], value)
        versions = {v.version: v for v in client.search_model_versions("name='%s'" % name)}
        check([v["version"] for v in one["versions"]] ==
              sorted(map(str, versions), key=int, reverse=True), title, name, "versions")
        for mine_version in one["versions"]:
            v = client.get_model_version(name, mine_version["version"])
            stage = v.current_stage if v.current_stage not in (None, "None") else None
            for key, value in (("stage", stage), ("status", v.status),
                               ("description", v.description or None), ("source", v.source),
                               ("run", v.run_id or None), ("tags", v.tags),
                               ("aliases", sorted(v.aliases)),
                               ("created_ms", v.creation_timestamp),
                               ("updated_ms", v.last_updated_timestamp)):
                check(mine_version[key] == value, title, name, v.version, key,
                      mine_version[key], value)
    check(mine.get("fraud", {}).get("champion") == "1" or "champion" not in
          mine.get("fraud", {}).get("aliases", {}), title, "the champion")


def files_below(client, run, path=None):
    for one in client.list_artifacts(run, path):
        if one.is_dir:
            yield from files_below(client, run, one.path)
        else:
            yield one.path, one.file_size


def compare_files(assay, client, runs, base, title):
    for run in runs:
        theirs = dict(files_below(client, run))
        got = assay("artifacts", run)
        listed = next((value for value in (got or {}).values() if isinstance(value, list)), [])
        mine = {one["path"]: one.get("bytes", one.get("size")) for one in listed
                if not one.get("directory")}
        check(mine == theirs, title, "artifacts of", run, mine, theirs)
        for path in theirs:
            done = assay.run("artifacts", run, path)
            local = client.download_artifacts(run, path, tempfile.mkdtemp(dir=base))
            with open(local, "rb") as file:
                check(done.stdout == file.read(), title, "content of", path,
                      done.stderr.decode()[-200:])


def compare_all(assay, client, runs, base, title):
    pulled = assay("pull")
    check(pulled and pulled["pulled"][0]["failed"] == 0, title, "pull", pulled)
    disk.compare(lambda *arguments: assay(*arguments), client, title)
    compare_models(assay, client, title)
    compare_files(assay, client, runs[:2], base, title)
    again = assay("pull")
    check(again and again["pulled"][0]["fetched"] == 0, title, "the second pull", again)


# ---- writing ----

def compare_changes(assay, client, runs, title):
    run = runs[2]

    def change(*arguments, status=0):
        done = assay.write("change", *arguments)
        check(done.returncode == status, title, "change", arguments, done.returncode,
              done.stderr.decode()[-300:])

    change(run, "--tag", "a/b c=x=y é", status=1)  # shown, not written
    check("a/b c" not in client.get_run(run).data.tags, title, "a preview writes nothing")
    change(run, "--tag", "a/b c=x=y é", "--note", "first\nsecond", "--name", "renamed", "--yes")
    data = client.get_run(run)
    check(data.data.tags.get("a/b c") == "x=y é", title, "a tag", data.data.tags)
    check(data.data.tags.get("mlflow.note.content") == "first\nsecond", title, "a note")
    check((data.info.run_name, data.data.tags["mlflow.runName"]) == ("renamed", "renamed"),
          title, "a name")
    change(run, "--untag", "a/b c", "--delete", "--yes")
    data = client.get_run(run)
    check("a/b c" not in data.data.tags and data.info.lifecycle_stage == "deleted", title,
          "deleted")
    change(run, "--restore", "--yes")
    check(client.get_run(run).info.lifecycle_stage == "active", title, "restored")
    for _ in range(2):
        change(run, "--register", "made/here".replace("/", "-"), "--artifact", "model", "--yes")
    versions = client.search_model_versions("name='made-here'")
    check([(v.run_id, v.source) for v in versions] ==
          [(run, client.get_run(run).info.artifact_uri + "/model")], title, "registered once")
    change("models:/made-here/1", "--alias", "champion", "--tag", "k=v", "--description", "d é",
           "--yes")
    version = client.get_model_version_by_alias("made-here", "champion")
    check((version.version, version.tags, version.description) == ("1", {"k": "v"}, "d é"),
          title, "alias, tag, description")
    change("models:/made-here", "--tag", "m=n", "--description", "model", "--unalias",
           "champion", "--yes")
    model = client.get_registered_model("made-here")
    check((model.tags, model.description, dict(model.aliases)) == ({"m": "n"}, "model", {}),
          title, "a model's tag, description, alias")
    change("models:/made-here/7", "--tag", "k=v", "--yes", status=3)
    change("models:/made-here/1", "--alias", "v3", "--yes", status=2)


def points_of(client, run, key):
    return sorted((m.step, m.timestamp, str(m.value)) for m in
                  client.get_metric_history(run, key))


def compare_upload(assay, client, run_here, here, title):
    """RUN_HERE of the client HERE against what the server's client reads."""
    mine = here.get_run(run_here)
    found = client.search_runs(
        [e.experiment_id for e in client.search_experiments()],
        "tags.`assay.upload` LIKE '%'", run_view_type=ViewType.ALL)
    found = [r for r in found if r.info.run_name == mine.info.run_name]
    check(len(found) == 1, title, "one run", len(found))
    if not found:
        return
    theirs = found[0]
    ours = {k: v for k, v in mine.data.tags.items()}
    check({k: v for k, v in theirs.data.tags.items() if not k.startswith("assay.")} == ours,
          title, "tags", theirs.data.tags, ours)
    check(theirs.data.params == mine.data.params, title, "params")
    check((theirs.info.status, theirs.info.start_time, theirs.info.end_time) ==
          (mine.info.status, mine.info.start_time, mine.info.end_time), title, "info")
    check(set(theirs.data.metrics) == set(mine.data.metrics), title, "metrics")
    for key in mine.data.metrics:
        check(points_of(client, theirs.info.run_id, key) == points_of(here, run_here, key),
              title, "history of", key)
    inputs = [(d.dataset.name, d.dataset.digest) for d in mine.inputs.dataset_inputs]
    check([(d.dataset.name, d.dataset.digest) for d in theirs.inputs.dataset_inputs] == inputs,
          title, "inputs")
    return theirs.info.run_id


def upload_source(base):
    """A run on disk with everything a run can have, and one with many points."""
    os.makedirs(base, exist_ok=True)
    here = MlflowClient("sqlite:///%s/mlflow.db" % base)
    experiment = here.create_experiment("uploaded", "file://%s/files" % base)
    first = here.create_run(experiment, run_name="everything", start_time=START).info.run_id
    here.log_batch(first, [Metric("m/%d" % (i % 7), [1 / 3, float("nan"), 5e-324, -0.5][i % 4],
                                  START + i, i // 7) for i in range(900)])
    for i in range(250):
        here.log_param(first, "p%d" % i, "value é %d" % i)
        if i < 120:
            here.set_tag(first, "t%d" % i, "x" * i)
    from mlflow.entities import Dataset, DatasetInput, InputTag
    here._tracking_client.store.log_inputs(first, [DatasetInput(
        Dataset("wine", "abc123", "local", '{"uri": "wine.csv"}', '{"columns": []}', "{}"),
        [InputTag("mlflow.data.context", "training")])])
    here.log_text(first, "text é", "notes/a b.txt")
    here.log_text(first, "", "empty")
    here.log_text(first, "0123456789" * 300000, "large.bin")
    here.set_terminated(first, "FINISHED", START + 99)
    second = here.create_run(experiment, run_name="many", start_time=START).info.run_id
    for at in range(0, 40000, 1000):
        here.log_batch(second, [Metric("loss", i / 7, START + i, i) for i in range(at, at + 1000)])
    here.set_terminated(second, "KILLED", START + 5)
    return here, first, second


def compare_uploads(assay, server, client, base, title):
    here, first, second = upload_source(os.path.join(base, "here"))
    source = os.path.join(base, "here")

    def upload(run, status=0):
        done = assay.write("upload", run, "--to", assay.source, "--yes", "--format", "json",
                           source=source)
        check(done.returncode == status, title, "upload", done.returncode,
              done.stderr.decode()[-300:])
        return json.loads(done.stdout.decode())["uploads"][0] if status == 0 else None

    for _ in range(2):
        upload(first)
        run = compare_upload(assay, client, first, here, title + ", upload")
        files = dict(files_below(client, run)) if run else {}
        check(files == {"notes/a b.txt": 7, "empty": 0, "large.bin": 3000000} or
              files == {"notes/a b.txt": 7, "empty": None, "large.bin": 3000000},
              title, "uploaded files", files)
    if not server:
        return
    # The server dies while points are on their way, and comes again.
    before = server.points()
    popen = subprocess.Popen([assay.program, "upload", second, "--to", assay.source, "--yes",
                              "-S", source], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=assay.environment)
    for _ in range(600):
        if server.points() >= before + 8000 or popen.poll() is not None:
            break
        time.sleep(0.05)
    server.process.kill()
    _, words = popen.communicate(timeout=120)
    check(popen.returncode == 3 and b"goes on where this one ended" in words, title,
          "the server died", popen.returncode, words.decode())
    server.start()
    resumed = upload(second)
    check(resumed and resumed["resumed"] and 0 < resumed["points_there"] < 40000, title,
          "resumed", resumed)
    compare_upload(assay, client, second, here, title + ", resumed")
    again = upload(second)
    check(again and again["points_there"] == 40000, title, "again", again)


# ---- scenarios ----

def sqlite_server(program, base):
    server = Server(base, "sqlite:///%s/mlflow.db" % base)
    try:
        client = connect(server.url)
        assay = Assay(program, server.url)
        check(assay("models") == {"models": []}, "an empty server")
        runs = fill(client)
        kept = beside("mlflow_kept")
        kept.fill(client)
        compare_all(assay, client, runs, base, "sqlite")
        kept.compare(check, assay, kept.read_back(client), "sqlite")
        kept.without_the_server(sys.modules[__name__], assay, client, server, runs, "sqlite")
        kept.an_experiment_goes(check, assay, client, server, "sqlite")
        kept.between_servers(sys.modules[__name__], assay, client, server, runs[0], "sqlite")
        compare_changes(assay, client, runs, "sqlite")
        compare_uploads(assay, server, client, base, "sqlite")
        compare_models(assay, client, "sqlite, changed")
        check_prod(program, server)
        shown = assay("models")
        server.stop()
        done = assay.run("models", "--format", "json")  # what was known is still there
        check(done.returncode == 3 and kept.of_then(json.loads(done.stdout.decode())) == shown,
              "models without the server", done.returncode, done.stderr.decode())
    finally:
        server.stop()


def check_prod(program, server):
    """A server with "prod" in its name is not written to."""
    base = server.base
    with open(os.path.join(base, "config"), "w") as config:
        config.write("[source team-prod]\nplace = %s\n" % server.url)
    assay = Assay(program, "team-prod", ASSAY_CONFIG=os.path.join(base, "config"))
    before = server.lines("registered-models/set-tag")
    done = assay.run("change", "models:/fraud", "--tag", "x=y", "--yes")
    check(done.returncode == 1 and b"read_only" in done.stderr, "prod is read-only",
          done.returncode, done.stderr.decode())
    check(server.lines("registered-models/set-tag") == before, "nothing was sent to prod")


def postgres_server(program, base):
    postgres = beside("postgres").Postgres
    check(postgres.found(), "PostgreSQL is not installed")
    if not postgres.found():
        return
    database = postgres(base, free_port(), Process)
    server = None
    try:
        server = Server(base, database.uri)
        client = connect(server.url)
        assay = Assay(program, server.url)
        runs = fill(client)
        compare_all(assay, client, runs, base, "postgres")
        compare_changes(assay, client, runs, "postgres")
        compare_uploads(assay, None, client, base, "postgres")
    finally:
        if server:
            server.stop()
        database.stop()


def auth_start(base):
    with open(os.path.join(base, "auth.ini"), "w") as config:
        config.write("[mlflow]\ndefault_permission = READ\n"
                     "database_uri = sqlite:///%s/auth.db\nadmin_username = admin\n"
                     "admin_password = secret-password-1\n"
                     "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
                     % base)
    return Server(base, "sqlite:///%s/mlflow.db" % base,
                  {"MLFLOW_AUTH_CONFIG_PATH": os.path.join(base, "auth.ini"),
                   "MLFLOW_FLASK_SERVER_SECRET_KEY": "for this test"},
                  ["--app-name", "basic-auth"])


def hash_lightly(base, user, password):
    """The server's own password hash takes most of a processor second for ten requests, by intent.
    Who asks it thousands of things has the same password kept under a hash of one round."""
    with sqlite3.connect("%s/auth.db" % base, timeout=60) as db:
        changed = db.execute("UPDATE users SET password_hash = ? WHERE username = ?",
                             (generate_password_hash(password, "pbkdf2:sha256:1"), user)).rowcount
    check(changed == 1, "one account's password hashed lightly", changed)


def grant(url, user, kind, what, permission):
    names = os.environ["MLFLOW_TRACKING_USERNAME"] + ":" + os.environ["MLFLOW_TRACKING_PASSWORD"]
    request = urllib.request.Request(
        url + "/api/3.0/mlflow/users/permissions/grant", method="POST",
        data=json.dumps({"username": user, "resource_type": kind, "resource_id": what,
                         "permission": permission}).encode(),
        headers={"Content-Type": "application/json",
                 "Authorization": "Basic " + base64.b64encode(names.encode()).decode()})
    urllib.request.urlopen(request, timeout=60).read()


def doctor_says(assay, user, *words):
    """Reachable, its version, who we are and what we may do; or why not."""
    done = assay.run("doctor")
    said = done.stdout.decode()
    if user:
        words += ("MLflow " + mlflow.__version__, "signed in as %s (MLFLOW_TRACKING_USERNAME)" % user)
    for word in words:
        check(word in said, "doctor: " + word, said)
    check("password-1" not in said and "not-the-password" not in said, "doctor: no secret")


def auth_server(program, base):
    server = auth_start(base)
    names = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "secret-password-1"}
    os.environ.update(names)
    try:
        hash_lightly(base, "admin", "secret-password-1")  # the reader's stays as it was made
        client = connect(server.url)
        runs = fill(client)
        from mlflow.server import get_app_client
        get_app_client("basic-auth", tracking_uri=server.url).create_user(
            "reader", "reader-password-1")
        compare_all(Assay(program, server.url), client, runs, base, "auth")
        assay = Assay(program, server.url, MLFLOW_TRACKING_USERNAME="reader",
                      MLFLOW_TRACKING_PASSWORD="reader-password-1")
        check(len(assay("models")["models"]) == 2, "a reader reads")
        doctor_says(assay, "reader", "administrator: no",
                    "granted by name: nothing; elsewhere the server's default")
        done = assay.run("change", "models:/fraud", "--tag", "a=b", "--yes")
        check(done.returncode == 3 and b"reader-password" not in done.stderr,
              "a reader may not write", done.returncode, done.stderr.decode())
        check("a" not in client.get_registered_model("fraud").tags, "and did not")
        grant(server.url, "reader", "registered_model", "fraud", "EDIT")
        doctor_says(assay, "reader", "granted by name: EDIT on registered_model fraud;")
        done = assay.run("change", "models:/fraud", "--tag", "a=b", "--yes")
        check(done.returncode == 0 and client.get_registered_model("fraud").tags.get("a") == "b",
              "a reader may write what is granted", done.returncode, done.stderr.decode())
        doctor_says(Assay(program, server.url), "admin", "administrator: yes", "writing: yes")
        assay = Assay(program, server.url, MLFLOW_TRACKING_PASSWORD="not-the-password")
        doctor_says(assay, None, "401", "MLFLOW_TRACKING_USERNAME")
        done = assay.run("ls")
        check(done.returncode == 3 and b"not-the-password" not in done.stderr + done.stdout and
              b"MLFLOW_TRACKING_USERNAME" in done.stderr, "a wrong password",
              done.returncode, done.stderr.decode())
    finally:
        for name in names:
            os.environ.pop(name, None)
        server.stop()


def nginx_server(program, base):
    beside("mlflow_nginx").scenario(program, base, sys.modules[__name__])


def shaken_server(program, base):
    beside("mlflow_shaken").scenario(program, base, sys.modules[__name__])


def spaces_server(program, base):
    beside("mlflow_spaces").scenario(program, base, sys.modules[__name__])


def storage_server(program, base):
    beside("mlflow_storage").scenario(program, base, sys.modules[__name__])


SCENARIOS = {"sqlite": sqlite_server, "postgres": postgres_server, "auth": auth_server,
             "nginx": nginx_server, "spaces": spaces_server, "shaken": shaken_server,
             "storage": storage_server}
APART = ["shaken", "storage"]  # parts by themselves: one takes minutes, one wants more libraries


def main():
    program = os.path.abspath(sys.argv[1])
    wanted = sys.argv[2:] or (
        [name for name in SCENARIOS if name not in APART] if MAJOR >= 3 else ["sqlite"])
    print("MLflow", mlflow.__version__)
    for name in wanted:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as base:
            os.chdir(base)
            for variable, file in (("ASSAY_CACHE", "cache.db"), ("ASSAY_STORE", "store.db")):
                os.environ[variable] = os.path.join(base, file)
            os.environ["XDG_STATE_HOME"] = os.path.join(base, "state")
            os.environ["HOME"] = base
            try:
                SCENARIOS[name](program, base)
            except Exception as error:  # the other scenarios are told of all the same
                check(False, name, repr(error))
            os.chdir("/")
        print("%s: %.0f s, %d passed, %d failed so far" %
              (name, time.monotonic() - began, disk.passed, disk.failed))
    print("%d passed, %d failed" % (disk.passed, disk.failed))
    return disk.failed > 0


if __name__ == "__main__":
    sys.exit(main())
