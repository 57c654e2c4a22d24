"""The part of mlflow_servers.py in which something happens at the worst moment: another client
changes what Assay is about to change, Assay is killed in the middle of an upload, or the server
is. A proxy before the server makes it happen at a request that is named, so no clock decides.
"""
import http.client
import http.server
import os
import signal
import subprocess
import threading


class Meddler(http.server.ThreadingHTTPServer):
    """Passes requests on to PORT. At the COUNTth request of METHOD whose path has WORD in it,
    calls DO, before that request is passed on or (AFTER) before its answer is."""
    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), MeddlerHandler)
        self.to = port
        self.url = "http://127.0.0.1:%d" % self.server_port
        self.lock = threading.Lock()
        self.rest()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def rest(self):
        self.wanted, self.left, self.done = None, 0, False

    def arm(self, method, word, count, after, do):
        with self.lock:
            self.wanted, self.left, self.after, self.do = (method, word), count, after, do
            self.done = False

    def is_it(self, method, path):
        with self.lock:
            if not self.wanted or method != self.wanted[0] or self.wanted[1] not in path:
                return False
            self.left -= 1
            return self.left == 0

    def happen(self):
        self.done = True  # before: who is killed by it may be waited for at once
        self.do()


class MeddlerHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        now = server.is_it(self.command, self.path)
        if now and not server.after:
            server.happen()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", server.to, timeout=120)
            connection.request(self.command, self.path, body or None,
                               {name: self.headers[name] for name in ("Content-Type",)
                                if name in self.headers})
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            if now and server.after:
                server.happen()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # one of the two is gone

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

    def log_message(self, *arguments):
        pass


# ---- somebody else changes it ----

def check_conflicts(live, program, base, server, client, runs):
    """What Assay was told when it looked is no more so when it would write."""
    meddler = Meddler(server.port)
    assay = live.Assay(program, meddler.url, ASSAY_CACHE=base + "/shaken.db")
    run = runs[1]
    client.set_tag(run, "contested", "before")
    client.set_tag(run, "mlflow.note.content", "before")
    client.create_registered_model("contested", description="before")
    client.create_model_version("contested", client.get_run(run).info.artifact_uri + "/model", run)
    client.set_registered_model_tag("contested", "k", "before")
    client.set_registered_model_alias("contested", "a", "1")
    client.create_model_version("contested", client.get_run(run).info.artifact_uri + "/model", run)
    model = "models:/contested"
    cases = (
        (run, ("--tag", "contested=ours"), "/runs/get",
         lambda value: client.set_tag(run, "contested", value),
         lambda: client.get_run(run).data.tags["contested"]),
        (run, ("--untag", "contested"), "/runs/get",
         lambda value: client.set_tag(run, "contested", value + "!"),
         lambda: client.get_run(run).data.tags.get("contested", "")[:-1]),
        (run, ("--note", "ours"), "/runs/get",
         lambda value: client.set_tag(run, "mlflow.note.content", value),
         lambda: client.get_run(run).data.tags["mlflow.note.content"]),
        (run, ("--name", "ours"), "/runs/get",
         lambda value: client.update_run(run, name=value),
         lambda: client.get_run(run).info.run_name),
        (model, ("--tag", "k=ours"), "/registered-models/get",
         lambda value: client.set_registered_model_tag("contested", "k", value),
         lambda: client.get_registered_model("contested").tags["k"]),
        (model, ("--description", "ours"), "/registered-models/get",
         lambda value: client.update_registered_model("contested", value),
         lambda: client.get_registered_model("contested").description),
    )
    for where, arguments, word, theirs, now in cases:
        meddler.arm("GET", word, 2, False, lambda: theirs("of somebody else"))
        done = assay.run("change", where, *arguments, "--yes")
        live.check(meddler.done, "somebody changed", arguments)
        live.check(done.returncode == 1 and b"of somebody else" in done.stderr + done.stdout,
                   "a conflict is told", arguments, done.returncode, done.stderr.decode())
        live.check(now() == "of somebody else", "and nothing overwritten", arguments, now())
    meddler.arm("GET", "/registered-models/get", 2, False,
                lambda: client.set_registered_model_alias("contested", "a", "2"))
    done = assay.run("change", model, "--unalias", "a", "--yes")
    live.check(done.returncode == 1 and meddler.done and
               str(client.get_registered_model("contested").aliases.get("a")) == "2",
               "an alias that moved stays", done.returncode, done.stderr.decode())
    client.delete_registered_model("contested")
    meddler.shutdown()


