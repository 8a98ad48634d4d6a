# SPDX-License-Identifier: Apache-2.0
"""Importance of parameters, as the engine computes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hone._errors import InvalidArgument, NoResult, NotNow
from hone._http import quoted

if TYPE_CHECKING:
    from hone._study import Study

Method = Literal["fanova", "ped-anova"]
METHODS: tuple[Method, ...] = ("fanova", "ped-anova")


def importance(study: Study, method: Method) -> dict[str, float]:
    """See `Study.importance`."""
    if method not in METHODS:
        raise InvalidArgument(f"method: must be one of {', '.join(METHODS)}, not {method!r}")
    study._refresh()
    if not study._stages:
        raise NoResult("importance: no trial has a result yet")
    path = f"/api/v1/experiments/{quoted(study._stages[-1].name)}/importance?method={method}"
    try:
        answer = study._call("GET", path)
    except NotNow as error:  # too few results, or all alike
        raise NoResult(str(error)) from error
    shares = {str(p["parameter"]): float(p["importance"]) for p in answer["parameters"]}
    return dict(sorted(shares.items(), key=lambda pair: -pair[1]))
