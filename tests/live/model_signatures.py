"""Signatures of models: what the real `model_signing` signs and verifies, and what the gate says of it.

model_signatures.py ASSAY: prints "N passed, N failed". Needs model-signing beside its python.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

assay = os.path.realpath(sys.argv[1])
tool = os.path.join(os.path.dirname(sys.executable), "model_signing")
work = tempfile.mkdtemp()
model = work + "/model"
passed = failed = requests = 0
env = dict(os.environ, HOME=work, XDG_STATE_HOME=work + "/state", XDG_CACHE_HOME=work + "/cache",
           XDG_CONFIG_HOME=work + "/config", ASSAY_STORE=work + "/store.db", SSH_AUTH_SOCK=work + "/agent")
env.pop("ASSAY_NOW_MS", None)


def check(what, holds):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print("FAILED:", what)


def run(*args):
    done = subprocess.run(args, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def must(*args):
    code, out, err = run(*args)
    if code != 0:
        raise SystemExit("%s: %s%s" % (" ".join(args), out, err))
    return out


def make_key(curve, name):
    must("openssl", "ecparam", "-name", curve, "-genkey", "-noout", "-out", "%s/%s.key" % (work, name))
    must("openssl", "ec", "-in", "%s/%s.key" % (work, name), "-pubout", "-out", "%s/%s.pem" % (work, name))


def sign(key, *more):
    must(tool, "sign", "key", model, "--signature", model + "/model.sig", "--private_key",
         "%s/%s.key" % (work, key), *more)


def tool_accepts(key):
    return run(tool, "verify", "key", model, "--signature", model + "/model.sig", "--public_key",
               "%s/%s.pem" % (work, key))[0] == 0


def set_policy(key, more=""):
    """The key as docs/approvals.md says to bring it there."""
    body = must("sh", "-c", "sed '/^-/d' '%s/%s.pem' | tr -d '\\n'" % (work, key))
    with open(work + "/policy.ini", "w") as file:
        file.write("[policy]\nname = prod\ntargets = alias:*\n[clause approver]\ncount = 1\n"
                   "[gate signed]\nkind = model-signature\nkey = %s\n%s" % (body, more))
    must(assay, "policy", "set", work + "/policy.ini")


def gate():
    """What the gate says of a version that is registered as it lies there now: its state and why."""
    global requests
    requests += 1
    name = "m%d" % requests
    must(assay, "register", "--model", name, model)
    request = must(assay, "request", "--model", name, "--version", "1", "--target", "alias:champion", "-m",
                   "signed")
    found = json.loads(must(assay, "review", request, "--format", "json"))["gates"][0]
    return found["state"], found["why"]


def both(what, accepted, state, key="ci"):
    """The tool's verdict and the gate's."""
    check("%s: the tool" % what, tool_accepts(key) == accepted)
    said = gate()
    check("%s: the gate: %s: %s" % (what, *said), said[0] == state)


def write(path, data):
    os.makedirs(os.path.dirname(os.path.join(model, path)), exist_ok=True)
    with open(os.path.join(model, path), "wb") as file:
        file.write(data)


def read(path):
    with open(os.path.join(model, path), "rb") as file:
        return file.read()


def altered(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def lay_out():
    shutil.rmtree(model, ignore_errors=True)
    write("MLmodel", b"flavors: {}\n")
    write("data/weights.bin", bytes(range(256)) * 16)
    write("data/empty", b"")
    write("data/deep/er/a name, of \u00fc; b", b"x")
    for i in range(40):
        write("shards/%d-of-40.bin" % i, b"%d" % i)


def files():
    for curve, key in (("secp384r1", "p384"), ("secp521r1", "p521"), ("prime256v1", "ci")):
        lay_out()
        make_key(curve, key)
        sign(key)
        set_policy(key)
        both("signed on " + curve, True, "SATISFIED", key)
    make_key("prime256v1", "other")

    for at in (0, 2047, 4095):
        weights = read("data/weights.bin")
        write("data/weights.bin", altered(weights, at))
        both("byte %d of the weights" % at, False, "UNSATISFIED")
        write("data/weights.bin", weights)
    both("put back", True, "SATISFIED")
    write("data/more.bin", b"x")
    both("a file more", False, "UNSATISFIED")
    os.remove(model + "/data/more.bin")
    write(".gitattributes", b"x")
    both("a file of git's", True, "SATISFIED")
    os.rename(model + "/shards/7-of-40.bin", model + "/shards/7-of-4.bin")
    both("another name", False, "UNSATISFIED")
    os.remove(model + "/shards/7-of-4.bin")
    both("a file less", False, "UNSATISFIED")


def signatures():
    lay_out()
    sign("other")
    both("another key", False, "UNSATISFIED")
    os.remove(model + "/model.sig")
    both("no signature", False, "MISSING")
    # Here the tool is content: the signer left the weights out.
    sign("ci", "--ignore-paths", model + "/data")
    both("weights left out by the signer", True, "UNSATISFIED")
    set_policy("ci", "ignore = data\n")
    both("allowed by the policy", True, "SATISFIED")
    set_policy("ci")
    # Whatever is altered in a signature, the gate is never the milder one.
    sign("ci")
    whole = read("model.sig")
    for at in range(11, len(whole), len(whole) // 12):
        write("model.sig", altered(whole, at))
        said = gate()
        check("byte %d of the signature: %s" % (at, said), said[0] != "SATISFIED" or tool_accepts("ci"))
    write("model.sig", whole)
    both("as it was", True, "SATISFIED")


def main():
    for name in ("adm", "app"):
        must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", work + "/" + name)
    must("ssh-add", "-q", work + "/adm")
    must(assay, "keys", "add", "adm", "--name", "Adm", "--key", work + "/adm.pub", "--begin")
    must(assay, "keys", "add", "app", "--name", "App", "--key", work + "/app.pub", "--role", "approver")
    files()
    signatures()


agent = subprocess.Popen(["ssh-agent", "-D", "-a", work + "/agent"], stdout=subprocess.DEVNULL)
try:
    while not os.path.exists(work + "/agent"):
        time.sleep(0.02)
    main()
finally:
    agent.terminate()
    agent.wait()
    shutil.rmtree(work, ignore_errors=True)
print("%d passed, %d failed" % (passed, failed))
sys.exit(failed != 0)
