#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Suggestion services that are not to be believed: the algorithm's name says what is wrong with them.

usage: remote_fake.py STUBS
STUBS: see fake_service.py.
"""

import fake_service
import grpc
from api.proto import katib_v1beta1_pb2 as pb

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


FAULTS = {
    "count": lambda count: reply(*[GOOD] * (count + 1)),
    "foreign": lambda count: reply(*[GOOD] * count, name="y"),
    "bounds": lambda count: reply(*["7"] * count),
    "kind": lambda count: reply(*["much"] * count),
    "twice": twice,
    "missing": lambda count: pb.GetSuggestionsReply(parameter_assignments=[{}] * count),
    "big": big,
    "slow": lambda count: fake_service.slow(),
    "broken": lambda count: fake_service.broken(),
    "garbage": lambda count: fake_service.GARBAGE,
}


def suggest(request, context):
    return FAULTS[request.experiment.spec.algorithm.algorithm_name](request.current_request_number)


def validate(request, context):
    if request.experiment.spec.algorithm.algorithm_name == "refused":
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "gamma must be > 0")
    return pb.ValidateAlgorithmSettingsReply()


fake_service.serve("Suggestion", {"GetSuggestions": (suggest, pb.GetSuggestionsRequest),
                                  "ValidateAlgorithmSettings": (validate, pb.ValidateAlgorithmSettingsRequest)})
