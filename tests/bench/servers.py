"""The rows of run.py about servers: a server on this machine whose answers take 50 ms, 1000 runs
of 10 metrics with 1000 points each; beside curl, which fetches the same bytes and does nothing
with them, and MLflow's own client.
"""
import os
import shutil
import statistics
import subprocess
import sys
import time

RUNS, METRICS, POINTS, DELAY_MS = 1000, 10, 1000, 50
PEER = """
import sys, time
from mlflow.tracking import MlflowClient
client = MlflowClient(sys.argv[1])
start = time.monotonic()
runs, token = [], None
while True:
    page = client.search_runs(["1", "2", "3", "4"], max_results=1000, page_token=token)
    runs += page
    token = page.token
    if not token:
        break
print("list_ms", (time.monotonic() - start) * 1e3)
start = time.monotonic()
for run in runs[:20]:
    client.get_metric_history(run.info.run_id, "loss0")
print("series_ms", (time.monotonic() - start) * 1e3 / 20)
"""


class Bench:
    def __init__(self, tools, assay, data, environment):
        self.program = os.path.join(tools, "bench_servers")
        self.assay, self.data = assay, data
        self.environment = dict(environment, no_proxy="*",
                                ASSAY_CACHE=os.path.join(data, "servers.db"))
        self.server = subprocess.Popen(
            [self.program, "serve", str(DELAY_MS), str(RUNS), str(METRICS), str(POINTS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.server.stdout.readline().strip()

    def close(self):
        self.server.stdin.close()
        self.server.wait()

    def forget(self):
        for end in ("", "-wal", "-shm"):
            if os.path.exists(self.environment["ASSAY_CACHE"] + end):
                os.unlink(self.environment["ASSAY_CACHE"] + end)

    def timed(self, *command):
        """Seconds, and the peak of resident memory in MiB."""
        start = time.monotonic()
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        return time.monotonic() - start, usage.ru_maxrss / 1024

    def drawable(self):
        self.forget()
        done = subprocess.run([self.program, "drawable", self.url], env=self.environment,
                              stdout=subprocess.PIPE, text=True, check=False)
        return {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines()}

    def curl(self):
        if not shutil.which("curl"):
            return None
        config = os.path.join(self.data, "servers.curl")
        with open(config, "w", encoding="utf-8") as file:
            subprocess.run([self.program, "urls", self.url, str(RUNS), str(METRICS)],
                           stdout=file, check=True)
        return self.timed("curl", "-s", "--parallel", "--parallel-max", "64", "-K", config)[0]

    def client(self):
        """MLflow's own client: {} where it cannot be had."""
        venv = os.path.join(self.data, "venv-mlflow")
        python = os.path.join(venv, "bin", "python")
        if not os.path.exists(os.path.join(venv, "made")):
            try:
                subprocess.run([sys.executable, "-m", "venv", venv], check=True)
                subprocess.run([python, "-m", "pip", "install", "-q", "mlflow-skinny"],
                               check=True)
                open(os.path.join(venv, "made"), "w", encoding="utf-8").close()
            except (OSError, subprocess.CalledProcessError) as error:
                print("MLflow's client cannot be had: %s" % error, file=sys.stderr)
                return {}
        done = subprocess.run([python, "-c", PEER, self.url], env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=False)
        return {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines()}


def rows(row, tools, assay, data, environment):
    bench = Bench(tools, assay, data, environment)
    try:
        looks = [bench.drawable() for _ in range(3)]
        pulls, again, peer, memory = [], [], [], []
        for _ in range(3):  # in turn
            bench.forget()
            seconds, resident = bench.timed(assay, "pull", "-S", bench.url)
            pulls.append(seconds)
            memory.append(resident)
            again.append(bench.timed(assay, "pull", "-S", bench.url)[0])
            peer.append(bench.curl())
        client = bench.client()
    finally:
        bench.close()
    # Three round trips, and 50 ms for the work itself, the server's among it.
    row("list of 1000 runs over 50 ms",
        statistics.median(look["listed_ms"] for look in looks), "ms", 4 * DELAY_MS)
    row("charts of them drawable",
        statistics.median(look["drawable_ms"] for look in looks), "ms", 600)
    pull = statistics.median(pulls)
    row("full history, 10,000 series x 1000 points", pull, "s", None)
    if None not in peer:
        row("  against curl --parallel, which reads nothing", pull / statistics.median(peer),
            "times", 1.2)
    row("the same again, nothing changed (4 round trips)", statistics.median(again) * 1e3, "ms",
        5 * DELAY_MS)
    row("memory while pulling (peak resident)", max(memory), "MiB", 64)
    if client:
        row("  list sooner than MLflow's client",
            client["list_ms"] / statistics.median(look["listed_ms"] for look in looks), "times",
            None)
        row("  history sooner than MLflow's client (from 20)",
            client["series_ms"] * RUNS * METRICS / 1e3 / pull, "times", 20, least=True)
