"""All benchmarks in one table: what, measured, floor or target, ratio, ok or MISS.

    run.py BUILD [ROW...]       only the rows whose names hold one of the words

Data is made once, under build/bench. Everything is measured from outside, on the real program
(bench_workbench.c); floors are measured in the same run (floor.c). Exit status 1 only with
BENCH_STRICT=1 and a miss. docs/performance.md says what each row means.
"""
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import time

import servers

BUILD = os.path.abspath(sys.argv[1])
ONLY = sys.argv[2:]
TOOLS = os.path.join(BUILD, "tests", "bench")
ASSAY = os.path.join(BUILD, "assay")
HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(os.path.dirname(BUILD), "bench")
HOME = os.path.join(DATA, "home")
EMPTY = os.path.join(HOME, "empty")
CACHE = os.path.join(HOME, "cache.db")
VENV = os.path.join(DATA, "venv")
STORES = {  # name: runs, metrics, points
    "runs10k": ("10000", "50", "100"),
    "runs100k": ("100000", "10", "0"),
    "long": ("20", "1", "1000000"),
    "compare50": ("50", "94", "1000"),
    "compare500": ("500", "1990", "0"),
}
LOGS = os.path.join(DATA, "tensorboard")
LOG_SHAPE = ("20", "10", "100000")
LOG_POINTS = 20 * 10 * 100000
rows = []


def environment(store="none"):
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(("ASSAY_", "XDG_")) and key not in
           ("NO_COLOR", "MLFLOW_TRACKING_URI", "TMUX", "STY", "COLUMNS", "LINES")}
    env.update(HOME=HOME, TZ="UTC", LC_ALL="C.UTF-8", ASSAY_CACHE=CACHE,
               ASSAY_STORE=os.path.join(DATA, store + ".db"))
    return env


def tool(name, *arguments, store="none"):
    """Runs a benchmark program: {name: [values]} of the lines it prints."""
    done = subprocess.run([os.path.join(TOOLS, name), *arguments], cwd=EMPTY, text=True,
                          env=environment(store), stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        print("%s %s: exit status %d" % (name, arguments[0], done.returncode), file=sys.stderr)
    values = {}
    for line in done.stdout.splitlines():
        key, value = line.split()
        values.setdefault(key, []).append(float(value))
    return values


def wanted(name):
    return not ONLY or any(word in name for word in ONLY)


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part / 100))]


def row(what, measured, unit, target, against="target", least=False):
    """One line of the table. The ratio is measured to target; LEAST: more is better."""
    if measured is None:
        rows.append(False)
        print("%-46s %12s  %-26s %7s  MISS" % (what, "not measured", "", ""), flush=True)
        return
    text = "%.*f %s" % (0 if measured >= 1000 else 1 if measured >= 100 else 2, measured, unit)
    if target is None:
        limit, ratio, verdict = "", "", ""
    elif against != "target":
        limit, ratio, verdict = "%s %.3g" % (against, target), "%.2f" % (measured / target), ""
    else:
        good = measured >= target if least else measured <= target
        limit = "%s %g %s" % ("at least" if least else "at most", target, unit)
        ratio = "%.2f" % (measured / target) if target else ""
        verdict = "ok" if good else "MISS"
        rows.append(good)
    print("%-46s %12s  %-26s %7s  %s" % (what, text, limit, ratio, verdict), flush=True)


# ---- data ----

def stamp_of(shape):
    """What a store is made from: its shape, and the code that decides on its bytes."""
    stamp = hashlib.sha256(" ".join(shape).encode())
    for source in ("tests/bench/gen_store.c", "core/store/schema.c", "core/model/attrs.c",
                   "core/series/chunk.c"):
        with open(os.path.join(HERE, "..", "..", source), "rb") as file:
            stamp.update(file.read())
    return stamp.hexdigest()


