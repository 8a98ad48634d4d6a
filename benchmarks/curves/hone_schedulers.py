# SPDX-License-Identifier: Apache-2.0
"""hone's searches and stopping rules, through the program ask_tell."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from hone_search import Driver, experiment
from simulate import Job
from space import Task
from lattice import Table

BUDGETED = ("asha", "hyperband", "bohb")  # these train a little first and promote; the others take stopping rules


class Pipe(Driver):
    """The driver, with news that need no answer sent ahead of the next question."""

    def __init__(self, program: Path) -> None:
        super().__init__(program)
        self._unread = 0

    def say(self, news: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(news) + "\n")
        self._unread += 1

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        for _ in range(self._unread):
            self.process.stdout.readline()
        self._unread = 0
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"ask_tell ended with {self.process.wait()} at {json.dumps(question)[:300]}")
        return dict(json.loads(line))


def task_of(table: Table) -> Task:
    def unknown(*_: Any) -> Any:
        raise NotImplementedError

    return Task(table.name, table.name, "curves", table.parameters, optimum=0, worst=math.inf, evaluate=unknown)


class HoneScheduler:
    """One search; label: SEARCH or SEARCH+RULE, each with settings as in bohb:random_fraction=0.1."""

    def __init__(self, driver: Pipe, table: Table, label: str, seed: int, workers: int) -> None:
        self.driver = driver
        self.epochs = table.epochs
        search, _, rule = label.partition("+")
        name, settings = self._parsed(search)
        if name in BUDGETED:
            settings = {"r_l": str(table.epochs), "eta": "3", "resource_name": "HONE_BUDGET"} | settings
        spec = experiment(task_of(table), name, settings, 0, workers)
        del spec["spec"]["maxTrialCount"]
        self.has_rule = bool(rule)
        self.rungs = range(1, table.epochs + 1)  # reports after which the rule may stop a trial
        if rule:
            rule_name, rule_settings = self._parsed(rule)
            if rule_name == "asha":
                first, factor = int(rule_settings.get("min_resource", 1)), int(rule_settings.get("reduction_factor", 3))
                self.rungs = [first * factor**k for k in range(table.epochs) if first * factor**k <= table.epochs]
            spec["spec"]["earlyStopping"] = {
                "algorithmName": rule_name,
                "algorithmSettings": [{"name": k, "value": v} for k, v in rule_settings.items()],
            }
        refused = driver.ask({"start": spec, "seed": seed}).get("refused")
        if refused:
            raise ValueError("; ".join(refused))
        self.budgets: dict[int, int] = {}
        self.best: dict[int, float] = {}

    @staticmethod
    def _parsed(label: str) -> tuple[str, dict[str, str]]:
        name, *settings = label.split(":")
        return name, dict(setting.split("=", 1) for setting in settings)

    def start(self) -> Job | None:
        trials = self.driver.ask({"ask": 1})["trials"]
        if not trials:
            return None
        trial = trials[0]
        number = trial["trial"]
        self.budgets[number] = int(trial.get("budget", self.epochs))
        done = self.budgets[trial["parent"]] if "parent" in trial else 0
        return Job(number, trial["values"], done, self.budgets[number])

    def report(self, job: Job, loss: float) -> bool:
        if not self.has_rule:
            return False
        self.best[job.handle] = min(loss, self.best.get(job.handle, math.inf))
        report = {"report": job.handle, "value": loss}
        if job.done not in self.rungs:
            self.driver.say(report)
            return False
        return bool(self.driver.ask(report)["stop"])

    def finish(self, job: Job, loss: float, stopped: bool) -> None:
        """With a rule, a trial's value is its best report, as Katib's default strategy says; else its last one."""
        value = self.best.pop(job.handle, loss)
        self.driver.say({"stopped" if stopped else "tell": job.handle, "value": value})
