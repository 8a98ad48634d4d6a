# SPDX-License-Identifier: Apache-2.0
"""Studies of Optuna, read without importing it."""

from __future__ import annotations

import math
import secrets
from typing import Any

from hone._create import _connect, _give_back, check_name
from hone._errors import InvalidArgument, SpaceError
from hone._growth import feed
from hone._space import Categorical, Domain, Float, Int, Space, middle
from hone._stages import Outcome, Past, base_document, key_of, stage_of, with_space
from hone._study import Study

_STATES = {"COMPLETE": "SUCCEEDED", "PRUNED": "PRUNED", "FAIL": "FAILED"}


def import_optuna(
    study: Any,
    *,
    name: str | None = None,
    server: str | None = None,
    token: str | None = None,
    data_dir: str | None = None,
    algorithm: str = "auto",
    seed: int | None = None,
) -> Study:
    """A study that has the finished trials of a study of Optuna, and goes on from there.

    Values and parameters are taken over; of trials that had the same parameters, the first.
    Pruned ones count with their last intermediate value. Attributes and times are not taken.

    Args:
        study: An ``optuna.Study``.
        name: Of the new study; none: its name in Optuna.
        server: As of `create_study`, as is the rest.
        token: See there.
        data_dir: See there.
        algorithm: See there.
        seed: See there.

    Raises:
        SpaceError: A parameter had two ranges, which one parameter cannot have in hone.
        InvalidArgument: It has no finished trial, or a distribution that hone does not have.
        AlreadyExists: There is a study of this name.
    """
    directions = [direction.name.lower() for direction in study.directions]
    trials = [trial for trial in study.trials if trial.state.name in _STATES and trial.params]
    if not trials:
        raise InvalidArgument("the study of Optuna has no finished trial with parameters")
    space: Space = {}
    for trial in trials:
        for parameter, distribution in trial.distributions.items():
            domain = _domain(parameter, distribution)
            if space.setdefault(parameter, domain) != domain:
                raise SpaceError(f"{parameter}: is {space[parameter]} and {domain}")
    pasts: dict[tuple[str, ...], Past] = {}
    for trial in trials:
        whole = {n: trial.params.get(n, middle(d)) for n, d in space.items()}
        outcome = _outcome(trial)
        if outcome is not None:
            pasts.setdefault(key_of(space, whole), Past(whole, outcome))
    metrics = ["value"] if len(directions) == 1 else [f"value_{i}" for i in range(len(directions))]
    title = name if name is not None else str(study.study_name)
    if name is None and title.startswith("no-name-"):  # Optuna made it up
        title = f"optuna-{secrets.token_hex(4)}"
    check_name(title)
    more = {} if seed is None else {"seed": seed}
    base = base_document(title, directions, metrics, algorithm, {}, more)
    transport, engine = _connect(server, data_dir, token)
    try:
        document = with_space(base, title, space, True, list(pasts.values()))
        stage = stage_of(transport.call("POST", "/api/v1/experiments", document, again=False))
    except BaseException:
        _give_back(engine, transport)
        raise
    made = Study(transport, engine, base, stage, seed)
    feed(made, stage, len(pasts))
    return made


def _outcome(trial: Any) -> Outcome | None:
    state = _STATES[trial.state.name]
    if state == "SUCCEEDED":
        values = tuple(float(value) for value in trial.values)
        if not all(map(math.isfinite, values)):
            return Outcome("FAILED", None, f"its value in Optuna is {values}")
        return Outcome(state, values)
    if state == "FAILED":
        return Outcome(state, None, "it failed in Optuna")
    curve = sorted(trial.intermediate_values.items())
    if not curve or not math.isfinite(curve[-1][1]):
        return None
    return Outcome(state, None, "", ((float(curve[-1][0]), float(curve[-1][1])),))


def _domain(parameter: str, distribution: Any) -> Domain:
    kind = type(distribution).__name__
    if kind == "FloatDistribution":
        return Float(distribution.low, distribution.high, distribution.log, distribution.step)
    if kind == "IntDistribution":
        return Int(distribution.low, distribution.high, distribution.log, distribution.step)
    if kind == "CategoricalDistribution":
        return Categorical(distribution.choices)
    raise InvalidArgument(f"{parameter}: hone has no distribution {kind}")
