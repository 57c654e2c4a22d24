"""Writes the TensorBoard logs the reader is tested on: make_tensorboard.py DIRECTORY

Needs tensorboard and tensorboardX (numpy and pillow come with them). Everything is fixed (times,
names, values), so that the same versions write the same bytes. tests/live/tensorboard.py imports
this and adds larger logs.
"""
import os
import struct
import sys

import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
from tensorboard.plugins.hparams import api_pb2 as hparams_api
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.plugins.hparams import summary_v2 as hparams
from tensorboard.plugins.scalar import summary_v2 as scalar
from tensorboard.plugins.text import summary_v2 as text
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.summary.writer.record_writer import RecordWriter
import tensorboard.summary.writer.event_file_writer as event_file_writer
import tensorboardX

START = 1700000000.0


class Log:
    """One event file, written record by record by TensorBoard's own RecordWriter."""

    def __init__(self, directory, second=0, suffix=""):
        os.makedirs(directory, exist_ok=True)
        self.path = os.path.join(
            directory, "events.out.tfevents.%010d.host.1.0%s" % (START + second, suffix))
        self.file = open(self.path, "wb")
        self.writer = RecordWriter(self.file)
        self.time = START + second
        self.event(file_version="brain.Event:2")

    def event(self, **fields):
        event = event_pb2.Event(wall_time=self.time, **fields)
        self.writer.write(event.SerializeToString())
        self.time += 0.25

    def simple(self, step, **values):
        self.event(step=step, summary=summary_pb2.Summary(value=[
            summary_pb2.Summary.Value(tag=tag.replace("__", "/"), simple_value=value)
            for tag, value in values.items()]))

    def tensor(self, step, tag, tensor, plugin="scalars"):
        value = summary_pb2.Summary.Value(tag=tag, tensor=tensor)
        if plugin:
            value.metadata.plugin_data.plugin_name = plugin
        self.event(step=step, summary=summary_pb2.Summary(value=[value]))

    def close(self):
        self.writer.flush()
        self.file.close()


def strip(summary):
    """What TensorFlow's writers do after the first value of a tag."""
    for value in summary.value:
        value.ClearField("metadata")
    return summary


def tensorflow_1(directory):
    """The log directory itself is a run; several values an event; values that are no numbers."""
    log = Log(directory)
    for step in range(5):
        log.simple(step, loss=1.0 / (step + 1), accuracy=0.1 * step)
    log.simple(5, loss=float("nan"), accuracy=0.5)
    log.simple(6, loss=float("inf"), accuracy=-0.0)
    log.simple(7, loss=float("-inf"), accuracy=1e-42)
    log.close()


def tensorflow_2(directory):
    log = Log(os.path.join(directory, "train"), suffix=".v2")
    for step in range(6):
        summary = scalar.scalar_pb("epoch_loss", 2.0 / (step + 2))
        log.event(step=step, summary=summary if step == 0 else strip(summary))
    log.event(step=3, summary=text.text_pb("notes", "first\nsecond"))
    log.close()
    log = Log(os.path.join(directory, "validation"), suffix=".v2")
    for step in (0, 5):
        summary = scalar.scalar_pb("epoch_loss", 3.0 / (step + 2))
        log.event(step=step, summary=summary if step == 0 else strip(summary))
    log.close()


def number_types(directory):
    """Tensors of rank 0 in every type, both ways of writing them."""
    log = Log(os.path.join(directory, "types"))
    shape = tensor_pb2.TensorProto().tensor_shape
    cases = [
        ("float", types_pb2.DT_FLOAT, "float_val", 0.1, "<f4"),
        ("double", types_pb2.DT_DOUBLE, "double_val", 0.1, "<f8"),
        ("int8", types_pb2.DT_INT8, "int_val", -7, "<i1"),
        ("int16", types_pb2.DT_INT16, "int_val", -700, "<i2"),
        ("int32", types_pb2.DT_INT32, "int_val", -70000, "<i4"),
        ("int64", types_pb2.DT_INT64, "int64_val", -7000000000, "<i8"),
        ("uint8", types_pb2.DT_UINT8, "int_val", 200, "<u1"),
        ("uint16", types_pb2.DT_UINT16, "int_val", 60000, "<u2"),
        ("uint32", types_pb2.DT_UINT32, "uint32_val", 4000000000, "<u4"),
        ("uint64", types_pb2.DT_UINT64, "uint64_val", 9000000000, "<u8"),
        ("bool", types_pb2.DT_BOOL, "bool_val", True, "?"),
    ]
    for name, dtype, field, value, layout in cases:
        content = np.array(value, layout).tobytes()
        log.tensor(1, name, tensor_pb2.TensorProto(
            dtype=dtype, tensor_shape=shape, **{field: [value]}))
        log.tensor(2, name, tensor_pb2.TensorProto(
            dtype=dtype, tensor_shape=shape, tensor_content=content))
    half = int(np.frombuffer(np.float16(-0.3).tobytes(), "<u2")[0])
    log.tensor(1, "half", tensor_pb2.TensorProto(
        dtype=types_pb2.DT_HALF, tensor_shape=shape, half_val=[half]))
    log.tensor(2, "half", tensor_pb2.TensorProto(
        dtype=types_pb2.DT_HALF, tensor_shape=shape, tensor_content=struct.pack("<H", half)))
    # Zero in full, and zero left out.
    log.tensor(1, "zero", tensor_pb2.TensorProto(
        dtype=types_pb2.DT_FLOAT, tensor_shape=shape, tensor_content=b"\0\0\0\0"))
    log.tensor(2, "zero", tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape))
    # No scalars: a vector, a histogram's tensor.
    vector = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1, 2])
    vector.tensor_shape.dim.add(size=2)
    log.tensor(1, "vector", vector)
    log.tensor(1, "histogram", vector, plugin="histograms")
    log.close()


