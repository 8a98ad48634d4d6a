# SPDX-License-Identifier: Apache-2.0
"""The algorithms by their labels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import hone_search
import nevergrad_search
import optuna_search
import play
from space import Task

HERE = Path(__file__).parent


def short_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


@dataclass(frozen=True)
class Algorithm:
    """hone:NAME[:setting=value,...], optuna:SAMPLER or nevergrad:OPTIMIZER."""

    label: str

    @property
    def is_hone(self) -> bool:
        return self.label.startswith("hone:")

    @property
    def name(self) -> str:
        return self.label.split(":")[1]

    @property
    def settings(self) -> dict[str, str]:
        rest = self.label.split(":", 2)[2:]
        return dict(pair.split("=", 1) for pair in rest[0].split(",")) if rest else {}

    def version(self, program: Path) -> str:
        """What decides its proposals: the driver, or the peer and what it uses; and our code around it."""
        if self.is_hone:
            return f"sha256 {short_hash(program)}, {short_hash(HERE / 'hone_search.py')}"
        if self.label.startswith("nevergrad:"):
            return f"{nevergrad_search.versions()}, {short_hash(HERE / 'nevergrad_search.py')}"
        return f"{optuna_search.versions(self.name)}, {short_hash(HERE / 'optuna_search.py')}"

    def search(self, task: Task, seed: int, trials: int, parallel: int, driver: hone_search.Driver | None) -> play.Search:
        own_seed = play.search_seed(task, seed)
        if self.is_hone:
            assert driver
            spec = hone_search.experiment(task, self.name, self.settings, trials, parallel)
            return hone_search.HoneSearch(driver, spec, own_seed)
        if self.label.startswith("nevergrad:"):
            return nevergrad_search.NevergradSearch(task, self.name, own_seed, trials, parallel)
        return optuna_search.OptunaSearch(task, self.name, own_seed, parallel)
