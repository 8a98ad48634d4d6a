# SPDX-License-Identifier: Apache-2.0
"""How the space of a study without a declared one grows."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING

from hone._errors import AlreadyExists, NotFound, NotNow, SpaceError
from hone._http import quoted
from hone._reading import rows_of
from hone._space import Space, middle
from hone._stages import WIRE_STATES, Outcome, Past, Stage, key_of, stage_of, with_space

if TYPE_CHECKING:
    from hone._study import Study

_MOST_CARRIED = 5000
_MOST_BYTES = 1_900_000  # of the 2 MiB that a request may have
_ROOM = 16  # what JSON in JSON adds
_OPEN = ("Pending", "Running")


def find_new(study: Study) -> None:
    """Takes up the stages that other processes have begun."""
    with study._lock:
        while True:
            number = len(study._stages) + 1
            name = study.name if number == 1 else f"{study.name}-g{number}"
            study._looked_at = time.monotonic()
            try:
                answer = study._call("GET", f"/api/v1/experiments/{quoted(name)}")
            except NotFound:
                return
            stage = stage_of(answer)
            if not stage.by_run:
                raise AlreadyExists(f"{name}: there is a study or experiment of this name")
            study._stages.append(stage)


def grow(study: Study, new: Space, outside: Past | None) -> None:
    """Goes on with a space that has `new`, and knows of a trial that no stage has."""
    while True:
        study._refresh()
        with study._lock:
            stages = list(study._stages)
        space: Space = dict(stages[-1].space) if stages else {}
        for name, domain in new.items():
            if space.setdefault(name, domain) != domain:
                raise SpaceError(f"{name}: is {space[name]} for another trial, {domain} here")
        if stages and space == stages[-1].space and outside is None:
            return
        copies = pasts_of(study, space)
        own = []
        if outside is not None:
            whole = {n: outside.params.get(n, middle(d)) for n, d in space.items()}
            key = key_of(space, whole)
            if any(key_of(space, past.params) == key for past in copies):
                return  # the same values gave a result already
            own = [Past(whole, outside.outcome)]
        number = len(stages) + 1
        name = study.name if number == 1 else f"{study.name}-g{number}"
        copies = _that_fit(copies)
        pasts = copies + own
        document = with_space(study._base, name, space, True, pasts, len(copies), number)
        try:
            stage = stage_of(study._call("POST", "/api/v1/experiments", document, again=False))
        except AlreadyExists:
            continue  # another thread or process was quicker; with what it knows, again
        with study._lock:
            if len(study._stages) < number:
                study._stages.append(stage)
        feed(study, stage, len(pasts))
        for former in stages:
            retire(study, former)
        return


def _that_fit(pasts: list[Past]) -> list[Past]:
    """The last ones, as many as the engine takes in one experiment."""
    left = _MOST_BYTES
    for count, past in enumerate(reversed(pasts)):
        left -= len(json.dumps([past.outcome.to_json(), dict(past.params)])) * 2 + _ROOM
        if left < 0 or count >= _MOST_CARRIED:
            return pasts[len(pasts) - count :]
    return pasts


def pasts_of(study: Study, space: Space) -> list[Past]:
    """The trials that are over, each set of values once, completed over a greater space."""
    pasts: dict[tuple[str, ...], Past] = {}
    for trial in study.trials:
        if trial.state not in WIRE_STATES or (trial.state == "stopped" and trial.values is None):
            continue
        whole = {name: trial.params.get(name, middle(d)) for name, d in space.items()}
        reports = () if trial.state != "stopped" else ((1.0, trial.value or 0.0),)
        outcome = Outcome(
            WIRE_STATES["out_of_memory" if trial.ending == "OutOfMemory" else trial.state],
            trial.values if trial.state == "succeeded" else None,
            trial.message,
            reports,
        )
        pasts.setdefault(key_of(space, whole), Past(whole, outcome))
    return list(pasts.values())


def feed(study: Study, stage: Stage, count: int) -> None:
    """Tells a new stage what it is known to be told. Other processes may do so, too."""
    while count > 0:
        asked = min(count, 100)
        fresh = study._ask_stage(stage, asked, 1)
        count -= asked
        if fresh:  # others have told the rest
            with study._lock:
                study._ready.extend(fresh)
            return


def retire(study: Study, stage: Stage) -> None:
    """Stops a former stage once nothing of it runs."""
    with study._lock:
        former = stage is not study._stages[-1] and stage in study._stages[:-1]
    if not former:
        return
    with contextlib.suppress(NotNow):  # another process did so
        # The count of those that run leaves out a trial that was given a moment ago.
        running = study._get(stage)["phase"] == "Running"
        if running and not any(row["phase"] in _OPEN for row in rows_of(study, stage)):
            study._call(
                "POST",
                f"/api/v1/experiments/{quoted(stage.name)}/stop",
                {"reason": "the study goes on with more parameters"},
            )
