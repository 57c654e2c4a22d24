"""The part of mlflow_servers.py whose artifacts lie in a store that the server gives addresses to:
S3, played by moto, and a server that is no proxy for it (--no-serve-artifacts).

What a file is read by, the server itself or an address that it signs, says moto's own log; before
the second half of the scenario stands a gate that lets nothing but the API through, as reverse
proxies often do.
"""
import http.server
import os
import subprocess
import sys
import sysconfig
import threading
import time
import urllib.error
import urllib.request

import boto3

BUCKET = "artifacts"
REFUSED = "notes/a%20b#?"  # by MLflow itself, though it lies there
NAMES = ("plain.txt", "notes/a b é+c&d.txt", "empty", "large.bin")
BODIES = dict(zip(NAMES, (b"plain\n", "text é".encode(), b"", b"0123456789abcdef" * 400000)))


class Store:
    """moto's server with one bucket; its environment is what finds it."""

    def __init__(self, live, base):
        self.log = base + "/store.log"
        port = live.free_port()
        self.url = "http://127.0.0.1:%d" % port
        self.environment = {"MLFLOW_S3_ENDPOINT_URL": self.url, "AWS_ENDPOINT_URL": self.url,
                            "AWS_ACCESS_KEY_ID": "store-key", "AWS_DEFAULT_REGION": "us-east-1",
                            "AWS_SECRET_ACCESS_KEY": "store-secret-1",
                            "AWS_EC2_METADATA_DISABLED": "true"}
        # moto's own libraries alone: MLflow's lie on the path for the others.
        alone = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        server = os.path.join(sysconfig.get_path("scripts"), "moto_server")
        self.process = live.Process([sys.executable, server, "-H", "127.0.0.1", "-p", str(port)],
                                    self.log, env=dict(alone, **self.environment))
        os.environ.update(self.environment)
        self.client = boto3.client("s3", endpoint_url=self.url)
        began = time.monotonic()
        while time.monotonic() - began < 300:
            try:
                self.client.create_bucket(Bucket=BUCKET)
                return
            except Exception:  # whatever it says while nobody listens
                if self.process.popen.poll() is not None:
                    break
                time.sleep(0.1)
        self.process.kill()
        raise RuntimeError("the store did not start: " + open(self.log).read()[-2000:])

    def signed(self, method):
        """How many requests with a signature in their address came."""
        with open(self.log, errors="replace") as log:
            return sum('"%s /' % method in line and "Signature=" in line for line in log)

    def body(self, path):
        return self.client.get_object(Bucket=BUCKET, Key=path)["Body"].read()

    def stop(self):
        self.process.kill()


class Gate(http.server.BaseHTTPRequestHandler):
    """Passes on what is asked of the API and of /version, and nothing else."""
    protocol_version = "HTTP/1.1"
    to, refused, signs = "", 0, 0

    def log_message(self, *words):
        pass

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind or "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.startswith("/api/") and self.path != "/version":
            Gate.refused += 1
            self.answer(404, None, b"not here")
            return
        Gate.signs += "presigned-download-url" in self.path
        request = urllib.request.Request(Gate.to + self.path, body or None, method=self.command)
        request.add_header("Content-Type", self.headers.get("Content-Type") or "text/plain")
        try:
            with urllib.request.urlopen(request, timeout=120) as got:
                self.answer(got.status, got.headers.get("Content-Type"), got.read())
        except urllib.error.HTTPError as error:
            self.answer(error.code, error.headers.get("Content-Type"), error.read())

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = pass_on


def check_reading(live, assay, run, title):
    listed = assay("artifacts", run) or {}
    mine = {one["path"]: one["bytes"] for one in listed.get("artifacts", [])
            if not one.get("directory")}
    live.check(mine == dict({name: len(body) for name, body in BODIES.items()}, **{REFUSED: 1}),
               title, "listed", listed)
    for name, body in BODIES.items():
        done = assay.run("artifacts", run, name)
        live.check(done.stdout == body, title, name, done.returncode, len(done.stdout),
                   done.stderr.decode()[-300:])


