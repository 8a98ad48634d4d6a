#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A search algorithm of one's own as a service: steps away from the best trial, smaller ones with time.

usage: service.py [HOST:PORT]     (127.0.0.1:6789; port 0: a free one, printed)

Needs gRPC for Python, and protoc with its plug-in for Python or the package grpcio-tools.
"""
import concurrent.futures
import pathlib
import random
import subprocess
import sys
import tempfile

import grpc

PROTO = pathlib.Path(__file__).resolve().parents[2] / "api" / "proto" / "katib_v1beta1.proto"
OUT = tempfile.TemporaryDirectory()
ARGS = ["-I", str(PROTO.parent), "--python_out", OUT.name, "--grpc_python_out", OUT.name, str(PROTO)]
try:
    from grpc_tools import protoc
    protoc.main(["protoc", *ARGS])
except ImportError:
    subprocess.run(["protoc", "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin", *ARGS], check=True)
sys.path.insert(0, OUT.name)
import katib_v1beta1_pb2 as pb  # noqa: E402
import katib_v1beta1_pb2_grpc as stubs  # noqa: E402


def draw(rng, parameter, near, width):
    """A value of the parameter as text, within `width` of its range around `near`."""
    space, kind = parameter.feasible_space, parameter.parameter_type
    if kind in (pb.DISCRETE, pb.CATEGORICAL):
        return near if near and rng.random() > width else rng.choice(list(space.list))
    low, high = float(space.min), float(space.max)
    center = float(near) if near else rng.uniform(low, high)
    value = min(max(center + rng.uniform(-1, 1) * width * (high - low), low), high)
    return str(round(value)) if kind == pb.INT else repr(value)


class Climber(stubs.SuggestionServicer):
    def ValidateAlgorithmSettings(self, request, context):
        for setting in request.experiment.spec.algorithm.algorithm_settings:
            if setting.name != "seed" or not setting.value.isdigit():
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{setting.name}: the one setting is seed, a whole number")
        return pb.ValidateAlgorithmSettingsReply()

    def GetSuggestions(self, request, context):
        spec = request.experiment.spec
        seed = {s.name: s.value for s in spec.algorithm.algorithm_settings}.get("seed", "0")
        results = [(float(t.status.observation.metrics[0].value), t) for t in request.trials
                   if t.status.condition == pb.TrialStatus.SUCCEEDED and t.status.observation.metrics]
        pick = max if spec.objective.type == pb.MAXIMIZE else min
        best = pick(results, key=lambda r: r[0])[1].spec.parameter_assignments.assignments if results else []
        near = {a.name: a.value for a in best}
        reply = pb.GetSuggestionsReply()
        first = request.total_request_number - request.current_request_number
        for number in range(first, request.total_request_number):
            rng = random.Random(f"{seed} {number}")  # so that a request that comes twice has one answer
            trial = reply.parameter_assignments.add()
            for parameter in spec.parameter_specs.parameters:
                trial.assignments.add(name=parameter.name,
                                      value=draw(rng, parameter, near.get(parameter.name), 1 / (1 + len(results) / 4)))
        return reply


server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
stubs.add_SuggestionServicer_to_server(Climber(), server)
address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:6789"
port = server.add_insecure_port(address)
server.start()
print(f"listening on {address.rpartition(':')[0]}:{port}", flush=True)
server.wait_for_termination()
