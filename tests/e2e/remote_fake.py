#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Suggestion services that are not to be believed: the algorithm's name says what is wrong with them.

usage: remote_fake.py STUBS
STUBS is the folder of the code that protoc and grpc_python_plugin made of api/proto.
"""

import concurrent.futures
import sys
import time

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402
from api.proto import katib_v1beta1_pb2 as pb  # noqa: E402

GOOD = "0.5"


def reply(*values, name="x"):
    message = pb.GetSuggestionsReply()
    for value in values:
        message.parameter_assignments.add().assignments.add(name=name, value=value)
    return message


def twice(count):
    message = reply(*[GOOD] * count)
    for item in message.parameter_assignments:
        item.assignments.add(name="x", value=GOOD)
    return message


def big(count):
    message = reply(*[GOOD] * count)
    message.parameter_assignments[0].labels["note"] = "m" * (5 << 20)
    return message


def slow(count):
    time.sleep(30)
    return reply(*[GOOD] * count)


def broken(count):
    raise KeyError("lr")


FAULTS = {
    "count": lambda count: reply(*[GOOD] * (count + 1)),
    "foreign": lambda count: reply(*[GOOD] * count, name="y"),
    "bounds": lambda count: reply(*["7"] * count),
    "kind": lambda count: reply(*["much"] * count),
    "twice": twice,
    "missing": lambda count: pb.GetSuggestionsReply(parameter_assignments=[{}] * count),
    "big": big,
    "slow": slow,
    "broken": broken,
    "garbage": lambda count: b"\x0a\xff\xff\xff\x7fnot a message",
}


def suggest(request, context):
    return FAULTS[request.experiment.spec.algorithm.algorithm_name](request.current_request_number)


def validate(request, context):
    if request.experiment.spec.algorithm.algorithm_name == "refused":
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "gamma must be > 0")
    return pb.ValidateAlgorithmSettingsReply()


def write(message):
    return message if isinstance(message, bytes) else message.SerializeToString()


def main():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("api.v1.beta1.Suggestion", {
        "GetSuggestions": grpc.unary_unary_rpc_method_handler(suggest, pb.GetSuggestionsRequest.FromString, write),
        "ValidateAlgorithmSettings": grpc.unary_unary_rpc_method_handler(
            validate, pb.ValidateAlgorithmSettingsRequest.FromString, write)})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print("listening on 127.0.0.1:%d" % port, flush=True)
    server.wait_for_termination()


main()
