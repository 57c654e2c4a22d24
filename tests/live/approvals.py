"""Whole promotions on a real MLflow server by three persons, each with a home, an agent and a key of their own:
approved, refused, changes requested, expired, superseded, champion moved in between, rolled back, broken glass;
a plan of stages with a vote handed on and a condition that comes due; gates over files that lie there; and records
exchanged through it.

approvals.py ASSAY: prints "N passed, N failed".
"""
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
sys.path.pop(0)  # a script beside this one is called as a module of Python's own

import mlflow  # noqa: E402
import mlflow.pyfunc  # noqa: E402

spec = importlib.util.spec_from_file_location(
    "ports", os.path.join(os.path.dirname(os.path.abspath(__file__)), "ports.py"))
ports = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ports)

assay = os.path.realpath(sys.argv[1])
signing_tool = os.path.realpath(os.path.dirname(sys.executable) + "/../../signing/bin/model_signing")
work = tempfile.mkdtemp()
passed = failed = 0
children = []
now_ms = int(time.time() * 1000)

POLICY = """[policy]
name = prod
tier = production
targets = alias:champion
expires = 3d
[clause validator]
count = 1
[clause approver]
count = 1
[gate loss]
kind = threshold
metric = loss
at-most = 0.5
[gate better]
kind = compare
metric = loss
better = smaller
margin = 0.2
[break-glass]
role = breaker
review-within = 12h
"""

SHADOW = """[policy]
name = shadow
targets = alias:shadow
[clause validator]
count = 1
"""

CANARY = """[policy]
name = canary
targets = alias:canary
[clause validator]
count = 1
[clause approver]
count = 1
[delegation]
allowed = yes
longest = 3d
[plan]
after = alias:shadow
for = 24h
"""

FILES = """[policy]
name = files
targets = alias:signed
[clause approver]
count = 1
[gate files]
kind = artifact-digest
[gate card]
kind = model-card
sections = Limits
[gate signed]
kind = model-signature
key = """

HOUR = 3600 * 1000


def check(what, holds):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print("FAILED:", what)


class Person:
    def __init__(self, name):
        self.name = name
        self.home = os.path.join(work, name)
        os.makedirs(self.home)
        self.key = os.path.join(self.home, "key.pub")
        self.env = dict(os.environ, HOME=self.home, XDG_STATE_HOME=self.home + "/state",
                        XDG_CACHE_HOME=self.home + "/cache", XDG_CONFIG_HOME=self.home + "/config",
                        ASSAY_STORE=self.home + "/store.db", SSH_AUTH_SOCK=self.home + "/agent")
        for name in ("ASSAY_NOW_MS", "MLFLOW_TRACKING_URI"):
            self.env.pop(name, None)
        children.append(subprocess.Popen(["ssh-agent", "-D", "-a", self.home + "/agent"],
                                         stdout=subprocess.DEVNULL))
        while not os.path.exists(self.home + "/agent"):
            time.sleep(0.02)
        private = self.key[:-4]
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", private], check=True)
        subprocess.run(["ssh-add", "-q", private], check=True, env=self.env)
        os.remove(private)

    def run(self, *args, at_ms=None):
        env = dict(self.env)
        if at_ms is not None:
            env["ASSAY_NOW_MS"] = str(at_ms)
        program = assay if at_ms is None else assay + "-at"  # the one that heeds it
        done = subprocess.run([program, *args], env=env, capture_output=True, text=True)
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def sync(self, at_ms=None):
        code, out, err = self.run("sync", work + "/shared", at_ms=at_ms)
        check("%s syncs: %s" % (self.name, err), code == 0)

    def do(self, *args, at_ms=None, expect=0):
        """Fetches, acts, sends; the output."""
        self.sync(at_ms)
        code, out, err = self.run(*args, at_ms=at_ms)
        check("%s %s: %d: %s" % (self.name, " ".join(args), code, err), code == expect)
        self.sync(at_ms)
        return out

    def state(self, request, at_ms=None):
        self.sync(at_ms)
        code, out, err = self.run("review", request, "--format", "json", at_ms=at_ms)
        return json.loads(out) if code == 0 else {"state": err}

    def sign(self, request, how, reason="looked at it", at_ms=None, expect=0):
        self.sync(at_ms)
        digest = self.state(request, at_ms)["binding"][-6:]
        return self.do("sign", request, "--" + how, "-m", reason, "--digest", digest, at_ms=at_ms,
                       expect=expect)


