# SPDX-License-Identifier: Apache-2.0
"""Studies on a daemon that keeps them in PostgreSQL."""

from __future__ import annotations

import glob
import os
import pathlib
import sys
import tempfile
import threading
import unittest

import hone

from support import Daemon, eventually

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks/load"))
import servers


@unittest.skipUnless(glob.glob("/usr/lib/postgresql/*/bin/initdb"), "there is no PostgreSQL")
class PostgresTest(unittest.TestCase):
    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(os.path.realpath(holder.name))
        self.folder.chmod(0o755)  # the server runs as a user of its own
        server = servers.postgres(self.folder)
        self.url = server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)

    def daemon(self, name: str) -> Daemon:
        made = Daemon(str(self.folder / name), "--store", self.url)
        self.addCleanup(made.end)
        return made

    def test_workers_go_on_with_the_daemon_that_takes_over(self):
        first, second = self.daemon("first"), self.daemon("second")
        lock, told = threading.Lock(), []

        def objective(trial):
            x = trial.suggest_float("x", -1, 1)
            trial.report(x * x + 1, step=1)
            with lock:
                told.append(x)
            return x * x

        study = hone.create_study(
            name="shared", server=first.address, space={"x": hone.Float(-1, 1)}
        )
        self.addCleanup(study.close)
        study.optimize(objective, n_trials=20, n_jobs=4)
        first.kill()
        other = hone.create_study(name="shared", server=second.address, load_if_exists=True)
        self.addCleanup(other.close)
        # Each trial was told to the one that is gone, and is as it was told.
        self.assertEqual(sorted(trial.params["x"] for trial in other.trials), sorted(told))
        for trial in other.trials:  # not as a power, which is rounded otherwise
            self.assertEqual(trial.value, trial.params["x"] * trial.params["x"])

        def goes_on() -> bool:
            try:
                other.optimize(objective, n_trials=10, n_jobs=4)
            except (hone.NotNow, hone.Unavailable):  # the lease of the other one is not over yet
                return False
            return True

        eventually(goes_on, "the second daemon takes over")
        self.assertEqual(len(other.trials), len(told))
        self.assertEqual(other.best_value, min(x * x for x in told))


if __name__ == "__main__":
    unittest.main()
