"""Compares what Assay reads from TensorBoard logs with what TensorBoard itself reads.

    tensorboard.py ASSAY-PROGRAM

Writes logs with TensorBoard's own writer and tensorboardX (those of tests/source/data and larger,
more awkward ones), has the program print every run and point as JSON, and compares each value, step
and time with what TensorBoard's EventAccumulator gives. Prints "N passed, N failed". Needs
tensorboard and tensorboardX.
"""
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
# This file must not be found in the place of the package it is named after.
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != HERE]
sys.path.insert(0, os.path.join(HERE, "..", "source", "data"))

import numpy as np  # noqa: E402
import make_tensorboard as fixtures  # noqa: E402
from tensorboard.backend.event_processing import event_accumulator  # noqa: E402
from tensorboard.compat.proto import summary_pb2, tensor_pb2, types_pb2  # noqa: E402
from tensorboard.plugins.hparams import plugin_data_pb2  # noqa: E402
from tensorboard.util import tensor_util  # noqa: E402
import tensorboardX  # noqa: E402

passed = failed = 0


def check(good, what):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print("FAILED", what)


# ---- the logs ----

def many_points(directory):
    """Several chunks of points, tags that come and go, a second file."""
    rng = random.Random(1)
    for part in range(2):
        log = fixtures.Log(os.path.join(directory, "many"), second=1000 * part)
        for step in range(part * 9000, part * 9000 + 10000):
            log.simple(step, loss=rng.gauss(0, 1))
            log.time += rng.random() / 1000
            if step % 10 == 0:
                log.simple(step, lr=rng.random(), epoch=step / 1000)
            if step % 97 == 0:
                log.simple(step, loss=float("nan"))
        log.close()


def awkward_numbers(directory):
    log = fixtures.Log(os.path.join(directory, "numbers"))
    bits = [0, 1, 0x80000000, 0x7f7fffff, 0xff7fffff, 0x00800000, 0x007fffff, 0x7f800000,
            0xff800000, 0x7fc00000, 0x3dcccccd, 0x4b7fffff]
    rng = random.Random(2)
    bits += [rng.getrandbits(32) for _ in range(500)]
    for step, pattern in enumerate(bits):
        value = struct.unpack("<f", struct.pack("<I", pattern))[0]
        log.simple(step, value=value)
    shape = tensor_pb2.TensorProto().tensor_shape
    for step in range(500):
        value = struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0]
        log.tensor(step, "double", tensor_pb2.TensorProto(
            dtype=types_pb2.DT_DOUBLE, tensor_shape=shape, double_val=[value]))
    for step in (0, 1, -1, 127, 128, 2**31, 2**53 + 1, 2**63 - 1, -2**63):
        log.simple(step, steps=float(step % 1000))
    for step, wall in enumerate((0.0, 0.0004, 0.0005, 1e9 + 0.9994, 1e9 + 0.9996, 4e9, 1.5)):
        log.time = wall
        log.simple(step, time=1.0)
    log.close()


def awkward_names(directory):
    names = ["a/b/c", "with blank", "ünïcode/λ/🙂", "quote\"'", "comma,semi;", "x" * 3000,
             "tab\tand\nnewline", "percent%41", "back\\slash", "-dash", "trailing ", "{json}"]
    log = fixtures.Log(os.path.join(directory, "names", "with blank", "λ"))
    for step in range(3):
        log.event(step=step, summary=summary_pb2.Summary(value=[
            summary_pb2.Summary.Value(tag=name, simple_value=step + 0.5) for name in names]))
    log.close()


def from_tensorboard_x(directory):
    writer = tensorboardX.SummaryWriter(os.path.join(directory, "x2"))
    for step in range(200):
        writer.add_scalars("group", {"one": step * 0.1, "two": -step}, step)
        writer.add_scalar("plain", math.sin(step), step)
    writer.add_text("words", "line one\n\nline *two*", 3)
    writer.add_hparams({"lr": 1e-05, "depth": 12, "big": 1e22, "act": "gelu", "flag": False},
                       {"hparam/score": 0.25}, name="search/1")
    writer.close()