class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input


def start_server():
    url = "http://127.0.0.1:%d" % ports.free_port()
    log = open(work + "/server.log", "w")
    children.append(subprocess.Popen(
        [os.path.join(os.path.dirname(sys.executable), "mlflow"), "server", "--backend-store-uri",
         "sqlite:///%s/mlflow.db" % work, "--artifacts-destination", work + "/artifacts", "--host",
         "127.0.0.1", "--port", url.rsplit(":", 1)[1], "--workers", "1"],
        stdout=log, stderr=log, start_new_session=True,
        env=dict(os.environ, PATH=os.path.dirname(sys.executable) + ":" + os.environ["PATH"])))
    began = time.monotonic()
    while time.monotonic() - began < 300:  # its imports alone take a minute on a busy machine
        try:
            urllib.request.urlopen(url + "/health", timeout=2).read()
            return url
        except OSError:
            time.sleep(0.25)
    raise SystemExit("the server does not start")


def champion(client):
    return client.get_model_version_by_alias("fraud", "champion").version


def aliases(client):
    """As the real client reads them."""
    return {name: str(version) for name, version in client.get_registered_model("fraud").aliases.items()}


def set_policy(person, name, text, at_ms=None):
    with open(work + "/" + name + ".ini", "w") as file:
        file.write(text)
    return person.do("policy", "set", work + "/" + name + ".ini", at_ms=at_ms)


def stages(url, client, rex, val, app, now):
    """Shadow, then canary a day later; a vote handed on; a condition that comes due."""
    dev = Person("dev")
    rex.do("keys", "add", "dev", "--name", "Dev", "--key", dev.key, at_ms=now)
    set_policy(rex, "shadow", SHADOW, now)
    set_policy(rex, "canary", CANARY, now)

    def ask(target, at_ms):
        return rex.do("request", "-S", url, "--model", "fraud", "--version", "3", "--target", target,
                      "-m", "next", at_ms=at_ms)

    # Signed by all, by one of them in another's place, a step does not come before its turn.
    canary = ask("alias:canary", now)
    app.sign(canary, "approve", at_ms=now)
    val.do("sign", canary, "--delegate", "dev", "-m", "on leave", at_ms=now)
    val.sign(canary, "approve", at_ms=now, expect=1)
    dev.sign(canary, "approve", at_ms=now)
    found = rex.state(canary, now)
    check("both votes count: %s" % found, found["state"] == "PENDING" and found["have"] == 2)
    rex.do("apply", canary, at_ms=now, expect=1)
    check("no step yet", set(aliases(client)) == {"champion"})

    shadow = ask("alias:shadow", now)
    due = time.strftime("%Y-%m-%d", time.gmtime((now + 49 * HOUR) / 1000))  # midnight: in 25 to 49 hours
    val.do("sign", shadow, "--approve", "--condition", "traffic below 10 % until " + due, at_ms=now)
    rex.do("apply", shadow, at_ms=now)
    check("the first step", aliases(client).get("shadow") == "3")
    rex.do("apply", canary, at_ms=now, expect=1)
    check("not for long enough", "canary" not in aliases(client))

    now += 25 * HOUR
    check("its turn", rex.state(canary, now)["state"] == "APPROVED")
    rex.do("apply", canary, at_ms=now)
    check("the second step", aliases(client).get("canary") == "3" and
          aliases(client).get("champion") == champion(client))

    # What was approved on a condition that is not met in time may not be there any more.
    at_shadow = ("verify", "-S", url, "--model", "fraud", "--version", "3", "--target", "alias:shadow")
    rex.do(*at_shadow, at_ms=now)
    now += 48 * HOUR
    rex.do(*at_shadow, at_ms=now, expect=1)
    rex.do("sign", shadow, "--fulfil", "-m", "traffic below 10 %", at_ms=now)
    rex.do(*at_shadow, at_ms=now, expect=1)  # the requester's word is none
    val.do("sign", shadow, "--fulfil", "-m", "traffic below 10 %", at_ms=now)
    rex.do(*at_shadow, at_ms=now)
    return now


