#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Early-stopping services that are not to be believed: the rule's name says what is wrong with them.

usage: remote_stop_fake.py STUBS
STUBS is the folder of the code that protoc and grpc_python_plugin made of api/proto.
"""

import concurrent.futures
import sys
import time

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402
from api.proto import katib_v1beta1_pb2 as pb  # noqa: E402


def reply(name="loss", value="0.5", **more):
    return pb.GetEarlyStoppingRulesReply(early_stopping_rules=[pb.EarlyStoppingRule(name=name, value=value, **more)])


def slow():
    time.sleep(30)
    return reply()


def broken():
    raise KeyError("lr")


FAULTS = {
    "foreign": lambda: reply(name="accuracy"),
    "number": lambda: reply(value="much"),
    "comparison": lambda: reply(comparison=9),
    "step": lambda: reply(start_step=-1),
    "many": lambda: pb.GetEarlyStoppingRulesReply(early_stopping_rules=[pb.EarlyStoppingRule(name="loss", value="1")] * 65),
    "big": lambda: reply(value="1" * (5 << 20)),
    "slow": slow,
    "broken": broken,
    "garbage": lambda: b"\x0a\xff\xff\xff\x7fnot a message",
}


def rules(request, context):
    return FAULTS[request.experiment.spec.early_stopping.algorithm_name]()


def validate(request, context):
    if request.early_stopping.algorithm_name == "refused":
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "patience must be > 0")
    return pb.ValidateEarlyStoppingSettingsReply()


def write(message):
    return message if isinstance(message, bytes) else message.SerializeToString()


def main():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("api.v1.beta1.EarlyStopping", {
        "GetEarlyStoppingRules": grpc.unary_unary_rpc_method_handler(
            rules, pb.GetEarlyStoppingRulesRequest.FromString, write),
        "ValidateEarlyStoppingSettings": grpc.unary_unary_rpc_method_handler(
            validate, pb.ValidateEarlyStoppingSettingsRequest.FromString, write)})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print("listening on 127.0.0.1:%d" % port, flush=True)
    server.wait_for_termination()


main()
