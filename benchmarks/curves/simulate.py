# SPDX-License-Identifier: Apache-2.0
"""Workers that train in virtual time: an epoch takes what the table says, a question to the scheduler nothing."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from space import Values
from lattice import Table


@dataclass
class Job:
    """A stretch of training: after `done` epochs, which a checkpoint keeps, up to `last`."""

    handle: Any
    values: Values
    done: int
    last: int
    losses: np.ndarray = field(default_factory=lambda: np.empty(0))
    seconds: float = 0.0


class Scheduler(Protocol):
    def start(self) -> Job | None:
        """What a free worker does; nothing: it waits for another one's result."""

    def report(self, job: Job, loss: float) -> bool:
        """After each epoch, job.done of them by now. @returns whether the trial ends here"""

    def finish(self, job: Job, loss: float, stopped: bool) -> None:
        """The worker is free again."""


@dataclass(frozen=True)
class Run:
    seconds: float | None  # until some epoch of some trial was as good as the target; None: not within the horizon
    jobs: int
    epochs: int


class Workers:
    def __init__(self, scheduler: Scheduler, table: Table, count: int) -> None:
        self.scheduler = scheduler
        self.table = table
        self.idle = count
        self.now = 0.0
        self.jobs = 0
        self.epochs = 0
        self._busy: list[tuple[float, int, Job]] = []
        self._order = itertools.count()

    def _train_on(self, job: Job) -> None:
        heapq.heappush(self._busy, (self.now + job.seconds, next(self._order), job))

    def _fill(self) -> None:
        while self.idle > 0 and (job := self.scheduler.start()) is not None:
            job.losses, job.seconds = self.table.train(job.values)
            self.idle -= 1
            self.jobs += 1
            self._train_on(job)

    def run(self, target: float, horizon: float) -> Run:
        while True:
            self._fill()
            if not self._busy:
                raise RuntimeError("the scheduler waits although nothing runs")
            self.now, _, job = heapq.heappop(self._busy)
            if self.now > horizon:
                return Run(None, self.jobs, self.epochs)
            loss = float(job.losses[job.done])
            job.done += 1
            self.epochs += 1
            if loss <= target:
                return Run(self.now, self.jobs, self.epochs)
            stopped = self.scheduler.report(job, loss)
            if stopped or job.done == job.last:
                self.scheduler.finish(job, loss, stopped and job.done < job.last)
                self.idle += 1
            else:
                self._train_on(job)