def roll_back(url, client, rex, val, app, applied, now):
    """Back to what APPLIED took the place of, as a request of its own."""
    was = champion(client)
    back = rex.do("request", "--rollback", applied, "-m", "latency doubled", at_ms=now)
    rex.do("apply", back, at_ms=now, expect=1)
    val.sign(back, "approve", at_ms=now)
    app.sign(back, "approve", at_ms=now)
    check("not before it is applied", champion(client) == was)
    rex.do("apply", back, at_ms=now)
    check("where it was before", champion(client) == "4")
    # Set back behind everybody's back, it is found.
    client.set_registered_model_alias("fraud", "champion", was)
    rex.do("audit", "drift", "-S", url, at_ms=now, expect=1)
    client.set_registered_model_alias("fraud", "champion", "4")
    rex.do("audit", "drift", "-S", url, at_ms=now)


def log_signed(client, change):
    """A model of the real library's, with a card, signed by the real model_signing, then CHANGE(folder)."""
    folder = tempfile.mkdtemp(dir=work) + "/model"
    mlflow.pyfunc.save_model(folder, python_model=Model(), pip_requirements=[])
    with open(folder + "/README.md", "w") as file:
        file.write("# Fraud\n\n## Limits\n\nNot for large sums.\n")
    subprocess.run([signing_tool, "sign", "key", folder, "--signature", folder + "/model.sig", "--private_key",
                    work + "/ci.key"], check=True, stdout=subprocess.DEVNULL)
    change(folder)
    with mlflow.start_run() as run:
        mlflow.log_artifacts(folder, "model")
    return client.create_model_version("fraud", run.info.artifact_uri + "/model", run.info.run_id).version


def gates_of(rex, request):
    return {gate["name"]: gate["state"] for gate in rex.state(request)["gates"]}


def files(url, client, rex, app):
    """Gates that look at what lies in the files: as they were signed, and changed on the way to the server."""
    openssl = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", work + "/ci.key"]
    subprocess.run(openssl, check=True)
    pem = subprocess.run(["openssl", "ec", "-in", work + "/ci.key", "-pubout"], check=True, capture_output=True,
                         text=True).stdout
    set_policy(rex, "files", FILES + "".join(pem.split("\n")[1:-2]) + "\n")

    def change(folder):
        with open(folder + "/README.md", "a") as file:
            file.write("Nor for small ones.\n")

    def ask(version):
        return rex.do("request", "-S", url, "--model", "fraud", "--version", version, "--target", "alias:signed",
                      "-m", "signed")

    version = log_signed(client, lambda folder: None)
    request = ask(version)
    check("all of the files: %s" % gates_of(rex, request),
          gates_of(rex, request) == {"files": "SATISFIED", "card": "SATISFIED", "signed": "SATISFIED"})
    app.sign(request, "approve")
    rex.do("apply", request)
    check("signed, and there", aliases(client).get("signed") == version)
    # A card rewritten on the way is a card still, but not what was signed.
    request = ask(log_signed(client, change))
    check("a changed card: %s" % gates_of(rex, request),
          gates_of(rex, request) == {"files": "SATISFIED", "card": "SATISFIED", "signed": "UNSATISFIED"})
    app.sign(request, "approve")
    rex.do("apply", request, expect=1)
    check("left where it was", aliases(client).get("signed") == version)
    client.delete_registered_model_alias("fraud", "signed")


def digests(person):
    code, out, err = person.run("audit", "log", "--format", "json")
    check("%s has a log: %s" % (person.name, err), code == 0)
    return {entry["digest"] for entry in json.loads(out)["records"]}


