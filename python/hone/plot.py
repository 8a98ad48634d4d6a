# SPDX-License-Identifier: Apache-2.0
"""Plots of a study, with matplotlib. Each returns the axes that it draws on."""

from __future__ import annotations

import math
from typing import Any

from hone._errors import NoResult, NotNow
from hone._importance import Method
from hone._space import Categorical, Domain
from hone._study import Study
from hone._trial import TrialResult

__all__ = ["importance", "optimization_history", "parallel_coordinates", "slice"]


def optimization_history(study: Study, ax: Any | None = None) -> Any:
    """The value of each trial, and the best so far."""
    done = _finished(study)
    axes = ax if ax is not None else _axes()
    better = min if study.direction == "minimize" else max
    best: list[float] = []
    for _, value in done:
        best.append(better(best[-1], value) if best else value)
    numbers = [trial.number for trial, _ in done]
    axes.plot(numbers, [value for _, value in done], "o", label="trial", alpha=0.6)
    axes.step(numbers, best, where="post", label="best so far")
    axes.set(xlabel="trial", ylabel="value", title=study.name)
    axes.legend()
    return axes


def parallel_coordinates(study: Study, ax: Any | None = None) -> Any:
    """A line for each trial through its parameters; the better, the stronger.

    A trial that has not all parameters has a line through those that it has.
    """
    from matplotlib import colormaps

    done = _finished(study)
    axes = ax if ax is not None else _axes()
    space = study.space
    values = [value for _, value in done]
    low, high = min(values), max(values)
    sign = 1 if study.direction == "minimize" else -1
    for trial, value in sorted(done, key=lambda pair: -sign * pair[1]):  # the best on top
        at = [i for i, name in enumerate(space) if name in trial.params]
        heights = [
            _height(space[name], trial.params[name]) for name in space if name in trial.params
        ]
        share = 0.5 if high == low else (value - low) / (high - low)
        share = share if sign == 1 else 1 - share
        axes.plot(at, heights, "-", color=colormaps["viridis"](share), alpha=0.9 - 0.6 * share)
    axes.set_xticks(range(len(space)), [f"{n}\n{_bounds(d)}" for n, d in space.items()])
    axes.set_yticks([])
    axes.set(title=f"{study.name}: dark is better")
    return axes


def importance(study: Study, ax: Any | None = None, *, method: Method = "fanova") -> Any:
    """The share of each parameter in the variance of the objective, as the engine computes it."""
    shares = study.importance(method)
    axes = ax if ax is not None else _axes()
    names = list(shares)[::-1]
    axes.barh(names, [shares[name] for name in names])
    axes.set(xlabel="importance", title=study.name)
    return axes


def slice(study: Study, ax: Any | None = None) -> Any:
    """The value against each parameter. Returns a list of axes; `ax` is such a list."""
    done = _finished(study)
    space = study.space
    axes = ax if ax is not None else _axes(len(space))
    panels = list(axes) if len(space) > 1 or isinstance(axes, list) else [axes]
    for panel, (name, domain) in zip(panels, space.items()):
        have = [(trial.params[name], value) for trial, value in done if name in trial.params]
        categorical = isinstance(domain, Categorical)
        panel.plot(
            [str(x) if categorical else x for x, _ in have], [y for _, y in have], "o", alpha=0.6
        )
        if not isinstance(domain, Categorical) and domain.log:
            panel.set_xscale("log")
        panel.set(xlabel=name)
    panels[0].set(ylabel="value")
    return panels


def _axes(count: int = 1) -> Any:
    from matplotlib import pyplot

    width = 6.4 if count == 1 else 3.0 * count
    return pyplot.subplots(1, count, sharey=count > 1, figsize=(width, 4.0))[1]


def _finished(study: Study) -> list[tuple[TrialResult, float]]:
    if len(study.directions) > 1:
        raise NotNow("plots of a single objective: this study has several")
    done = [
        (trial, trial.value)
        for trial in study.trials
        if trial.state == "succeeded" and trial.value is not None
    ]
    if not done:
        raise NoResult(f"{study.name}: no trial has a result yet")
    return done


def _height(domain: Domain, value: Any) -> float:
    if isinstance(domain, Categorical):
        place = [repr(choice) for choice in domain.choices].index(repr(value))
        return place / max(len(domain.choices) - 1, 1)
    low, high, at = float(domain.low), float(domain.high), float(value)
    if domain.log:
        low, high, at = math.log(low), math.log(high), math.log(at)
    return 0.5 if high == low else (at - low) / (high - low)


def _bounds(domain: Domain) -> str:
    if isinstance(domain, Categorical):
        return f"{domain.choices[0]} to {domain.choices[-1]}"
    return f"{domain.low:g} to {domain.high:g}"
