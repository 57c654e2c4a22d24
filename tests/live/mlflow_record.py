"""Records what a real MLflow server answers, for the ordinary tests.

    mlflow_record.py ASSAY-PROGRAM OUT

Starts a server of this Python's MLflow, fills it with the real client, has Assay read it through
a proxy that writes down every answer, and asks what is refused, too. OUT/answers.json has the
answers (`method`, `target`, `request`, `status`, `type`, `body`), OUT/expected.json what the real
client reads there. tests/remote/data/mlflow-2.22 was made with mlflow==2.22.5, Flask-WTF,
'sqlalchemy<2.1' and 'setuptools<81'; mlflow-3.17 with mlflow==3.17.2 and Flask-WTF.
"""
import http.client
import http.server
import importlib.util
import json
import os
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("mlflow_servers",
                                              os.path.join(HERE, "mlflow_servers.py"))
live = importlib.util.module_from_spec(spec)
spec.loader.exec_module(live)

API = "/api/2.0/mlflow"
NOBODY = "0" * 32
REFUSED = [
    ("GET", API + "/runs/get?run_id=" + NOBODY, None),
    ("GET", API + "/metrics/get-history?metric_key=loss&run_id=" + NOBODY, None),
    ("GET", API + "/artifacts/list?run_id=" + NOBODY, None),
    ("GET", "/get-artifact?path=x&run_id=" + NOBODY, None),
    ("GET", API + "/registered-models/get?name=nothing", None),
    ("GET", API + "/registered-models/alias?name=fraud&alias=nobody", None),
    ("GET", API + "/no-such-call", None),
    ("POST", API + "/experiments/search", {}),
    ("POST", API + "/runs/search", {"experiment_ids": ["1"], "filter": "params.a = 3"}),
    ("POST", API + "/runs/search", {"experiment_ids": ["1"], "max_results": 1000000}),
    ("POST", API + "/experiments/create", {"name": "models"}),
    ("POST", API + "/registered-models/create", {"name": "fraud"}),
    ("POST", API + "/registered-models/alias", {"name": "fraud", "alias": "v3", "version": "1"}),
    ("POST", API + "/runs/log-parameter", {"run_id": "RUN", "key": "lr", "value": "another"}),
    ("POST", API + "/runs/set-tag", {"run_id": "RUN", "key": "", "value": "x"}),
]


class Recorder(http.server.ThreadingHTTPServer):
    """Passes requests on to PORT and keeps the answers; paths begin with PREFIX."""
    daemon_threads = True

    def __init__(self, port, kept, prefix=""):
        super().__init__(("127.0.0.1", 0), Handler)
        self.to, self.kept, self.prefix = port, kept, prefix
        self.url = "http://127.0.0.1:%d" % self.server_port
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection("127.0.0.1", self.server.to, timeout=60)
        headers = {name: self.headers[name] for name in ("Content-Type", "Authorization")
                   if name in self.headers}
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        with self.server.lock:
            self.server.kept.append({
                "method": self.command, "target": self.server.prefix + self.path,
                "request": body.decode() or None, "status": answer.status,
                "type": answer.headers.get("Content-Type", ""),
                "body": content.decode("utf-8", "replace")})
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST = do_PATCH = do_DELETE = pass_on

    def log_message(self, *arguments):
        pass


def ask(url, method, target, body, run=""):
    host = url.split("//")[1]
    connection = http.client.HTTPConnection(host, timeout=60)
    text = json.dumps(body).replace("RUN", run) if body is not None else None
    connection.request(method, target, text,
                       {"Content-Type": "application/json"} if text else {})
    connection.getresponse().read()
    connection.close()


def expected_of(client, run):
    expected = live.disk.make_mlflow.read_back(client)
    expected["models"] = [{
        "name": model.name, "description": model.description or "", "tags": dict(model.tags),
        "aliases": {key: str(value) for key, value in model.aliases.items()},
        "versions": sorted(({
            "version": str(v.version), "stage": v.current_stage, "source": v.source,
            "run": v.run_id or "", "description": v.description or "", "tags": dict(v.tags)}
            for v in client.search_model_versions("name='%s'" % model.name)),
            key=lambda v: int(v["version"]))}
        for model in client.search_registered_models()]
    expected["files"] = {"run": run, "paths": dict(live.files_below(client, run))}
    expected["mlflow"] = live.mlflow.__version__
    return expected


def record_plain(program, base, kept):
    server = live.Server(base, "sqlite:///%s/mlflow.db" % base)
    recorder = Recorder(server.port, kept)
    try:
        client = live.connect(server.url)
        runs = live.fill(client)
        assay = live.Assay(program, recorder.url, ASSAY_CACHE=base + "/cache.db")
        assay("pull")
        assay("models")
        assay("models", "--prompts")
        assay("artifacts", runs[0])
        assay.run("artifacts", runs[0], "model/MLmodel")
        assay.run("doctor")
        for method, target, body in REFUSED:
            ask(recorder.url, method, target, body, runs[0])
        return expected_of(client, runs[0])
    finally:
        server.stop()


def record_auth(base, kept):
    server = live.auth_start(base)
    recorder = Recorder(server.port, kept, "/auth")
    try:
        ask(recorder.url, "POST", API + "/experiments/search", {"max_results": 1})
        ask(recorder.url, "GET", API + "/registered-models/get?name=fraud", None)
    finally:
        server.stop()


def main():
    program, out = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    kept, seen, answers = [], set(), []
    os.makedirs(out, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as base, \
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as auth:
        os.environ.update(HOME=base, ASSAY_STORE=base + "/store.db", XDG_STATE_HOME=base)
        expected = record_plain(program, base, kept)
        record_auth(auth, kept)
        for one in kept:
            key = (one["method"], one["target"], one["request"])
            if key not in seen:
                seen.add(key)
                answers.append(one)
        for name, what in (("answers", answers), ("expected", expected)):
            text = json.dumps(what, indent=1, sort_keys=True)
            text = text.replace(base, "/srv/experiments").replace(auth, "/srv/experiments")
            with open(os.path.join(out, name + ".json"), "w") as file:
                file.write(text + "\n")
    print("%d answers of MLflow %s" % (len(answers), live.mlflow.__version__))
    os.chdir("/")


if __name__ == "__main__":
    main()