def through_the_server(url, client, rex, val, request):
    """Homes that share nothing but the server; what lies there, as the real client has it."""
    def sync(person, expect):
        code, out, err = person.run("sync", url)
        check("%s through the server: %d, %s, %s" % (person.name, code, out, err), code == 0 and out == expect)

    rex.sync()
    val.sync()
    dev = Person("joins")
    all_of_them = digests(rex)
    sync(rex, "%d sent, 0 received, 0 refused" % len(all_of_them))
    sync(dev, "0 sent, %d received, 0 refused" % len(all_of_them))
    sync(val, "0 sent, 0 received, 0 refused")
    check("the same log", digests(dev) == all_of_them)
    check("it holds: %s" % (dev.run("verify"),), dev.run("verify")[0] == 0)

    # Both go on, and write at the same time.
    for person in (rex, val):
        code, out, err = person.run("sign", request, "--comment", "-m", "from here")
        check("a comment: " + err, code == 0)
    both = [subprocess.Popen([assay, "sync", url], env=person.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for person in (rex, val)]
    for one in both:
        err = one.communicate()[1]
        check("at the same time: %s" % err, one.returncode == 0)
    for person in (rex, val, dev):
        code, out, err = person.run("sync", url)
        check("%s again: %s" % (person.name, err), code == 0)
    check("the union", digests(rex) == digests(val) == digests(dev) and len(digests(dev)) == len(all_of_them) + 2)

    # The files are what their names say, and no more of them than there are records.
    found = client.search_runs([client.get_experiment_by_name("assay-ledger").experiment_id])
    check("one run", len(found) == 1)
    folder = client.download_artifacts(found[0].info.run_id, "records", tempfile.mkdtemp(dir=work))
    names = set(os.listdir(folder))
    check("all of them", {name[:-5] for name in names if name.endswith(".json")} == digests(dev))
    check("all signed", names == {name[:-5] + end for name in names if name.endswith(".json")
                                  for end in (".json", ".sig")})
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            if name.endswith(".json"):
                check(name, hashlib.sha256(file.read()).hexdigest() + ".json" == name)


def main():
    url = start_server()
    mlflow.set_tracking_uri(url)
    client = mlflow.MlflowClient()
    keyword = "name" if int(mlflow.__version__.split(".")[0]) >= 3 else "artifact_path"
    for loss in (0.45, 0.40, 0.35, 0.30):
        with mlflow.start_run():
            mlflow.log_metric("loss", loss)
            mlflow.set_tag("mlflow.user", "rex-os")
            mlflow.pyfunc.log_model(**{keyword: "model"}, python_model=Model(),
                                    registered_model_name="fraud", pip_requirements=[])
    client.set_registered_model_alias("fraud", "champion", "1")

    rex, val, app = Person("rex"), Person("val"), Person("app")
    accounts = sorted({client.get_model_version("fraud", v).user_id or "" for v in "1234"} |
                      {client.get_run(client.get_model_version("fraud", v).run_id).info.user_id
                       for v in "1234"} - {""} | {"rex-os"})
    arguments = [part for a in accounts if a for part in ("--account", a)]
    rex.run("keys", "add", "rex", "--name", "Rex", "--key", rex.key, "--role", "engineer", "--begin", *arguments)
    rex.run("keys", "add", "val", "--name", "Val", "--key", val.key, "--role", "validator")
    rex.run("keys", "add", "app", "--name", "App", "--key", app.key, "--role", "approver",
            "--role", "breaker")
    set_policy(rex, "prod", POLICY)

    def ask(version, at_ms=None, more=(), expect=0):
        return rex.do("request", "-S", url, "--model", "fraud", "--version", version, "--target",
                      "alias:champion", "-m", "lower loss", *more, at_ms=at_ms, expect=expect)

    # Approved, applied, and known to be so.
    request = ask("2")
    check("rex may not approve", rex.sign(request, "approve", expect=1) is not None)
    val.sign(request, "approve")
    rex.do("apply", request, expect=1)
    check("not moved yet", champion(client) == "1")
    app.sign(request, "approve")
    check("approved", rex.state(request)["state"] == "APPROVED")
    rex.do("apply", request)
    check("moved", champion(client) == "2")
    check("applied", val.state(request)["state"] == "APPLIED")
    rex.do("apply", request)
    rex.do("verify", "-S", url, "--model", "fraud", "--version", "2", "--target", "alias:champion")
    rex.do("verify", "-S", url, "--model", "fraud", "--version", "3", "--target", "alias:champion",
           expect=1)
    check("no drift", rex.do("audit", "drift", "--files", "-S", url, "--format", "json") != "")

    files(url, client, rex, app)
    through_the_server(url, client, rex, val, request)

    # Refused; a refusal withdrawn is none.
    request = ask("3")
    val.sign(request, "reject", "slices regress")
    check("rejected", rex.state(request)["state"] == "REJECTED")
    app.sign(request, "approve")
    rex.do("apply", request, expect=1)
    val.sign(request, "withdraw")
    check("pending again", rex.state(request)["state"] == "PENDING")

    # Changes requested, a new revision; votes on the old one are void.
    val.sign(request, "request-changes", "add the report")
    check("changes", rex.state(request)["state"] == "CHANGES_REQUESTED")
    with open(work + "/report.txt", "w") as file:
        file.write("all slices\n")
    ask("3", more=("--revise", request, "--evidence", work + "/report.txt"))
    found = rex.state(request)
    check("second revision", found["revision"] == 2 and found["state"] == "PENDING" and
          found["have"] == 0)
    val.sync()
    code, out, err = val.run("review", request, "--open", "report.txt")
    check("evidence travels: " + err, out == "all slices")

    # The champion moves in between: nobody can approve, nothing can be applied.
    val.sign(request, "approve")
    app.sign(request, "approve")
    client.set_registered_model_alias("fraud", "champion", "1")
    rex.do("apply", request, expect=1)
    check("left alone", champion(client) == "1")
    rex.do("audit", "drift", "-S", url, expect=1)  # version 1 was never asked for: it is listed
    client.set_registered_model_alias("fraud", "champion", "2")

    # Superseded by a newer one.
    newer = ask("4")
    check("superseded", rex.state(request)["state"] == "SUPERSEDED")
    rex.do("apply", request, expect=1)

    # Broken glass: app alone, to be reviewed by another in time.
    app.sign(newer, "override", "the old one is down")
    rex.do("apply", newer)
    check("moved by override", champion(client) == "4")
    check("overridden for ever", rex.state(newer)["overridden"])
    late = now_ms + 13 * HOUR + 600000
    rex.do("verify", "-S", url, "--model", "fraud", "--version", "4", "--target", "alias:champion",
           at_ms=late, expect=1)
    val.sign(newer, "ratify", "it was right", at_ms=late)
    rex.do("verify", "-S", url, "--model", "fraud", "--version", "4", "--target", "alias:champion",
           at_ms=late)

    # Rolled back: a request like any other, for the version before.
    back = ask("2", at_ms=late)
    val.sign(back, "approve", at_ms=late)
    app.sign(back, "approve", at_ms=late)
    rex.do("apply", back, at_ms=late)
    check("rolled back", champion(client) == "2")

    # Expired: time never approves.
    request = ask("3", at_ms=late)
    val.sign(request, "approve", at_ms=late)
    later = late + 4 * 24 * HOUR
    check("expired", rex.state(request, later)["state"] == "EXPIRED")
    app.sign(request, "approve", at_ms=later, expect=1)
    rex.do("apply", request, at_ms=later, expect=1)
    ask("3", at_ms=later)

    later = stages(url, client, rex, val, app, later + HOUR)
    roll_back(url, client, rex, val, app, back, later)

    # The whole ledger, and what an auditor gets, at each of the three.
    for person in (rex, val, app):
        person.do("verify", at_ms=later)
    rex.do("audit", "export", work + "/bundle", at_ms=later)
    check("the bundle by itself", subprocess.run(["sh", work + "/bundle/verify.sh"],
                                                 capture_output=True).returncode == 0)


try:
    main()
finally:
    for child in children:
        if child.args[0] == "ssh-agent":
            child.terminate()
        else:
            os.killpg(child.pid, 15)
        child.wait()
    shutil.rmtree(work, ignore_errors=True)
print("%d passed, %d failed" % (passed, failed))
sys.exit(failed != 0)
