#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What rules of early stopping save on real learning curves, and what they cost: the same random trials with and
without a rule.

    savings.py [--trials N] [--seeds N] [--workers N] [--tables TABLE...] RULE...

A rule is a name of `hone algorithms --early-stopping`, with settings as in asha:min_resource=3. Prints Markdown.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy reads them
    os.environ[threads] = "1"
sys.path.insert(1, str(Path(__file__).parents[1] / "quality"))  # space.py, hone_search.py

from hone_schedulers import HoneScheduler, Pipe  # noqa: E402
from lattice import Table, load  # noqa: E402
from simulate import Job  # noqa: E402
from space import stable_seed  # noqa: E402

ROOT = Path(__file__).parents[2]


@dataclass
class Outcome:
    seconds: float = 0  # of training, summed up
    stopped: int = 0
    best: float = math.inf


class Limited:
    """So many trials, the workers' epochs in turn: a trial's costs are counted, not waited for."""

    def __init__(self, scheduler: HoneScheduler, table: Table, trials: int) -> None:
        self.scheduler, self.table, self.left = scheduler, table, trials
        self.outcome = Outcome()

    def _started(self) -> Job | None:
        job = self.scheduler.start() if self.left > 0 else None
        if job is not None:
            self.left -= 1
            job.losses, job.seconds = self.table.train(job.values)
        return job

    def _goes_on(self, job: Job) -> bool:
        loss = float(job.losses[job.done])
        job.done += 1
        self.outcome.seconds += job.seconds
        self.outcome.best = min(self.outcome.best, loss)
        stopped = self.scheduler.report(job, loss) and job.done < job.last
        self.outcome.stopped += stopped
        if stopped or job.done == job.last:
            self.scheduler.finish(job, loss, stopped)
            return False
        return True

    def run(self, workers: int) -> Outcome:
        running = [job for job in (self._started() for _ in range(workers)) if job]
        while running:
            running = [job for job in running if self._goes_on(job)]
            while len(running) < workers and (job := self._started()):
                running.append(job)
        return self.outcome


def outcomes(options: argparse.Namespace, pipe: Pipe, table: Table, rule: str) -> list[Outcome]:
    label = f"random+{rule}" if rule else "random"
    found = []
    for seed in range(1, options.seeds + 1):
        own_seed = stable_seed("curves", table.name, seed) % 2**31
        scheduler = HoneScheduler(pipe, table, label, own_seed, options.workers)
        found.append(Limited(scheduler, table, options.trials).run(options.workers))
    return found


def row(rule: str, table: Table, ruled: list[Outcome], free: list[Outcome]) -> str:
    share = sum(one.seconds for one in ruled) / sum(one.seconds for one in free)
    worse = [one.best - other.best for one, other in zip(ruled, free)]
    return (
        f"| {table.name} | {rule} | {100 * share:.0f} % | {statistics.mean(one.stopped for one in ruled):.0f} | "
        f"{statistics.mean(one.best for one in free):.4f} | {statistics.mean(worse):.4f} | {max(worse):.4f} |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="+", metavar="RULE")
    parser.add_argument("--tables", nargs="*", default=[])
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--driver", type=Path, default=ROOT / "build/benchmarks/ask_tell")
    options = parser.parse_args()
    pipe = Pipe(options.driver)
    print("| table | rule | compute | trials stopped | best loss without | worse by | at most |")
    print("|---" * 7 + "|")
    for table in load(options.tables):
        free = outcomes(options, pipe, table, "")
        for rule in options.rules:
            print(row(rule, table, outcomes(options, pipe, table, rule), free), flush=True)
    pipe.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