def empty_and_torn(directory):
    os.makedirs(os.path.join(directory, "empty"))
    open(os.path.join(directory, "empty", "events.out.tfevents.1700000000.h"), "wb").close()
    log = fixtures.Log(os.path.join(directory, "torn"))
    for step in range(50):
        log.simple(step, loss=float(step))
    log.close()
    os.truncate(log.path, os.path.getsize(log.path) - 7)


# ---- what TensorBoard reads ----

def milliseconds(wall_time):
    return math.floor(wall_time * 1000 + 0.5)


def array_of(tensor):
    """A tensor as array. TensorBoard's own function knows neither uint32 nor uint64, nor, as
    TensorFlow's does, that values left out are zeros."""
    unsigned = {types_pb2.DT_UINT32: ("<u4", "uint32_val"),
                types_pb2.DT_UINT64: ("<u8", "uint64_val")}
    if not tensor.tensor_content and not any(
            field.name.endswith("_val") for field, _ in tensor.ListFields()):
        return np.zeros([dim.size for dim in tensor.tensor_shape.dim])
    if tensor.dtype not in unsigned:
        return tensor_util.make_ndarray(tensor)
    layout, field = unsigned[tensor.dtype]
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, layout)
    return np.array(getattr(tensor, field), layout)


def hparams_of(content):
    data = plugin_data_pb2.HParamsPluginData.FromString(content)
    params = {}
    for name, value in data.session_start_info.hparams.items():
        params[name] = getattr(value, value.WhichOneof("kind")) if value.WhichOneof("kind") else None
    return params


def read_run(directory):
    """({tag: [(step, ms, value)]}, {param: value}, {text tag: text}) by EventAccumulator."""
    sizes = {kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}
    log = event_accumulator.EventAccumulator(directory, sizes, purge_orphaned_data=False)
    log.Reload()
    points, params, texts = {}, {}, {}
    for tag in log.Tags()["scalars"]:
        points[tag] = [(e.step, milliseconds(e.wall_time), e.value) for e in log.Scalars(tag)]
    for tag in log.Tags()["tensors"]:
        metadata = log.SummaryMetadata(tag).plugin_data
        events = log.Tensors(tag)
        if metadata.plugin_name == "scalars":
            arrays = [(e, array_of(e.tensor_proto)) for e in events]
            found = [(e.step, milliseconds(e.wall_time), float(array.item()))
                     for e, array in arrays if array.size == 1]
            if found:
                points[tag] = found
        elif metadata.plugin_name == "text":
            array = tensor_util.make_ndarray(events[-1].tensor_proto)
            texts[tag] = "\n".join(item.decode() for item in array.flatten())
    for tag, content in log.PluginTagToContent("hparams").items() \
            if "hparams" in log._plugin_to_tag_to_content else []:
        params.update(hparams_of(content))
    return points, params, texts


def runs_below(directory):
    """{run's name: directory}, as TensorBoard names them."""
    return {os.path.relpath(folder, directory): folder
            for folder, _, files in os.walk(directory, followlinks=True)
            if any("tfevents" in name for name in files)}


# ---- what Assay reads ----

