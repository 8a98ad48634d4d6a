#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Early-stopping services that are not to be believed: the rule's name says what is wrong with them.

usage: remote_stop_fake.py STUBS
STUBS: see fake_service.py.
"""

import fake_service
import grpc
from api.proto import katib_v1beta1_pb2 as pb


def reply(name="loss", value="0.5", **more):
    return pb.GetEarlyStoppingRulesReply(early_stopping_rules=[pb.EarlyStoppingRule(name=name, value=value, **more)])


FAULTS = {
    "foreign": lambda: reply(name="accuracy"),
    "number": lambda: reply(value="much"),
    "comparison": lambda: reply(comparison=9),
    "step": lambda: reply(start_step=-1),
    "many": lambda: pb.GetEarlyStoppingRulesReply(early_stopping_rules=[pb.EarlyStoppingRule(name="loss", value="1")] * 65),
    "big": lambda: reply(value="1" * (5 << 20)),
    "slow": fake_service.slow,
    "broken": fake_service.broken,
    "garbage": lambda: fake_service.GARBAGE,
}


def rules(request, context):
    return FAULTS[request.experiment.spec.early_stopping.algorithm_name]()


def validate(request, context):
    if request.early_stopping.algorithm_name == "refused":
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "patience must be > 0")
    return pb.ValidateEarlyStoppingSettingsReply()


fake_service.serve("EarlyStopping", {
    "GetEarlyStoppingRules": (rules, pb.GetEarlyStoppingRulesRequest),
    "ValidateEarlyStoppingSettings": (validate, pb.ValidateEarlyStoppingSettingsRequest)})
