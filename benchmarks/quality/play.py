# SPDX-License-Identifier: Apache-2.0
"""One search on one task.

Trials run in batches: `parallel` proposals are asked for, and all results of a batch are told before the next. The
incumbent is the trial with the best observed value; what counts is its true value.
"""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass
from typing import Any, Protocol

from space import Task, Values, stable_seed


class Refused(Exception):
    """The algorithm cannot do this task, and says so."""


@dataclass(frozen=True)
class Proposed:
    values: Values
    handle: Any


class Search(Protocol):
    ended: str | None  # why it proposes nothing more

    def ask(self, count: int) -> list[Proposed]: ...

    def tell(self, proposed: Proposed, value: float | None) -> None: ...


@dataclass(frozen=True)
class Run:
    best: list[tuple[int, float]]  # (trial, true value of the new incumbent)
    trials: int
    distinct: int  # different configurations among them
    ended: str | None  # why it stopped before its budget


def search_seed(task: Task, seed: int) -> int:
    """A different one for each task, so that the luck of a seed is not shared by all of them."""
    return stable_seed("search", task.name, seed) % 2**31


def play(search: Search, task: Task, seed: int, trials: int, parallel: int) -> Run:
    noise = random.Random(stable_seed("noise", task.name, seed))
    best: list[tuple[int, float]] = []
    lowest = math.inf
    seen: set[str] = set()
    done = 0
    ended = None
    while done < trials:
        batch = search.ask(min(parallel, trials - done))
        if not batch:
            ended = search.ended or "it waits although nothing runs"
            break
        outcomes = [task.evaluate(proposed.values, noise.getrandbits(32)) for proposed in batch]
        for proposed, outcome in zip(batch, outcomes):
            done += 1
            seen.add(json.dumps(proposed.values, sort_keys=True))
            search.tell(proposed, outcome.observed)
            if outcome.observed is not None and outcome.observed < lowest:
                lowest = outcome.observed
                best.append((done, float(f"{outcome.true:.7g}")))
    return Run(best, done, len(seen), ended)