# ---- killed in mid-upload ----

MOMENTS = (  # method, word in the path, which of them, after it was answered
    ("POST", "/runs/create", 1, False), ("POST", "/runs/create", 1, True),
    ("POST", "/runs/log-batch", 1, True), ("POST", "/runs/log-batch", 3, False),
    ("POST", "/runs/log-batch", 3, True), ("POST", "/runs/log-inputs", 1, True),
    ("PUT", "/mlflow-artifacts/artifacts/", 1, False),
    ("PUT", "/mlflow-artifacts/artifacts/", 2, True), ("POST", "/runs/update", 1, True),
)
SERVER_MOMENTS = (MOMENTS[1], MOMENTS[4], MOMENTS[7])


def make_run(live, here, experiment, name):
    run = here.create_run(experiment, run_name=name, start_time=live.START).info.run_id
    for at in range(0, 2500, 500):
        here.log_batch(run, [live.Metric("m%d" % (i % 3), i / 7, live.START + i, i)
                             for i in range(at, at + 500)])
    for i in range(150):
        here.log_param(run, "p%d" % i, str(i))
    from mlflow.entities import Dataset, DatasetInput
    here._tracking_client.store.log_inputs(run, [DatasetInput(
        Dataset("wine", "abc123", "local", '{"uri": "wine.csv"}', '{"columns": []}', "{}"), [])])
    here.log_text(run, "first", "a.txt")
    here.log_text(run, "0123456789" * 100000, "b/large.bin")
    here.set_terminated(run, "FINISHED", live.START + 99)
    return run


def check_kills(live, program, base, server, client):
    meddler = Meddler(server.port)
    place = os.path.join(base, "killed")
    os.makedirs(place)
    here = live.MlflowClient("sqlite:///%s/mlflow.db" % place)
    experiment = here.create_experiment("killed", "file://%s/files" % place)
    assay = live.Assay(program, meddler.url, ASSAY_CACHE=base + "/shaken.db")

    def upload(name, moment, which):
        run = make_run(live, here, experiment, name)
        arguments = ["upload", run, "--to", meddler.url, "--yes", "-S", place]
        started = threading.Event()
        popen = []

        def kill():
            started.wait()
            if which == "client":
                popen[0].kill()
                popen[0].wait()
            else:
                server.process.kill()

        meddler.arm(*moment, kill)
        popen.append(subprocess.Popen([program, *arguments], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, env=assay.environment))
        started.set()
        _, words = popen[0].communicate(timeout=300)
        live.check(meddler.done, name, "was killed", words.decode())
        meddler.rest()
        if which == "server":
            live.check(popen[0].returncode == 3, name, "the server died", popen[0].returncode)
            server.start()
        else:
            live.check(popen[0].returncode == -signal.SIGKILL, name, popen[0].returncode)
        done = subprocess.run([program, *arguments], capture_output=True, timeout=300,
                              env=assay.environment)
        live.check(done.returncode == 0, name, "again", done.returncode, done.stderr.decode())
        there = live.compare_upload(assay, client, run, here, name)
        files = dict(live.files_below(client, there)) if there else {}
        live.check(files == {"a.txt": 5, "b/large.bin": 1000000}, name, "files", files)

    for i, moment in enumerate(MOMENTS):
        upload("client %d" % i, moment, "client")
    for i, moment in enumerate(SERVER_MOMENTS):
        upload("server %d" % i, moment, "server")
    meddler.shutdown()


def scenario(program, base, live):
    """LIVE: the module mlflow_servers."""
    server = live.Server(base, "sqlite:///%s/mlflow.db" % base)
    try:
        client = live.connect(server.url)
        experiment = client.create_experiment("one")
        runs = [client.create_run(experiment).info.run_id for _ in range(2)]
        client.log_text(runs[1], "flavors: {}\n", "model/MLmodel")
        check_conflicts(live, program, base, server, client, runs)
        check_kills(live, program, base, server, client)
    finally:
        server.stop()
