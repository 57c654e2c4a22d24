"""How long TensorBoard's own data server (PyPI: tensorboard-data-server) takes to load a log
directory: from exec until every tag of every run is served with its last step, asked by gRPC.

    tensorboard_peer.py LOGDIR [--repeat N] [--checksum] [--subject COMMAND...]

Prints one line per repetition and the median, in seconds; with --subject, COMMAND is timed in
alternation with it (start to exit) and the ratio of the medians is printed. Needs tensorboard and
tensorboard-data-server (for the server and its protocol) and grpcio.
"""
import argparse
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

import grpc
import tensorboard_data_server
from tensorboard.data.proto import data_provider_pb2 as messages
from tensorboard.data.proto import data_provider_pb2_grpc as service


def scalars(stub):
    """{(run, tag): (last step, points in the sample)} as served now."""
    request = messages.ListScalarsRequest(experiment_id="")
    request.plugin_filter.plugin_name = "scalars"
    reply = stub.ListScalars(request)
    return {(run.run_name, tag.tag_name): tag.metadata.max_step
            for run in reply.runs for tag in run.tags}


def load(logdir, checksum, expected):
    """Seconds until the server has loaded LOGDIR. EXPECTED is what it serves then, or None."""
    with tempfile.TemporaryDirectory() as scratch:
        port_file = os.path.join(scratch, "port")
        log = open(os.path.join(scratch, "log"), "w+b")
        command = [tensorboard_data_server.server_binary(), "--logdir", logdir, "--port", "0",
                   "--port-file", port_file, "--reload", "once", "--die-after-stdin", "-v"]
        if checksum:
            command.append("--checksum")
        start = time.monotonic()
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            while not os.path.exists(port_file) or not open(port_file).read().endswith("\n"):
                time.sleep(0.001)
                if server.poll() is not None:
                    sys.exit("tensorboard_peer: the server did not start")
            port = open(port_file).read().strip()
            # Its log tells the end of the load without asking it questions meanwhile.
            while True:
                with open(log.name, "rb") as text:
                    if b"Finished load cycle" in text.read():
                        break
                time.sleep(0.002)
            with grpc.insecure_channel("localhost:" + port) as channel:
                served = scalars(service.TensorBoardDataProviderStub(channel))
            seconds = time.monotonic() - start
        finally:
            server.stdin.close()
            server.terminate()
            server.wait()
            log.close()
        if expected is not None and served != expected:
            sys.exit("tensorboard_peer: the server served something else this time")
        return seconds, served


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("logdir")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--checksum", action="store_true",
                        help="have the server check every record, as the subject does")
    parser.add_argument("--subject", help="a command to time in alternation")
    arguments = parser.parse_args()
    peer, subject, served = [], [], None
    for _ in range(arguments.repeat):
        seconds, served = load(arguments.logdir, arguments.checksum, served)
        peer.append(seconds)
        line = "peer %.3f s" % seconds
        if arguments.subject:
            start = time.monotonic()
            subprocess.run(shlex.split(arguments.subject), check=True,
                           stdout=subprocess.DEVNULL)
            subject.append(time.monotonic() - start)
            line += ", subject %.3f s" % subject[-1]
        print(line, flush=True)
    steps = set(served.values())
    print("served: %d runs, %d tags, last steps %s" % (
        len({run for run, _ in served}), len(served), sorted(steps)[:5]))
    print("peer median %.3f s" % statistics.median(peer))
    if subject:
        print("subject median %.3f s, ratio %.3f (%.1f times sooner)" % (
            statistics.median(subject), statistics.median(subject) / statistics.median(peer),
            statistics.median(peer) / statistics.median(subject)))


if __name__ == "__main__":
    main()
