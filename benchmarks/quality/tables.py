# SPDX-License-Identifier: Apache-2.0
"""Tasks from the tables of make_tables.py, and their variants.

Between the levels of numeric parameters the losses are interpolated linearly in every direction (multilinear), on the
logarithm for parameters of kind log and logint, fold by fold. Categories and branches are never interpolated: each
branch of a conditional space has a grid of its own. So the smallest value of a task is that of a grid point, exactly.
"""

from __future__ import annotations

import bisect
import dataclasses
import gzip
import itertools
import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from space import Outcome, Parameter, Task, Values, stable_seed

FRACTION = 10_000  # losses in the files are integers of this
FOLDS = 3


class Axis:
    """A numeric parameter's levels, or a category's words."""

    def __init__(self, entry: dict[str, Any], widened: bool) -> None:
        first, last = (0, 0) if widened else entry.get("outer", (0, 0))
        count = len(entry["levels"])
        self.name: str = entry["name"]
        self.kept = range(first, count - last)  # of the file's levels
        self.levels: list[Any] = entry["levels"][first : count - last]
        self.is_word = entry["kind"] == "word"
        self.is_log = entry["kind"] in ("log", "logint")
        self.places = [] if self.is_word else [self.place(level) for level in self.levels]

    def place(self, value: Any) -> float:
        return math.log(float(value)) if self.is_log else float(value)

    def mix(self, value: Any) -> list[tuple[int, float]]:
        """Levels and their weights."""
        if self.is_word:
            return [(self.levels.index(value), 1.0)]
        at = self.place(value)
        if at <= self.places[0]:
            return [(0, 1.0)]
        if at >= self.places[-1]:
            return [(len(self.places) - 1, 1.0)]
        right = bisect.bisect_right(self.places, at)
        weight = (at - self.places[right - 1]) / (self.places[right] - self.places[right - 1])
        return [(right - 1, 1 - weight), (right, weight)] if weight > 0 else [(right - 1, 1.0)]


class Block:
    """One branch: a grid of fold losses."""

    def __init__(self, axes: list[Axis], lengths: list[int], losses: list[list[int]]) -> None:
        self.axes = axes
        self.strides = [math.prod(lengths[i + 1 :]) for i in range(len(lengths))]
        self.losses = losses

    def row(self, index: tuple[int, ...]) -> list[int]:
        """Of the kept levels with these numbers."""
        kept = (axis.kept[i] for axis, i in zip(self.axes, index))
        return self.losses[sum(i * stride for i, stride in zip(kept, self.strides))]

    def folds(self, values: Values) -> list[float]:
        sums = [0.0] * FOLDS
        for corner in itertools.product(*(axis.mix(values[axis.name]) for axis in self.axes)):
            weight = math.prod(part for _, part in corner)
            row = self.row(tuple(index for index, _ in corner))
            for fold in range(FOLDS):
                sums[fold] += weight * row[fold]
        return [total / FRACTION for total in sums]

    def grid(self) -> list[Values]:
        return [
            dict(zip((a.name for a in self.axes), point)) for point in itertools.product(*(a.levels for a in self.axes))
        ]


class Table:
    def __init__(self, content: dict[str, Any], widened: bool = False) -> None:
        self.name: str = content["task"]
        self.entries: list[dict[str, Any]] = content["parameters"]
        self.axes = {entry["name"]: Axis(entry, widened) for entry in self.entries}
        self.branching = list(content["blocks"][0]["branch"])
        self.blocks: dict[tuple[str, ...], Block] = {}
        for block in content["blocks"]:
            lengths = [len(entry["levels"]) for entry in self.entries if entry["name"] in block["axes"]]
            axes = [self.axes[name] for name in block["axes"]]
            self.blocks[self.branch(block["branch"])] = Block(axes, lengths, block["losses"])

    def branch(self, values: Values) -> tuple[str, ...]:
        return tuple(str(values[name]) for name in self.branching)

    def folds(self, values: Values) -> list[float]:
        return self.blocks[self.branch(values)].folds(values)

    def points(self) -> list[tuple[Values, float]]:
        """Every measured point that the search may reach, with its mean loss."""
        found = []
        for branch, block in self.blocks.items():
            for point in block.grid():
                values = dict(zip(self.branching, branch)) | point
                found.append((values, sum(block.folds(values)) / FOLDS))
        return found

    def parameters(self) -> list[Parameter]:
        declared = []
        for entry in self.entries:
            axis = self.axes[entry["name"]]
            when = next(((name, tuple(values)) for name, values in entry.get("when", {}).items()), None)
            bounds = {} if axis.is_word else {"low": axis.levels[0], "high": axis.levels[-1]}
            choices = tuple(axis.levels) if axis.is_word else ()
            declared.append(Parameter(axis.name, entry["kind"], choices=choices, when=when, **bounds))
        return declared


def read_table(path: Path) -> dict[str, Any]:
    content = json.loads(gzip.decompress(path.read_bytes()))
    if content["format"] != 1:
        raise ValueError(f"{path}: format {content['format']} is not known; make the tables again")
    return content


