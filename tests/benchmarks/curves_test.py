# SPDX-License-Identifier: Apache-2.0
"""benchmarks/curves: curves between the points of a lattice, workers in virtual time, hone's schedulers."""

from __future__ import annotations

import math
import os
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks" / "curves"))

import curves  # noqa: E402
import numpy as np  # noqa: E402
from hone_schedulers import HoneScheduler, Pipe  # noqa: E402
from lattice import FOLDER, Table, load  # noqa: E402
from simulate import Job, Workers  # noqa: E402

SETTINGS = {"learning_rate": 0.01, "units": 8, "alpha": 0.1, "batch_size": 24, "solver": "adam"}


class Flat:
    """A table whose trials take one second an epoch; a trial's value is its loss, in every epoch."""

    epochs = 9

    def train(self, values: dict[str, float]) -> tuple[np.ndarray, float]:
        return np.full(self.epochs, values["loss"]), 1.0


class Halving:
    """Starts what it is given, and promotes the trial 0 from its 3rd epoch to its 9th as soon as it can."""

    def __init__(self, jobs: list[Job]) -> None:
        self.jobs, self.finished = jobs, []

    def start(self) -> Job | None:
        return self.jobs.pop(0) if self.jobs else None

    def report(self, job: Job, loss: float) -> bool:
        return job.handle == "bad" and job.done == 2

    def finish(self, job: Job, loss: float, stopped: bool) -> None:
        self.finished.append((job.handle, job.done, stopped))
        if job.handle == "good" and job.done == 3:
            self.jobs.append(Job("good", job.values, job.done, 9))


class LatticeTest(unittest.TestCase):
    def test_points_of_the_lattice_are_what_was_measured(self) -> None:
        table = Table(FOLDER / "network_digits.json.gz")
        losses, seconds = table.train(SETTINGS)
        self.assertEqual(len(losses), 81)
        self.assertGreater(seconds, 0)
        low, _ = table.train(SETTINGS | {"units": 4})
        # Halfway between 4 and 8 on a logarithm.
        between, _ = table.train(SETTINGS | {"units": math.sqrt(32)})
        np.testing.assert_allclose(between, (low + losses) / 2)

    def test_tables_hold_what_the_document_says(self) -> None:
        tables = load([])
        self.assertGreaterEqual(sum(table.points for table in tables), 2000)
        self.assertTrue(all(table.epochs == 81 for table in tables))
        for table in tables:
            worst = {p.name: p.choices[0] if p.kind == "word" else p.high for p in table.parameters}
            self.assertTrue(np.isfinite(table.train(worst)[0]).all())


class WorkersTest(unittest.TestCase):
    def jobs(self) -> list[Job]:
        return [Job("good", {"loss": 2.0}, 0, 3), Job("bad", {"loss": 5.0}, 0, 9), Job("late", {"loss": 1.0}, 0, 9)]

    def test_time_runs_as_the_workers_train(self) -> None:
        # good 0-3, bad 0-2 (stopped), late 2-..: its first epoch is over at 3.
        run = Workers(Halving(self.jobs()), Flat(), 2).run(target=1.0, horizon=100)
        self.assertEqual((run.seconds, run.jobs), (3.0, 4))  # the fourth one goes on with the first
        alone = Workers(Halving(self.jobs()), Flat(), 1).run(target=1.0, horizon=100)
        self.assertEqual(alone.seconds, 6.0)  # 3 + 2 + 1

    def test_a_promotion_pays_for_the_rest_only(self) -> None:
        scheduler = Halving(self.jobs()[:1])
        with self.assertRaises(RuntimeError):  # nothing is left to do
            Workers(scheduler, Flat(), 1).run(target=0.0, horizon=100)
        self.assertEqual(scheduler.finished, [("good", 3, False), ("good", 9, False)])

    def test_a_target_out_of_reach_ends_at_the_horizon(self) -> None:
        run = Workers(Halving(self.jobs()), Flat(), 1).run(target=0.0, horizon=4.5)
        self.assertIsNone(run.seconds)
        self.assertEqual(run.epochs, 4)

    def test_the_interval_holds_the_mean(self) -> None:
        mean, low, high = curves.interval([np.log([1.0, 4.0]), np.log([2.0, 2.0])])
        self.assertAlmostEqual(mean, 2.0)
        self.assertTrue(low < mean < high)


@unittest.skipUnless(os.path.exists(os.environ.get("HONE_ASK_TELL", "")), "ask_tell is not built (HONE_BENCHMARKS)")
class HoneTest(unittest.TestCase):
    def test_every_kind_of_search_reaches_what_random_search_reaches(self) -> None:
        [table] = load(["network_digits"])
        target = float(np.quantile([table.train(SETTINGS | {"units": u})[0].min() for u in (4, 8, 16, 32, 64)], 0.5))
        pipe = Pipe(Path(os.environ["HONE_ASK_TELL"]))
        for label in ("random", "asha", "bohb", "random+asha", "random+medianstop"):
            with self.subTest(label):
                run = Workers(HoneScheduler(pipe, table, label, 1, 4), table, 4).run(target, horizon=math.inf)
                self.assertIsNotNone(run.seconds)
        pipe.close()


if __name__ == "__main__":
    unittest.main()
