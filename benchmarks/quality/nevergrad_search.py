# SPDX-License-Identifier: Apache-2.0
"""Nevergrad's optimizers, in this process."""

from __future__ import annotations

import importlib.metadata
import math
import warnings
from typing import Any

from play import Proposed, Refused
from space import Parameter, Task


def variable(p: Parameter) -> Any:
    """Bounded numbers start in the middle of their range, as Nevergrad does it unless told otherwise."""
    import nevergrad as ng

    if p.kind == "word":
        return ng.p.Choice(list(p.choices))
    if p.is_log and p.low > 0:
        number = ng.p.Log(lower=p.low, upper=p.high)
    else:
        number = ng.p.Scalar(init=(p.low + p.high) / 2, lower=p.low, upper=p.high)
    return number.set_integer_casting() if p.is_whole else number


class NevergradSearch:
    """A failed trial is told as infinitely bad, since the optimizers know no failures."""

    ended = None

    def __init__(self, task: Task, optimizer: str, seed: int, trials: int, parallel: int) -> None:
        import nevergrad as ng

        warnings.filterwarnings("ignore")
        if task.is_conditional():
            raise Refused("nevergrad has no conditions")
        if optimizer not in ng.optimizers.registry:
            raise ValueError(f"there is no nevergrad:{optimizer}")
        space = ng.p.Dict(**{p.name: variable(p) for p in task.parameters})
        space.random_state.seed(seed)
        self.optimizer = ng.optimizers.registry[optimizer](space, budget=trials, num_workers=parallel)

    def ask(self, count: int) -> list[Proposed]:
        batch = [self.optimizer.ask() for _ in range(count)]
        return [Proposed(dict(candidate.value), candidate) for candidate in batch]

    def tell(self, proposed: Proposed, value: float | None) -> None:
        self.optimizer.tell(proposed.handle, math.inf if value is None else value)


def versions() -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("nevergrad", "cma", "numpy", "scipy"))