def base_task(content: dict[str, Any], family: str, widened: bool = False) -> tuple[Task, Table]:
    table = Table(content, widened)
    losses = [loss for _, loss in table.points()]

    def evaluate(values: Values, _draw: int) -> Outcome:
        loss = sum(table.folds(values)) / FOLDS
        return Outcome(loss, loss)

    task = Task(table.name, family, "table", table.parameters(), min(losses), max(losses), evaluate)
    return task, table


def changed(task: Task, variant: str, **changes: Any) -> Task:
    return dataclasses.replace(task, name=f"{task.name}/{variant}", variant=variant, **changes)


def reversed_ranges(task: Task) -> Task:
    """Numeric ranges run the other way, but for whole numbers on a logarithm: mirrored they are not whole."""
    kinds = ("real", "log", "int")
    numeric = {p.name: p for p in task.parameters if p.kind in kinds and not is_parent(task, p.name)}

    def mirrored(name: str, value: Any) -> Any:
        p = numeric.get(name)
        if p is None:
            return value
        return p.low * p.high / float(value) if p.is_log else p.low + p.high - float(value)

    return changed(
        task,
        "reversed",
        evaluate=lambda values, draw: task.evaluate({n: mirrored(n, v) for n, v in values.items()}, draw),
    )


def is_parent(task: Task, name: str) -> bool:
    return any(p.when and p.when[0] == name for p in task.parameters)


def permuted_categories(task: Task) -> Task | None:
    if not any(len(p.choices) > 2 for p in task.parameters):
        return None

    def shuffled(p: Parameter) -> Parameter:
        order = list(p.choices)
        random.Random(stable_seed(task.name, p.name)).shuffle(order)
        return dataclasses.replace(p, choices=tuple(order))

    return changed(task, "permuted", parameters=[shuffled(p) for p in task.parameters])


def irrelevant_parameter(task: Task) -> Task:
    more = [Parameter("spare_number", "real", 0, 1), Parameter("spare_word", "word", choices=("a", "b", "c", "d"))]
    return changed(task, "irrelevant", parameters=more[:1] + task.parameters + more[1:])


def undeclared_log(task: Task) -> Task | None:
    if not any(p.is_log for p in task.parameters):
        return None
    plain = {"log": "real", "logint": "int"}
    changes = [dataclasses.replace(p, kind=plain.get(p.kind, p.kind)) for p in task.parameters]
    return changed(task, "undeclared", parameters=changes)


def fold_noise(task: Task, table: Table) -> Task:
    """A trial sees the loss of one fold, a new draw each time; what counts is the mean of all folds."""

    def evaluate(values: Values, draw: int) -> Outcome:
        folds = table.folds(values)
        return Outcome(folds[draw % FOLDS], sum(folds) / FOLDS)

    return changed(task, "noisy", evaluate=evaluate)


def failing_region(task: Task, table: Table) -> Task | None:
    """Trials fail where two parameters are both beyond one of their levels: the region's border follows the grid, so
    that the best value outside it is that of a grid point."""
    always = [p for p in task.parameters if p.kind != "word" and p.when is None and len(table.axes[p.name].levels) > 2]
    if len(always) < 2:
        return None
    limits = []
    for p in always[:2]:
        axis = table.axes[p.name]
        up = stable_seed(task.name, p.name) % 2 == 0
        limits.append((axis, axis.places[len(axis.places) // 2], 1 if up else -1))

    def fails(values: Values) -> bool:
        return all(side * (axis.place(values[axis.name]) - limit) > 1e-9 for axis, limit, side in limits)

    def evaluate(values: Values, draw: int) -> Outcome:
        return Outcome(None, task.worst) if fails(values) else task.evaluate(values, draw)

    optimum = min(loss for values, loss in table.points() if not fails(values))
    return changed(task, "failing", evaluate=evaluate, optimum=optimum)


def flat(task: Task) -> Task | None:
    """The conditions are not declared: every parameter is always there."""
    if not task.is_conditional():
        return None
    return changed(task, "flat", parameters=[dataclasses.replace(p, when=None) for p in task.parameters])


VARIANTS = ["flat", "widened", "reversed", "permuted", "irrelevant", "undeclared", "noisy", "failing"]


def variants(content: dict[str, Any], family: str) -> dict[str, Task]:
    """The base task and those of VARIANTS that it can have."""
    task, table = base_task(content, family)
    makers: dict[str, Callable[[], Task | None]] = {
        "flat": lambda: flat(task),
        "widened": lambda: (
            changed(base_task(content, family, widened=True)[0], "widened")
            if any("outer" in entry for entry in content["parameters"])
            else None
        ),
        "reversed": lambda: reversed_ranges(task),
        "permuted": lambda: permuted_categories(task),
        "irrelevant": lambda: irrelevant_parameter(task),
        "undeclared": lambda: undeclared_log(task),
        "noisy": lambda: fold_noise(task, table),
        "failing": lambda: failing_region(task, table),
    }
    made = {name: makers[name]() for name in VARIANTS}
    return {"base": task} | {name: variant for name, variant in made.items() if variant is not None}
