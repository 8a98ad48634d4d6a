# SPDX-License-Identifier: Apache-2.0
"""What a search sees of a task: parameters, and the task itself. Needs nothing but Python."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Values = dict[str, Any]  # of the active parameters; numbers may be texts


@dataclass(frozen=True)
class Parameter:
    name: str
    kind: str  # real, log, int, logint: low and high; word: choices
    low: float = 0
    high: float = 0
    choices: tuple[str, ...] = ()
    when: tuple[str, tuple[Any, ...]] | None = None  # (parameter, its values)

    @property
    def is_log(self) -> bool:
        return self.kind in ("log", "logint")

    @property
    def is_whole(self) -> bool:
        return self.kind in ("int", "logint")

    def at(self, u: float) -> Any:
        """The value at u in [0, 1), evenly on the declared scale; whole numbers all have their share."""
        if self.kind == "word":
            return self.choices[int(u * len(self.choices))]
        margin = 0.5 if self.is_whole else 0
        low, high = self.low - margin, self.high + margin
        value = math.exp(math.log(low) + u * math.log(high / low)) if self.is_log else low + u * (high - low)
        if self.is_whole:
            value = round(value)
        return min(max(value, self.low), self.high)


@dataclass(frozen=True)
class Outcome:
    """Of one trial."""

    observed: float | None  # what the search is told; None: the trial fails
    true: float  # what counts: without noise


@dataclass
class Task:
    name: str  # table or function, with its variant
    family: str
    shape: str  # "table", or what a function looks like
    parameters: list[Parameter]
    optimum: float  # of the true values, exact
    worst: float  # counts while no trial has succeeded
    evaluate: Callable[[Values, int], Outcome]  # (values, number of this draw of the noise)
    variant: str = "base"

    @property
    def group(self) -> str:
        return "tables" if self.shape == "table" else "functions"

    @property
    def kind(self) -> str:
        return self.shape if self.variant == "base" else f"{self.shape}, {self.variant}"

    def is_conditional(self) -> bool:
        return any(parameter.when for parameter in self.parameters)

    def active(self, values: Values) -> Values:
        """Without the parameters that play no role."""
        kept: Values = {}
        for p in self.parameters:
            if p.when is None or (p.when[0] in kept and str(kept[p.when[0]]) in map(str, p.when[1])):
                kept[p.name] = values[p.name]
        return kept

    def draw(self, rng: random.Random) -> Values:
        return self.active({p.name: p.at(rng.random()) for p in self.parameters})


def stable_seed(*parts: Any) -> int:
    """The same number for the same parts in every process."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big")