def make_data():
    os.makedirs(EMPTY, exist_ok=True)
    for name, shape in STORES.items():
        path = os.path.join(DATA, name + ".db")
        stamp = stamp_of(shape)
        if (os.path.exists(path) and os.path.exists(path + ".made")
                and open(path + ".made").read() == stamp):
            continue
        for end in ("", "-wal", "-shm"):
            if os.path.exists(path + end):
                os.unlink(path + end)
        print("making %s: %s runs, %s metrics, %s points" % ((path,) + shape), file=sys.stderr)
        subprocess.run([os.path.join(TOOLS, "gen_store"), path, *shape], check=True)
        with open(path + ".made", "w") as file:
            file.write(stamp)
    if not os.path.isdir(LOGS) or not os.path.exists(LOGS + ".made"):
        print("making %s: 1.1 GB of TensorBoard logs" % LOGS, file=sys.stderr)
        shutil.rmtree(LOGS, ignore_errors=True)
        subprocess.run([os.path.join(TOOLS, "gen_tensorboard"), LOGS, *LOG_SHAPE], check=True)
        open(LOGS + ".made", "w").close()


def log_files():
    return [os.path.join(where, name) for where, _, names in os.walk(LOGS) for name in names]


def forget_logs():
    """Drops the logs from the page cache, as no user but root could for everything."""
    for path in log_files():
        with open(path, "rb") as file:
            os.fdatasync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_logs():
    """Seconds to read the bytes of the logs and do nothing with them, on one thread."""
    block = bytearray(1 << 22)
    start = time.monotonic()
    for path in log_files():
        with open(path, "rb", buffering=0) as file:
            while file.readinto(block):
                pass
    return time.monotonic() - start


def forget_cache():
    for end in ("", "-wal", "-shm"):
        if os.path.exists(CACHE + end):
            os.unlink(CACHE + end)


# ---- rows ----

def first_frame():
    ours, floors, peak, anonymous = [], [], [], []
    store = os.path.join(DATA, "runs10k.db")
    for i in range(12):
        floor = tool("bench_workbench", "first", "-9999", os.path.join(TOOLS, "floor"), "screen",
                     store)
        it = tool("bench_workbench", "first", "-9999", ASSAY, store="runs10k")
        if i > 0 and it and floor:  # the first brings the files into memory
            ours += it["complete_ms"]
            floors += floor["complete_ms"]
            peak += it["peak_kib"]
            anonymous += it["anonymous_kib"]
    if not ours:
        return row("first frame, 10,000 runs x 50 metrics", None, "ms", 10)
    middle, floor = statistics.median(ours), statistics.median(floors)
    row("first frame, 10,000 runs x 50 metrics", middle, "ms", 10)
    row("  a trivial curses and SQLite program", floor, "ms", None)
    row("  the frame above such a program", middle, "ms", floor, "floor")
    row("memory after it (peak resident)", max(peak) / 1024, "MiB", 16)
    row("  of it its own (anonymous)", max(anonymous) / 1024, "MiB", None)
    return None


def charts(kind, count):
    values = {"picture_ms": [], "read_ms": [], "resident_kib": [], "anonymous_kib": []}
    for _ in range(count):
        forget_cache()
        if kind == "cold":
            forget_logs()
        it = tool("bench_workbench", "chart", ASSAY, LOGS)
        for key in values:
            values[key] += it.get(key, [])
    return values


def peer_seconds(count):
    """Of tensorboard-data-server, by tensorboard_peer.py; [] where it cannot be had."""
    python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(os.path.join(VENV, "made")):
        try:
            subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", "tensorboard",
                            "tensorboard-data-server", "grpcio", "setuptools<80"], check=True)
            open(os.path.join(VENV, "made"), "w").close()
        except (OSError, subprocess.CalledProcessError) as error:
            print("the data server cannot be had: %s" % error, file=sys.stderr)
            return []
    done = subprocess.run([python, os.path.join(HERE, "tensorboard_peer.py"), LOGS, "--repeat",
                           str(count)], stdout=subprocess.PIPE, text=True, check=False)
    return [float(line.split()[1]) for line in done.stdout.splitlines()
            if line.startswith("peer ") and line.split()[1] != "median"]


