#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the event files that the tests read, with the real packages.

  python3 -m venv VENV && VENV/bin/pip install tensorboardX==2.6.5 tensorboard==2.21.0
  VENV/bin/python tests/metrics-collector/make_event_files.py FOLDER
"""

import math
import os
import sys

import numpy
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.scalar.metadata import create_summary_metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto
from tensorboardX import SummaryWriter


def rename(folder: str, name: str) -> None:
    """Gives the only file of a folder a name without the time and the machine in it."""
    (only,) = os.listdir(folder)
    os.rename(os.path.join(folder, only), os.path.join(folder, name))


def write_scalars(folder: str) -> None:
    """simple_value, as PyTorch and tensorboardX write it."""
    writer = SummaryWriter(folder)
    for step, value in enumerate((0.1, 0.5, math.nan, 0.75)):
        writer.add_scalar("accuracy", value, step, walltime=1700000000.25 + step)
    writer.add_scalar("accuracy_top5", 0.9, 3, walltime=1700000004)
    writer.add_histogram("weights", numpy.arange(8.0), 3, bins=4, walltime=1700000004)
    writer.close()
    rename(folder, "events.out.tfevents.1")


def write_tensors(folder: str) -> None:
    """Tensors of the scalars plugin, as TensorFlow 2 writes them."""
    writer = EventFileWriter(folder)
    for step, dtype in enumerate((numpy.float32, numpy.float64, numpy.int32, numpy.int64)):
        metadata = create_summary_metadata("loss", "")
        tensor = make_tensor_proto(dtype(2.5 - step))
        value = summary_pb2.Summary.Value(tag="loss", tensor=tensor, metadata=metadata)
        summary = summary_pb2.Summary(value=[value])
        wall = 1700000000.0 + step
        writer.add_event(event_pb2.Event(wall_time=wall, step=10 * step, summary=summary))
    other = summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="text"))
    note = summary_pb2.Summary.Value(
        tag="loss", tensor=make_tensor_proto(numpy.float32(9)), metadata=other)
    writer.add_event(event_pb2.Event(step=40, summary=summary_pb2.Summary(value=[note])))
    writer.close()
    rename(folder, "events.out.tfevents.2")


def main() -> None:
    root = sys.argv[1]
    write_scalars(os.path.join(root, "validation"))
    write_tensors(os.path.join(root, "train"))


main()
