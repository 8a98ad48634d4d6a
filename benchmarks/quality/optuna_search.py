# SPDX-License-Identifier: Apache-2.0
"""Optuna's samplers, in this process."""

from __future__ import annotations

import contextlib
import importlib.metadata
import warnings
from typing import Any

from play import Proposed
from space import Task, Values


def gp_sampler(seed: int) -> Any:
    """Optuna's own. With a PyTorch older than 2, a guard of the sampler that only matters beside a GPU is taken out."""
    import optuna
    import torch
    from optuna.samplers._gp import sampler

    if not hasattr(torch.device, "__enter__"):

        class Unguarded:
            device = staticmethod(contextlib.nullcontext)

            def __getattr__(self, name: str) -> Any:
                return getattr(torch, name)

        sampler.torch = Unguarded()
    return optuna.samplers.GPSampler(seed=seed)


class OptunaSearch:
    """A trial that fails is told as failed, which Optuna's samplers ignore."""

    ended = None

    def __init__(self, task: Task, sampler: str, seed: int, parallel: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.filterwarnings("ignore", module="optuna")
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        together = {"multivariate": True, "group": task.is_conditional()}
        samplers = {
            "random": lambda: optuna.samplers.RandomSampler(seed=seed),
            "tpe": lambda: optuna.samplers.TPESampler(seed=seed, constant_liar=parallel > 1),
            "multivariate-tpe": lambda: optuna.samplers.TPESampler(seed=seed, constant_liar=parallel > 1, **together),
            "gp": lambda: gp_sampler(seed),
            "cmaes": lambda: optuna.samplers.CmaEsSampler(seed=seed),
        }
        if sampler not in samplers:
            raise ValueError(f"there is no optuna:{sampler}; known are {', '.join(samplers)}")
        self.failed = optuna.trial.TrialState.FAIL
        self.task = task
        self.study = optuna.create_study(sampler=samplers[sampler]())

    def _values(self, trial: Any) -> Values:
        values: Values = {}
        for p in self.task.parameters:
            if p.when and (p.when[0] not in values or str(values[p.when[0]]) not in map(str, p.when[1])):
                continue
            if p.kind == "word":
                values[p.name] = trial.suggest_categorical(p.name, list(p.choices))
            else:
                suggest = trial.suggest_int if p.is_whole else trial.suggest_float
                values[p.name] = suggest(p.name, p.low, p.high, log=p.is_log)
        return values

    def ask(self, count: int) -> list[Proposed]:
        batch = []
        for _ in range(count):
            trial = self.study.ask()
            batch.append(Proposed(self._values(trial), trial))
        return batch

    def tell(self, proposed: Proposed, value: float | None) -> None:
        if value is None:
            self.study.tell(proposed.handle, state=self.failed)
        else:
            self.study.tell(proposed.handle, value)


def versions(sampler: str) -> str:
    packages = ["optuna", "numpy", "scipy"] + {"gp": ["torch"], "cmaes": ["cmaes"]}.get(sampler, [])
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