def tensorboard():
    forget_logs()
    cold_floor = read_logs()
    warm_floor = min(read_logs() for _ in range(3))
    warm, peer = charts("warm", 1), []
    for _ in range(3):  # in turn
        peer += peer_seconds(1)
        more = charts("warm", 2)
        for key in warm:
            warm[key] += more[key]
    cold = charts("cold", 3)
    read = statistics.median(warm["read_ms"])
    row("first chart, 1.1 GB of TensorBoard, cached", statistics.median(warm["picture_ms"]),
        "ms", 100)
    row("first chart, the files not in memory", statistics.median(cold["picture_ms"]), "ms", 100)
    row("every point read, checksums checked, cached", read, "ms", None)
    row("  against only reading the bytes, one thread", read, "ms", warm_floor * 1e3, "floor")
    row("  the same, the files not in memory", statistics.median(cold["read_ms"]), "ms",
        cold_floor * 1e3, "floor")
    row("  sooner than TensorBoard's data server",
        statistics.median(peer) * 1e3 / read if peer else None, "times", 6, least=True)
    row("memory a point, all 20 million there", max(warm["resident_kib"]) * 1024 / LOG_POINTS,
        "bytes", 24)


def typed(words):
    """Every word typed and taken away again."""
    return "".join(word + "\x7f" * len(word) for word in words)


def filters():
    floor = statistics.median(tool("floor", "scan", "100000").get("ms", [0]))
    echo = tool("bench_workbench", "keys", "", "x" * 60, os.path.join(TOOLS, "floor"), "screen",
                os.path.join(DATA, "runs100k.db")).get("key_ms", [0])
    # The first typing makes the columns; they are there from then on.
    numbers = "val/loss < 1.5 and lr > 0.001"
    keys = typed(["heron", "vit-b16", "lively-fox-42", "sgd", numbers])
    times = tool("bench_workbench", "keys", "/", keys, ASSAY, store="runs100k").get("key_ms")
    if not times:
        return row("filter key, 100,000 runs, 99th percentile", None, "ms", 5)
    row("filter key, 100,000 runs, median of %d" % len(times), statistics.median(times), "ms", 5)
    row("filter key, 100,000 runs, 99th percentile", percentile(times, 99), "ms", 5)
    row("  its median above scan + trivial repaint", statistics.median(times), "ms",
        floor + statistics.median(echo), "floor")
    return None


def redraw():
    burst = tool("bench_workbench", "keys", "", "p" * 30, os.path.join(TOOLS, "floor"), "screen",
                 os.path.join(DATA, "long.db")).get("key_ms", [0])
    keys = "++++LLHH----" * 8
    it = tool("bench_workbench", "keys", " " * 20 + "p", keys, ASSAY, store="long")
    times = it.get("key_ms")
    if not times:
        return row("redraw, 20 series x 1M points, 99th percentile", None, "ms", 16)
    row("redraw, 20 series x 1M points, median of %d" % len(times), statistics.median(times),
        "ms", 16)
    row("redraw, 20 series x 1M points, 99th percentile", percentile(times, 99), "ms", 16)
    row("  bytes to the terminal a frame", statistics.median(it["key_bytes"]) / 1024, "KiB",
        None)
    row("  its median above passing 64 KiB through", statistics.median(times), "ms",
        statistics.median(burst), "floor")
    return None


def compare():
    """The comparison of everything in a store: the key that opens it, in a fresh process each
    time, and keys on it."""
    for name, what, limit in (("compare50", "50 runs x 100 keys, 4 charts", 16),
                              ("compare500", "500 runs x 2,000 keys", 50)):
        opened, moved = [], []
        for _ in range(5):
            forget_cache()
            it = tool("bench_workbench", "keys", "", "c", ASSAY, store=name)
            opened += it.get("key_ms", [])
        moved = tool("bench_workbench", "keys", "c", "jjjjTTddjjSS", ASSAY,
                     store=name).get("key_ms", [])
        if not opened or not moved:
            row("compare, " + what, None, "ms", limit)
            continue
        row("compare, %s: opened" % what, statistics.median(opened), "ms", limit)
        row("compare, %s: a key" % what, statistics.median(moved), "ms", limit)
        row("compare, %s: slowest key" % what, max(moved), "ms", limit)


