# SPDX-License-Identifier: Apache-2.0
"""Reading the trials of a study."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING

from hone._http import Json, quoted
from hone._space import Choice, value_of
from hone._stages import PARAMS_METRIC, Stage
from hone._trial import TrialResult

if TYPE_CHECKING:
    from hone._study import Study

_PAGE = 1000
_STATES = {
    "Succeeded": "succeeded",
    "EarlyStopped": "stopped",
    "Failed": "failed",
    "MetricsUnavailable": "failed",
    "Killed": "killed",
    "Running": "running",
    "Pending": "waiting",
}


def rows_of(study: Study, stage: Stage) -> list[Json]:
    rows: list[Json] = []
    token = ""
    while True:
        answer = study._call(
            "GET",
            f"/api/v1/experiments/{quoted(stage.name)}/trials?page_size={_PAGE}"
            f"&page_token={quoted(token)}",
        )
        rows += answer["trials"]
        token = answer.get("nextPageToken", "")
        if not token:
            return rows


def result_of(study: Study, stage: Stage, row: Json, number: int) -> TrialResult:
    state = _STATES.get(row["phase"]) or str(row["phase"])
    return TrialResult(
        row["name"],
        number,
        state,
        _params_of(study, stage, row, state),
        _values_of(study, row),
        row.get("message", ""),
        _time(row.get("startedAt")),
        _time(row.get("endedAt")),
        row.get("ending", ""),
    )


def _values_of(study: Study, row: Json) -> tuple[float, ...] | None:
    if not row.get("objective"):
        return None
    metrics = row.get("metrics", {})
    try:
        first = float(row["objective"])
        rest = [float(metrics[metric]["latest"]) for metric in study._metrics[1:]]
    except (KeyError, ValueError):
        return None
    return (first, *rest) if all(map(math.isfinite, (first, *rest))) else None


def _params_of(study: Study, stage: Stage, row: Json, state: str) -> dict[str, Choice]:
    params = {
        name: value_of(stage.space[name], row["parameters"][name])
        for name in stage.space
        if name in row["parameters"]
    }
    if not stage.by_run or state in ("waiting", "running", "killed"):
        return params
    name = row["name"]
    if name not in study._asked_params:
        path = f"/api/v1/trials/{quoted(name)}/metrics?metric={PARAMS_METRIC}"
        told = study._call("GET", path)["values"]
        study._asked_params[name] = json.loads(told[-1]["value"]) if told else params
    return dict(study._asked_params[name])


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    # Before 3.11, fromisoformat knows neither Z nor other than 3 or 6 digits of a second.
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{(fraction + '000000')[:6]}+00:00")
