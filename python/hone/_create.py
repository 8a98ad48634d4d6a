# SPDX-License-Identifier: Apache-2.0
"""How studies begin and are found again."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from hone._engine import EmbeddedEngine
from hone._errors import AlreadyExists, HoneError, InvalidArgument
from hone._http import Json, Transport, quoted
from hone._space import Choice, Domain, Float, text_of
from hone._stages import base_document, settings_of, stage_of, with_space
from hone._study import Study

_PATIENCE_SECONDS = 30.0
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_LONGEST_NAME = 35


def create_study(
    direction: str | None = None,
    *,
    directions: Sequence[str] | None = None,
    name: str | None = None,
    server: str | None = None,
    token: str | None = None,
    data_dir: str | None = None,
    space: Mapping[str, Domain] | None = None,
    algorithm: str = "auto",
    settings: Mapping[str, Any] | None = None,
    early_stopping: str | None = None,
    early_stopping_settings: Mapping[str, Any] | None = None,
    constraints: Sequence[str] = (),
    initial_trials: Sequence[Mapping[str, Choice]] = (),
    max_trials: int | None = None,
    seed: int | None = None,
    lease: int = 60,
    load_if_exists: bool = False,
) -> Study:
    """Begins a study.

    Args:
        direction: "minimize" (if nothing is said) or "maximize".
        directions: In its place for several objectives, one for each.
        name: Of the study, as of any experiment; none: one is made up.
        server: ``http://HOST:PORT``, ``https://HOST:PORT`` or ``unix:/PATH`` of
            `hone serve --http`; none: HONE_SERVER, and without that an engine that this process
            starts for itself.
        token: Of `hone token create`, for a server that asks for one; none: HONE_TOKEN.
        data_dir: Where that engine keeps its studies; none: where `hone` does.
        space: The parameters by name, each a `Float`, `Int` or `Categorical`. Without it the space
            is what the trials ask for.
        algorithm: One of `hone algorithms`.
        settings: Of the algorithm.
        early_stopping: One of the rules of `hone algorithms --early-stopping`.
        early_stopping_settings: Of the rule.
        constraints: Conditions on parameters, as in docs/experiment-file.md; with `space` only.
        initial_trials: Parameters that are tried first; with `space` only.
        max_trials: The study gives no more than that.
        seed: Of the search.
        lease: Seconds after which a trial whose process is gone is given to another.
        load_if_exists: Takes up the study of this name if there is one, as `load_study`.

    Raises:
        AlreadyExists: There is a study of this name.
        InvalidArgument: The engine says what is wrong.
    """
    if direction is not None and directions is not None:
        raise InvalidArgument("direction and directions: give one of them")
    wanted = list(directions) if directions is not None else [direction or "minimize"]
    if not wanted or any(one not in ("minimize", "maximize") for one in wanted):
        raise InvalidArgument(f"direction: must be minimize or maximize, not {wanted}")
    if space is None and (constraints or initial_trials or max_trials is not None):
        raise InvalidArgument("constraints, initial_trials and max_trials: need a space")
    if space is not None and not space:
        raise InvalidArgument("space: must not be empty; leave it out to define it by run")
    metrics = ["value"] if len(wanted) == 1 else [f"value_{i}" for i in range(len(wanted))]
    more: Json = {}
    if early_stopping is not None:
        rules = settings_of(early_stopping_settings or {})
        more["earlyStopping"] = {"algorithmName": early_stopping, **rules}
    if constraints:
        more["constraints"] = list(constraints)
    if max_trials is not None:
        more["maxTrialCount"] = max_trials
        more["maxFailedTrialCount"] = max_trials
        more["parallelTrialCount"] = min(max_trials, 256)
    if seed is not None:
        more["seed"] = seed
    title = name if name is not None else f"study-{secrets.token_hex(4)}"
    base = base_document(title, wanted, metrics, algorithm, settings or {}, more)
    transport, engine = _connect(server, data_dir, token)
    try:
        if space is None:
            _check_by_run(transport, base)
            study = Study(transport, engine, base, None, seed, lease)
            study._refresh()
            if study._stages and not load_if_exists:
                raise AlreadyExists(f"{title}: there is a study of this name; see load_if_exists")
            return study
        document = with_space(
            {**base, "spec": {**base["spec"], **_initial(initial_trials)}}, title, space, False
        )
        stage = stage_of(transport.call("POST", "/api/v1/experiments", document, again=False))
    except AlreadyExists:
        _give_back(engine, transport)
        if load_if_exists:
            return load_study(title, server, token=token, data_dir=data_dir, lease=lease)
        raise
    except BaseException:
        _give_back(engine, transport)
        raise
    return Study(transport, engine, base, stage, seed, lease)


def load_study(
    name: str,
    server: str | None = None,
    *,
    token: str | None = None,
    data_dir: str | None = None,
    lease: int = 60,
) -> Study:
    """Takes up a study that was begun before, here or elsewhere.

    A study without a declared space is there once its first trial was told. Any experiment of the
    kind AskTell is a study. Arguments and errors are as of `create_study`.

    Raises:
        NotFound: There is none of this name.
    """
    transport, engine = _connect(server, data_dir, token)
    try:
        stage = stage_of(transport.call("GET", f"/api/v1/experiments/{quoted(name)}"))
    except BaseException:
        _give_back(engine, transport)
        raise
    return Study(transport, engine, _without_trials(stage.document), stage, None, lease)


def delete_study(
    name: str,
    server: str | None = None,
    *,
    token: str | None = None,
    data_dir: str | None = None,
) -> None:
    """Removes a study and all of its trials.

    Raises:
        NotFound: There is none of this name.
    """
    with load_study(name, server, token=token, data_dir=data_dir) as study:
        study._refresh()
        for stage in reversed(study._stages):
            study._call("DELETE", f"/api/v1/experiments/{quoted(stage.name)}")


def _check_by_run(transport: Transport, base: Json) -> None:
    """Has the engine check what is known before the first trial, which may take hours."""
    check_name(base["metadata"]["name"])
    if base["spec"]["algorithm"]["algorithmName"] == "grid":
        raise InvalidArgument("algorithm: grid needs a space")
    name = f"check-{secrets.token_hex(8)}"
    document = with_space(base, name, {"a": Float(0, 1), "b": Float(0, 1)}, True)
    transport.call("POST", "/api/v1/experiments", document, again=False)
    transport.call("DELETE", f"/api/v1/experiments/{name}")


def check_name(name: str) -> None:
    """Whether a study that grows may have this name: the engine's rule, less room for -gN.

    Raises:
        InvalidArgument: It may not.
    """
    if not _NAME.match(name) or len(name) > _LONGEST_NAME:
        raise InvalidArgument(
            f"name: must be a-z, 0-9 and -, begin with a letter, end with no -, and have at most "
            f"{_LONGEST_NAME} characters without a declared space, not {name!r}"
        )


def _initial(trials: Sequence[Mapping[str, Choice]]) -> Json:
    if not trials:
        return {}
    return {"initialTrials": [{n: text_of(v) for n, v in trial.items()} for trial in trials]}


def _without_trials(document: Json) -> Json:
    spec = {key: value for key, value in document["spec"].items() if key != "initialTrials"}
    return {**document, "spec": spec}


def _connect(
    server: str | None, data_dir: str | None, token: str | None
) -> tuple[Transport, EmbeddedEngine | None]:
    address = server if server is not None else os.environ.get("HONE_SERVER") or None
    if address is None:
        if token is not None:
            raise InvalidArgument("token: is for a server; give server=, or set HONE_TOKEN")
        engine = EmbeddedEngine.use(data_dir)
        return engine.transport, engine
    if data_dir is not None and server is not None:
        raise InvalidArgument("server and data_dir: a server has its own folder; give one of them")
    transport = Transport(address, _PATIENCE_SECONDS, token=token)
    try:
        transport.call("GET", "/readyz", again=False)
    except BaseException:
        transport.close()
        raise
    return transport, None


def _give_back(engine: EmbeddedEngine | None, transport: Transport) -> None:
    if engine is not None:
        engine.release()
    else:
        transport.close()


__all__ = ["HoneError", "create_study", "delete_study", "load_study"]