def idle():
    it = tool("bench_workbench", "idle", "5", ASSAY, store="runs10k")
    live = tool("bench_workbench", "idle", "5", ASSAY, LOGS)
    row("wake-ups in 5 idle seconds, local store", it.get("wakes", [None])[0], "", 0)
    row("wake-ups in 5 idle seconds, watched logs", live.get("wakes", [None])[0], "", 0)
    row("processor time in them", (it.get("cpu_ms", [0])[0] + live.get("cpu_ms", [0])[0]), "ms",
        0)


def busy():
    times = []
    for kind in ("warm", "cold", "warm", "cold", "warm"):
        forget_cache()
        if kind == "cold":
            forget_logs()
        times += tool("bench_workbench", "busy", "run-0", ASSAY, LOGS).get("key_ms", [])
    if not times:
        return row("key while a gigabyte is read, slowest", None, "ms", 16)
    row("key while a gigabyte is read, 99th of %d" % len(times), percentile(times, 99), "ms", 16)
    row("key while a gigabyte is read, slowest", max(times), "ms", 16)
    return None


def ledger(records):
    """A store with so many signed records, made anew: requests expire."""
    name = "ledger%d" % records
    for end in ("", "-wal", "-shm"):
        if os.path.exists(os.path.join(DATA, name + ".db" + end)):
            os.unlink(os.path.join(DATA, name + ".db" + end))
    subprocess.run([os.path.join(TOOLS, "bench_approvals"), "make",
                    os.path.join(DATA, name + ".db"), str(records)], check=True)
    return name


def seconds(command, store):
    """The least of nine runs of a command, start and end of its process included."""
    least = None
    for _ in range(9):
        start = time.monotonic()
        subprocess.run(command, env=environment(store), cwd=EMPTY, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        took = time.monotonic() - start
        least = took if least is None or took < least else least
    return least


def queue():
    """A queue of 10,000 requests, and the gate of deployment jobs over 10,000 records."""
    store = ledger(26670)
    keys = tool("bench_workbench", "keys", "jkjkjkjk", "Aq" * 10, ASSAY, store=store)
    times = keys.get("key_ms", [])[::2]
    row("key that opens a queue of 10,000 requests", statistics.median(times) if times else None,
        "ms", 16)
    gate = [ASSAY, "verify", "--model", "model-7", "--version", "18", "--target",
            "alias:champion"]
    store = ledger(10000)
    file = os.path.join(DATA, store + ".db")
    took = seconds(gate, store) * 1e3
    row("assay verify of one version, 10,000 records", took, "ms", 50)
    row("  above sha256sum of the same file", took, "ms",
        seconds(["sha256sum", file], store) * 1e3, "floor")


def server_rows():
    servers.rows(row, TOOLS, ASSAY, DATA, environment())


def main():
    make_data()
    start = time.monotonic()
    print("%-46s %12s  %-26s %7s" % ("what", "measured", "floor or target", "ratio"))
    for name, measure in (("first frame", first_frame), ("tensorboard", tensorboard),
                          ("filter", filters), ("redraw", redraw), ("compare", compare), ("idle", idle),
                          ("busy", busy), ("queue", queue), ("servers", server_rows)):
        if wanted(name):
            measure()
    print("%d of %d targets met, in %.0f s; load %.1f on %d processors" % (
        sum(rows), len(rows), time.monotonic() - start, os.getloadavg()[0], os.cpu_count()))
    return 1 if os.environ.get("BENCH_STRICT") == "1" and not all(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
