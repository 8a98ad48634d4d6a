# SPDX-License-Identifier: Apache-2.0
"""Optuna's pruners and Syne Tune's ASHA, in this process."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import logging
import sys
import warnings
from typing import Any

from simulate import Job
from space import Parameter
from lattice import Table

ETA = 3


class OptunaScheduler:
    """Label: SAMPLER or SAMPLER+PRUNER. Pruners stop, they promote nobody."""

    def __init__(self, table: Table, label: str, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        samplers = {
            "random": lambda: optuna.samplers.RandomSampler(seed=seed),
            "tpe": lambda: optuna.samplers.TPESampler(seed=seed, constant_liar=True),
            "multivariate-tpe": lambda: optuna.samplers.TPESampler(seed=seed, constant_liar=True, multivariate=True),
        }
        pruners = {
            "": optuna.pruners.NopPruner,
            "sha": lambda: optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=ETA),
            "hyperband": lambda: optuna.pruners.HyperbandPruner(1, table.epochs, reduction_factor=ETA),
        }
        sampler, _, pruner = label.partition("+")
        # The hash of a study's name decides on brackets, so it has the seed.
        self.study = optuna.create_study(
            sampler=samplers[sampler](), pruner=pruners[pruner](), study_name=f"{table.name}-{seed}"
        )
        self.pruned = optuna.trial.TrialState.PRUNED
        self.prunes = bool(pruner)
        self.table = table

    def _value(self, trial: Any, p: Parameter) -> Any:
        if p.kind == "word":
            return trial.suggest_categorical(p.name, list(p.choices))
        return (trial.suggest_int if p.is_whole else trial.suggest_float)(p.name, p.low, p.high, log=p.is_log)

    def start(self) -> Job | None:
        trial = self.study.ask()
        return Job(trial, {p.name: self._value(trial, p) for p in self.table.parameters}, 0, self.table.epochs)

    def report(self, job: Job, loss: float) -> bool:
        if not self.prunes:
            return False
        job.handle.report(loss, job.done)
        return bool(job.handle.should_prune())

    def finish(self, job: Job, loss: float, stopped: bool) -> None:
        if stopped:
            self.study.tell(job.handle, state=self.pruned)
        else:
            self.study.tell(job.handle, loss)


class SyneScheduler:
    """Label: asha-stopping or asha-promotion, with the calls in the order of Syne Tune's Tuner."""

    def __init__(self, table: Table, label: str, seed: int) -> None:
        logging.disable(logging.WARNING)
        with contextlib.redirect_stdout(sys.stderr):  # it says which optional packages are not there
            from syne_tune import config_space
            from syne_tune.backend.trial_status import Trial
            from syne_tune.optimizer.baselines import ASHA
            from syne_tune.optimizer.scheduler import SchedulerDecision

        def domain(p: Parameter) -> Any:
            if p.kind == "word":
                return config_space.choice(list(p.choices))
            of = {"real": "uniform", "log": "loguniform", "int": "randint", "logint": "lograndint"}[p.kind]
            return getattr(config_space, of)(p.low, p.high)

        space = {p.name: domain(p) for p in table.parameters}
        self.scheduler = ASHA(
            space | {"epochs": table.epochs},
            metric="loss",
            mode="min",
            type=label.removeprefix("asha-"),
            resource_attr="epoch",
            max_resource_attr="epochs",
            grace_period=1,
            reduction_factor=ETA,
            brackets=1,
            random_seed=seed,
            points_to_evaluate=[],  # its default is the centre of the space
            search_options={"debug_log": False},
        )
        self.make_trial = lambda number, values: Trial(number, values, datetime.datetime(2000, 1, 1))
        self.go_on = SchedulerDecision.CONTINUE
        self.table = table
        self.trials: dict[int, Any] = {}
        self.done: dict[int, int] = {}

    def start(self) -> Job | None:
        number = len(self.trials)
        suggestion = self.scheduler.suggest(number)
        if suggestion is None:
            return None
        if suggestion.spawn_new_trial_id:
            self.trials[number] = self.make_trial(number, suggestion.config)
            self.scheduler.on_trial_add(self.trials[number])
        else:
            number = suggestion.checkpoint_trial_id
            if suggestion.config is not None:
                self.trials[number].config = suggestion.config
        return Job(number, self.trials[number].config, self.done.get(number, 0), self.table.epochs)

    def report(self, job: Job, loss: float) -> bool:
        trial, result = self.trials[job.handle], {"epoch": job.done, "loss": loss}
        self.done[job.handle] = job.done
        if self.scheduler.on_trial_result(trial, result) != self.go_on:
            self.scheduler.on_trial_remove(trial)
            return True
        if job.done == job.last:
            self.scheduler.on_trial_complete(trial, result)
        return False

    def finish(self, job: Job, loss: float, stopped: bool) -> None:
        """Told in report()."""


def version(label: str) -> str:
    packages = {"optuna": ["optuna", "numpy"], "syne": ["syne-tune", "numpy"]}[label.partition(":")[0]]
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