class Assay:
    def __init__(self, program, source, home):
        self.program, self.source = program, source
        self.environment = dict(os.environ, HOME=home, XDG_DATA_HOME=home + "/data",
                                XDG_CACHE_HOME=home + "/cache", XDG_CONFIG_HOME=home + "/config")
        for name in ("ASSAY_SOURCES", "ASSAY_STORE", "ASSAY_CACHE", "ASSAY_CONFIG"):
            self.environment.pop(name, None)

    def json(self, *arguments, status=(0,)):
        # A point that is out of bounds is told on standard error; what is there is printed.
        done = subprocess.run([self.program, *arguments, "-S", self.source, "--format", "json"],
                              env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        if done.returncode not in status:
            sys.exit("assay %s: exit status %d: %s" % (" ".join(arguments), done.returncode,
                                                       done.stderr.decode()))
        return json.loads(done.stdout)


def number(value):
    return float({"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}.get(value, value))


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def same_param(text, value):
    if value is None:
        return text == ""
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, float):
        return float(text) == value
    return text == value


def compare_run(assay, found, directory, status):
    name = found["name"]
    points, params, texts = read_run(directory)
    check(set(found["metrics"]) == set(points), "%s: metrics %s instead of %s" % (
        name, sorted(found["metrics"]), sorted(points)))
    check(set(found["params"]) == set(params), "%s: params %s" % (name, found["params"]))
    for key, value in params.items():
        check(same_param(found["params"].get(key), value), "%s: param %s" % (name, key))
    for key, value in texts.items():
        check(found["tags"].get(key) == value, "%s: text %s: %r" % (
            name, key, found["tags"].get(key)))
    if not points:
        return
    reference = "%s/%s" % (found["experiment"]["name"], name)
    document = assay.json("series", reference, status=status)
    series = {entry["metric"]: entry for entry in document["series"]}
    for tag, expected in points.items():
        # The contract's order: step, time, order written. EventAccumulator keeps that last one.
        expected = sorted(expected, key=lambda point: point[:2])
        entry = series.get(tag, {"points": [], "n": 0})
        check(entry["n"] == len(expected) == len(entry["points"]),
              "%s: %s: %d points instead of %d" % (name, tag, entry["n"], len(expected)))
        for got, want in zip(entry["points"], expected):
            check(got[0] == want[0] and got[1] == want[1] and same(number(got[2]), want[2]),
                  "%s: %s: %s instead of %s" % (name, tag, got, want))
        summary = found["metrics"].get(tag)
        if not summary:
            continue
        finite = [value for _, _, value in expected if math.isfinite(value)]
        check(summary["n"] == len(expected), "%s: %s: n" % (name, tag))
        check(summary["nonfinite"] == len(expected) - len(finite), "%s: %s: nonfinite" % (name, tag))
        check(same(number(summary["last"]), expected[-1][2]), "%s: %s: last" % (name, tag))
        if finite:
            check(number(summary["min"]) == min(finite), "%s: %s: min" % (name, tag))
            check(number(summary["max"]) == max(finite), "%s: %s: max" % (name, tag))


def compare(assay, directory, status=(0,)):
    document = assay.json("runs", status=status)
    found = {run["name"]: run for run in document["runs"]}
    expected = runs_below(directory)
    # TensorBoard lists a file of no bytes as a run; here a run is what holds an event.
    if "empty" in expected:
        check("empty" not in found, "a file of no bytes is a run")
        del expected["empty"]
    check(set(found) == set(expected), "runs %s instead of %s" % (sorted(found), sorted(expected)))
    for name in sorted(set(found) & set(expected)):
        compare_run(assay, found[name], expected[name], status)


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        logs = os.path.join(scratch, "logs")
        fixtures.make(logs)
        many_points(logs)
        awkward_numbers(logs)
        awkward_names(logs)
        from_tensorboard_x(logs)
        empty_and_torn(logs)
        assay = Assay(program, logs, os.path.join(scratch, "home"))
        # 3: a vector that says it is a scalar is told as a problem.
        compare(assay, logs, status=(0, 3))
        # Again from the cache, after two files have grown.
        log = fixtures.Log(os.path.join(logs, "many"), second=5000)
        for step in range(100):
            log.simple(step, loss=float(step), late=1.0)
        log.close()
        compare(assay, logs, status=(0, 3))
        # And from nothing but the files.
        assay = Assay(program, logs, os.path.join(scratch, "another home"))
        compare(assay, logs, status=(0, 3))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