def check_upload(live, assay, client, store, base):
    """Put to addresses that the server signs, read back by the client, and found again."""
    files = [word for name in NAMES for word in ("-a", "%s=%s" % (name, base + "/in/" + name))]
    begun = subprocess.run([assay.program, "log", "-e", "sent", "-n", "from here", "-m", "loss=0.5",
                            "-p", "lr=0.1", *files, "--finish", "finished"], env=assay.environment,
                           stdout=subprocess.PIPE, check=True, timeout=180)
    for _ in range(2):
        done = assay.write("upload", begun.stdout.decode().strip(), "--to", assay.source, "--yes",
                           source="local")
        live.check(done.returncode == 0, "upload", done.returncode, done.stderr.decode()[-300:])
        live.check(store.signed("PUT") == len(NAMES), "each file put once", store.signed("PUT"))
    there = client.search_runs([client.get_experiment_by_name("sent").experiment_id])
    live.check([(r.info.run_name, r.data.params, r.data.metrics) for r in there] ==
               [("from here", {"lr": "0.1"}, {"loss": 0.5})], "the run that was sent", there)
    for run in there:
        files = dict(live.files_below(client, run.info.run_id))
        live.check(files == {name: len(body) for name, body in BODIES.items()}, "sent", files)
        for name, body in BODIES.items():
            prefix = run.info.artifact_uri.replace("s3://%s/" % BUCKET, "", 1)
            live.check(store.body(prefix + "/" + name) == body, "sent", name)
        local = client.download_artifacts(run.info.run_id, "large.bin", base)
        with open(local, "rb") as file:
            live.check(file.read() == BODIES["large.bin"], "read back by the client")


def check_gate(live, program, server, store, base, run):
    """Where only the API is let through, a file comes from an address that the server signs."""
    Gate.to = server.url
    gate = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gate)
    threading.Thread(target=gate.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d" % gate.server_address[1]
    assay = live.Assay(program, url, ASSAY_CACHE=base + "/gate.db")
    before = store.signed("GET")
    check_reading(live, assay, run, "signed")
    live.check((Gate.refused, Gate.signs) == (len(NAMES), len(NAMES)), "signed once for each",
               Gate.refused, Gate.signs)  # before the name that MLflow refuses
    live.check(store.signed("GET") == before + len(NAMES), "fetched from the store")
    done = assay.run("pull", "--format", "json")
    live.check(done.returncode == 0, "pulled", done.stderr.decode()[-300:])

    # MLflow lists a name that it does not give out again: it says so, and not the gate.
    done = assay.run("artifacts", run, REFUSED)
    live.check(done.returncode == 3 and b"Invalid path" in done.stderr, "a name it refuses",
               done.returncode, done.stderr.decode())
    gate.shutdown()
    gate.server_close()


def scenario(program, base, live):
    """LIVE: the module mlflow_servers."""
    store = Store(live, base)
    server = None
    try:
        server = live.Server(base, "sqlite:///%s/mlflow.db" % base, arguments=[
            "--no-serve-artifacts", "--default-artifact-root", "s3://%s/root" % BUCKET])
        client = live.connect(server.url)
        experiment = client.create_experiment("stored")
        run = client.create_run(experiment, run_name="stored").info.run_id
        for name, body in dict(BODIES, **{REFUSED: b"x"}).items():
            os.makedirs(os.path.dirname(os.path.join(base, "in", name)), exist_ok=True)
            with open(os.path.join(base, "in", name), "wb") as file:
                file.write(body)
        client.log_artifacts(run, os.path.join(base, "in"))
        client.log_metric(run, "loss", 0.5)
        client.set_terminated(run)
        uri = client.get_run(run).info.artifact_uri
        live.check(uri == "s3://%s/root/%s/%s/artifacts" % (BUCKET, experiment, run), "where", uri)
        assay = live.Assay(program, server.url)
        check_reading(live, assay, run, "stored")
        live.check(store.signed("GET") == 0, "the server's own way is the first")
        check_upload(live, assay, client, store, base)
        check_gate(live, program, server, store, base, run)
    finally:
        if server:
            server.stop()
        store.stop()
        for name in store.environment:
            os.environ.pop(name, None)
