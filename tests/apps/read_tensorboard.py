#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what the real TensorBoard makes of a log folder, as JSON: the curves and the hparams page.

usage: read_tensorboard.py FOLDER
"""

import json
import sys

from google.protobuf import json_format
from tensorboard import context
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment
from tensorboard.plugins.hparams import list_session_groups


def main() -> None:
    events = plugin_event_multiplexer.EventMultiplexer()
    events.AddRunsFromDirectory(sys.argv[1])
    events.Reload()
    curves = {}
    for run in events.Runs():
        accumulator = events.GetAccumulator(run)
        for tag in accumulator.Tags()["tensors"]:
            if tag.startswith("_hparams_/"):
                continue
            points = [(event.step, float(event.tensor_proto.float_val[0]))
                      for event in accumulator.Tensors(tag)]
            curves.setdefault(run, {})[tag] = points

    provider = data_provider.MultiplexerDataProvider(events, sys.argv[1])
    hparams = backend_context.Context(
        base_plugin.TBContext(data_provider=provider, logdir=sys.argv[1], multiplexer=events))
    request = context.RequestContext()
    every = [api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE,
             api_pb2.STATUS_RUNNING]
    sessions = list_session_groups.Handler(
        request, hparams, "", api_pb2.ListSessionGroupsRequest(
            slice_size=1000, allowed_statuses=every)).run()
    experiment = get_experiment.Handler(
        request, hparams, "", api_pb2.GetExperimentRequest()).run()
    print(json.dumps({
        "curves": curves,
        "experiment": json_format.MessageToDict(experiment),
        "sessions": json_format.MessageToDict(sessions),
    }))


if __name__ == "__main__":
    main()
