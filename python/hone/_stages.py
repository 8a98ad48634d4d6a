# SPDX-License-Identifier: Apache-2.0
"""A study as experiments of the engine.

A study with a declared space is one experiment. Without one, the space is the union of what trials
have asked for so far; when it grows, the study goes on as a further experiment (`NAME-g2`,
`NAME-g3`, ...), a stage, whose first trials are those finished so far. Their outcomes are written
into the experiment itself, so that whichever process is handed one of them can tell what came of
it without running it again.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hone._errors import InvalidArgument, SpaceError
from hone._http import Json
from hone._space import Choice, Domain, Space, from_spec, text_of, to_spec, typed_choices

ANNOTATION = "hone/python"
PARAMS_METRIC = "hone.params"  # of a trial whose parameters are not those it was given: as JSON
_LONGEST_PARAMS = 4096
_PARALLEL = 256
_GOLDEN = 0x9E3779B97F4A7C15  # 2^64 / golden ratio: far from small multiples
_MOST_FAILED = 1_000_000_000
Key = tuple[str, ...]
TellState = Literal["succeeded", "failed", "stopped", "out_of_memory", "preempted"]
WIRE_STATES: Mapping[str, str] = {
    "succeeded": "SUCCEEDED",
    "failed": "FAILED",
    "stopped": "PRUNED",
    "out_of_memory": "OUT_OF_MEMORY",
    "preempted": "PREEMPTED",
}


@dataclass(frozen=True)
class Outcome:
    """What came of a trial."""

    state: str  # as the engine calls it: see WIRE_STATES
    values: tuple[float, ...] | None = None
    message: str = ""
    reports: tuple[tuple[float | None, float], ...] = ()

    def to_json(self) -> Json:
        """For the annotation."""
        return {
            "state": self.state,
            "values": None if self.values is None else [repr(v) for v in self.values],
            "message": self.message,
            "reports": [[step, repr(value)] for step, value in self.reports],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        """The reverse."""
        values = data.get("values")
        return cls(
            str(data["state"]),
            None if values is None else tuple(float(v) for v in values),
            str(data.get("message", "")),
            tuple((step, float(value)) for step, value in data.get("reports", [])),
        )


@dataclass(frozen=True)
class Past:
    """A trial that is over, with the values of what it asked for."""

    params: Mapping[str, Choice]
    outcome: Outcome


@dataclass
class Stage:
    """One experiment of a study."""

    name: str
    space: Space
    by_run: bool
    copies: int  # so many first trials are copies of those of earlier stages
    known: dict[Key, Outcome]
    document: Json  # apiVersion, kind, metadata, spec


def key_of(space: Mapping[str, Domain], params: Mapping[str, Any]) -> Key:
    """What makes two trials the same."""
    key = []
    for name, domain in space.items():
        value = params.get(name)
        number = type(domain).__name__ != "Categorical" and value is not None
        key.append(repr(float(value)) if number else text_of(value))  # type: ignore[arg-type]
    return tuple(key)


def stage_of(experiment: Json) -> Stage:
    """The stage that an answer of the server describes.

    Raises:
        InvalidArgument: Its trials are not for workers.
    """
    thing = experiment["object"]
    spec, metadata = thing["spec"], thing["metadata"]
    if spec.get("runner", {}).get("kind") != "AskTell":
        raise InvalidArgument(
            f"{metadata['name']}: hone runs the trials of this experiment itself; a study needs "
            "spec.runner.kind: AskTell"
        )
    note = json.loads(metadata.get("annotations", {}).get(ANNOTATION, "{}"))
    space = from_spec(spec["parameters"], note.get("choices", {}))
    outcomes = [Outcome.from_json(data) for data in note.get("outcomes", [])]
    known = {
        key_of(space, entry): outcome
        for entry, outcome in zip(spec.get("initialTrials", []), outcomes)
    }
    document = {
        "apiVersion": thing["apiVersion"],
        "kind": thing["kind"],
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "spec": spec,
    }
    by_run, copies = bool(note.get("byRun", False)), int(note.get("copies", 0))
    return Stage(metadata["name"], space, by_run, copies, known, document)


def base_document(
    name: str,
    directions: Sequence[str],
    metrics: Sequence[str],
    algorithm: str,
    settings: Mapping[str, Any],
    more: Mapping[str, Any],
) -> Json:
    """An experiment without parameters. `more`: further fields of the spec."""
    objective: Json = {
        "type": directions[0],
        "objectiveMetricName": metrics[0],
        "metricStrategies": [{"name": metric, "value": "latest"} for metric in metrics],
    }
    if len(metrics) > 1:
        objective["additionalObjectives"] = [
            {"metricName": metric, "type": direction}
            for metric, direction in zip(metrics[1:], directions[1:])
        ]
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": name},
        "spec": {
            "runner": {"kind": "AskTell"},
            "objective": objective,
            "algorithm": {"algorithmName": algorithm, **settings_of(settings)},
            "parallelTrialCount": _PARALLEL,
            "maxFailedTrialCount": _MOST_FAILED,
            **more,
        },
    }


def settings_of(settings: Mapping[str, Any]) -> Json:
    """`algorithmSettings` of an algorithm."""
    listed = [{"name": name, "value": str(value)} for name, value in settings.items()]
    return {"algorithmSettings": listed} if listed else {}


def with_space(
    base: Json,
    name: str,
    space: Mapping[str, Domain],
    by_run: bool,
    pasts: Sequence[Past] = (),
    copies: int = 0,
    stage: int = 1,
) -> str:
    """The document of a stage. `pasts`: complete and different; the first `copies` are copies.

    The `stage` is counted from 1.
    """
    document: Json = json.loads(json.dumps(base))
    document["metadata"]["name"] = name
    document["metadata"]["annotations"] = {
        ANNOTATION: json.dumps(
            {
                "byRun": by_run,
                "choices": typed_choices(space),
                "copies": copies,
                "outcomes": [past.outcome.to_json() for past in pasts],
            }
        )
    }
    spec = document["spec"]
    spec["parameters"] = to_spec(space)
    if stage > 1 and "seed" in spec:  # else it would propose what the first stage did
        spec["seed"] = (int(spec["seed"]) + _GOLDEN * (stage - 1)) % 2**53
    if pasts:
        spec["initialTrials"] = [
            {parameter: text_of(past.params[parameter]) for parameter in space} for past in pasts
        ]
    return json.dumps(document)


def question(count: int, lease_seconds: int, wait_seconds: int) -> Json:
    """What this thread asks for."""
    return {
        "count": count,
        "lease": f"{lease_seconds}s",
        "wait": f"{wait_seconds}s",
        "worker": f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}",
        "requestId": uuid.uuid4().hex,  # repeated with the call, if its answer is lost
    }


def told_values(
    metrics: Sequence[str], outcome: Outcome, params: Mapping[str, Choice], *, reported: bool
) -> list[Json]:
    """What is told with an end. `reported`: the trial's own reports are with the engine."""
    values: list[Json] = []
    if not reported and outcome.reports:  # of a trial that was another one before
        values += [
            {"name": metrics[0], "value": repr(value), "step": step}
            for step, value in outcome.reports[-1:]
        ]
    for metric, value in zip(metrics, outcome.values or ()):
        values.append({"name": metric, "value": repr(value)})
    if params:
        text = json.dumps(dict(params))
        if len(text.encode()) > _LONGEST_PARAMS:
            raise SpaceError("the parameters of a trial must have less than 4 KiB as JSON")
        values.append({"name": PARAMS_METRIC, "value": text})
    return values