def restarted(directory):
    """A second file that goes back; then one step several times."""
    log = Log(os.path.join(directory, "nested", "restarted"))
    for step in range(10):
        log.simple(step, loss=10.0 - step)
    log.close()
    log = Log(os.path.join(directory, "nested", "restarted"), second=100)
    log.event(step=6, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START))
    for step in range(6, 12):
        log.simple(step, loss=20.0 - step)
    log.simple(11, loss=0.5)
    log.simple(-3, loss=0.25)
    log.close()


def hyperparameters(directory):
    log = Log(os.path.join(directory, "trial"))
    log.event(summary=hparams.hparams_pb(
        {"lr": 0.001, "layers": 3, "optimiser": "adam", "nesterov": True, "none": ""},
        trial_id="trial-1", start_time_secs=START))
    log.simple(1, val__loss=0.75)
    log.event(summary=hparams_session_end())
    log.close()


def hparams_session_end():
    content = plugin_data_pb2.HParamsPluginData(
        version=0, session_end_info=plugin_data_pb2.SessionEndInfo(
            status=hparams_api.STATUS_SUCCESS, end_time_secs=START + 9))
    value = summary_pb2.Summary.Value(tag="_hparams_/session_end_info")
    value.metadata.plugin_data.plugin_name = "hparams"
    value.metadata.plugin_data.content = content.SerializeToString()
    return summary_pb2.Summary(value=[value])


def tensorboard_x(directory):
    place = os.path.join(directory, "x")
    now = [START]

    def clock():
        now[0] += 1
        return now[0]

    import time
    real, time.time = time.time, clock
    try:
        writer = tensorboardX.SummaryWriter(place)
        for step in range(4):
            writer.add_scalar("train/loss", 1.5 - 0.25 * step, step, walltime=START + step)
            writer.add_scalar("big step", float(step), 10**12 + step, walltime=START + step)
        writer.add_text("remark", "a **bold** claim", 2, walltime=START)
        writer.add_histogram("weights", np.arange(10.0), 1, walltime=START)
        writer.add_image("picture", np.zeros((3, 2, 2), np.uint8), 1, walltime=START)
        writer.add_hparams({"lr": 0.5, "kind": "x", "on": True}, {"final": 0.125}, name="trial")
        writer.close()
    finally:
        time.time = real
    for folder, _, files in os.walk(place):
        for name in files:
            os.rename(os.path.join(folder, name),
                      os.path.join(folder, "events.out.tfevents.%010d.host.1.0" % START))


def damaged(directory):
    """Three files of twenty points: one ends in a record, one has a wrong byte in the data of
    point 8, one in the length of point 12."""
    for name in ("torn", "bad-data", "bad-length"):
        log = Log(os.path.join(directory, name))
        offsets = []
        for step in range(20):
            log.writer.flush()
            offsets.append(log.file.tell())
            log.simple(step, loss=float(step))
        log.close()
        with open(log.path, "r+b") as file:
            if name == "torn":
                file.truncate(offsets[19] + 30)
            else:
                at = offsets[8] + 12 + 24 if name == "bad-data" else offsets[12] + 2
                file.seek(at)
                byte = file.read(1)
                file.seek(at)
                file.write(bytes([byte[0] ^ 0x20]))


def pytorch(directory):
    """What PyTorch's SummaryWriter does: TensorBoard's EventFileWriter, one value an event."""
    place = os.path.join(directory, "torch")
    writer = EventFileWriter(place)
    for step in range(3):
        for tag in ("loss", "lr"):
            writer.add_event(event_pb2.Event(
                wall_time=START + step, step=step,
                summary=summary_pb2.Summary(value=[summary_pb2.Summary.Value(
                    tag=tag, simple_value=0.5 ** step)])))
    double = tensor_pb2.TensorProto(dtype=types_pb2.DT_DOUBLE, double_val=[1.0 / 3.0])
    value = summary_pb2.Summary.Value(tag="precise", tensor=double)
    value.metadata.plugin_data.plugin_name = "scalars"
    writer.add_event(event_pb2.Event(wall_time=START + 3, step=3,
                                     summary=summary_pb2.Summary(value=[value])))
    writer.close()
    for name in os.listdir(place):
        os.rename(os.path.join(place, name),
                  os.path.join(place, "events.out.tfevents.%010d.host.1.0" % START))


def make(directory):
    """Logs without faults."""
    real, event_file_writer.time.time = event_file_writer.time.time, lambda: START
    try:
        tensorflow_1(directory)
        tensorflow_2(directory)
        number_types(directory)
        restarted(directory)
        hyperparameters(directory)
        pytorch(directory)
    finally:
        event_file_writer.time.time = real
    tensorboard_x(directory)


if __name__ == "__main__":
    make(os.path.join(sys.argv[1], "tb-logs"))
    damaged(os.path.join(sys.argv[1], "tb-damaged"))
