# SPDX-License-Identifier: Apache-2.0
"""Learning curves from the tables: interpolated between the points of the lattice, epoch by epoch."""

from __future__ import annotations

import gzip
import json
import math
import random
from functools import cached_property
from pathlib import Path

import numpy as np
from space import Parameter, Values, stable_seed

FOLDER = Path(__file__).parent / "tables"
POOL = 20_000  # random configurations of what is known of random search


class Table:
    def __init__(self, path: Path) -> None:
        raw = json.loads(gzip.decompress(path.read_bytes()))
        self.name: str = raw["table"]
        self.epochs: int = raw["epochs"]
        self._axes = raw["axes"]
        shape = [len(axis["levels"]) for axis in self._axes]
        losses = np.cumsum(np.array(raw["curves"]), axis=1) / raw["digits"]
        cost = np.array(raw["cost"], dtype=float) / 1e6
        # Loss after each epoch, and last the seconds of one.
        self._grid = np.concatenate([losses, cost[:, None]], axis=1).reshape(*shape, self.epochs + 1)
        self.points = len(losses)

    @property
    def parameters(self) -> list[Parameter]:
        found = []
        for axis in self._axes:
            levels = axis["levels"]
            if axis["kind"] == "word":
                found.append(Parameter(axis["name"], "word", choices=tuple(levels)))
            else:
                found.append(Parameter(axis["name"], axis["kind"], levels[0], levels[-1]))
        return found

    def train(self, values: Values) -> tuple[np.ndarray, float]:
        """Losses after each epoch; seconds of one."""
        grid = self._grid
        for axis in self._axes:
            value, levels = values[axis["name"]], axis["levels"]
            if axis["kind"] == "word":
                grid = grid[levels.index(value)]
                continue
            on_scale = math.log if axis["kind"] in ("log", "logint") else float
            place = float(np.interp(on_scale(float(value)), [on_scale(level) for level in levels], range(len(levels))))
            low = min(int(place), len(levels) - 2)
            grid = grid[low] + (place - low) * (grid[low + 1] - grid[low])
        return grid[:-1], float(grid[-1])

    @cached_property
    def _pool(self) -> tuple[np.ndarray, float]:
        """The best losses of random configurations, and the mean seconds of an epoch."""
        rng = random.Random(stable_seed("random curves", self.name))
        best, seconds = np.empty(POOL), 0.0
        for i in range(POOL):
            losses, cost = self.train({p.name: p.at(rng.random()) for p in self.parameters})
            best[i] = losses.min()
            seconds += cost / POOL
        return best, seconds

    def random_target(self, trials: int) -> float:
        """The median of what the best of so many random trials reaches when all are trained to the end."""
        best, _ = self._pool
        # The best of n is below x with probability 1 - (1 - F(x))^n.
        return float(np.quantile(best, 1 - 0.5 ** (1 / trials)))

    def random_seconds(self, trials: int, workers: int) -> float:
        """How long so many random trials take on the mean, none stopped."""
        return trials * self.epochs * self._pool[1] / workers


def load(names: list[str]) -> list[Table]:
    paths = sorted(FOLDER.glob("*.json.gz"))
    return [Table(path) for path in paths if not names or path.name.removesuffix(".json.gz") in names]
