# SPDX-License-Identifier: Apache-2.0
"""What becomes of processes: their engines, their leases, their studies in common."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import tempfile
import unittest

import hone

from support import DEADLINE, Daemon, engines_of, eventually, script

OPTIMIZE = """
import os, sys, time, hone
folder, name, trials, pause = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
def objective(trial):
    os.write(1, b"trial\\n")  # whole, whatever other threads write
    time.sleep(pause)
    value = trial.suggest_float("x", -5, 5) ** 2
    if trial.suggest_categorical("kind", ["a", "b"]) == "b":
        value += trial.suggest_int("n", 1, 4)
    return value
study = hone.create_study(name=name, data_dir=folder, load_if_exists=True)
study.optimize(objective, n_trials=trials)
print("done", flush=True)
"""

SPOT = """
import os, signal, sys, time, hone
def taken_away(number, frame):
    raise hone.TrialPreempted("SIGTERM")
signal.signal(signal.SIGTERM, taken_away)
def objective(trial):
    os.write(1, b"trial\\n")
    time.sleep(1000)
study = hone.create_study(name=sys.argv[2], data_dir=sys.argv[1], space={"x": hone.Float(0, 1)})
study.optimize(objective, n_jobs=1)
"""


class ProcessTest(unittest.TestCase):
    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = os.path.realpath(holder.name)

    def finish(self, process, code: int) -> str:
        out, err = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, code, out + err)
        return out + err

    def assert_nothing_left(self) -> None:
        eventually(lambda: not engines_of(self.folder), "the engine ends")

    def test_the_last_study_of_a_process_ends_its_engine(self):
        first = hone.create_study(data_dir=self.folder)
        second = hone.create_study(data_dir=self.folder)
        self.assertEqual(len(engines_of(self.folder)), 1)
        socket = first._transport.address.removeprefix("unix:")
        self.assertEqual(stat.S_IMODE(os.stat(socket).st_mode), 0o600)
        first.close()
        self.assertEqual(len(engines_of(self.folder)), 1)
        with self.assertRaises(hone.NotNow):
            first.ask()
        second.close()
        self.assertEqual(engines_of(self.folder), [])
        self.assertFalse(os.path.exists(socket))
        third = hone.create_study(data_dir=self.folder)
        del third  # collected
        self.assert_nothing_left()

    def test_the_end_of_a_process_leaves_nothing_however_it_comes(self):
        for kind, code in ((None, 0), (signal.SIGINT, -signal.SIGINT), (signal.SIGKILL, -9)):
            with self.subTest(kind=kind):
                trials = "2" if kind is None else "1000"
                worker = script(OPTIMIZE, self.folder, f"end-{kind or 0:d}", trials, "0.3")
                for _ in range(2):
                    self.assertEqual(worker.stdout.readline(), "trial\n")
                if kind is not None:
                    worker.send_signal(kind)
                said = self.finish(worker, code)
                self.assertEqual("KeyboardInterrupt" in said, kind == signal.SIGINT)
                self.assert_nothing_left()
        with hone.load_study(f"end-{signal.SIGINT:d}", data_dir=self.folder) as study:
            states = [trial.state for trial in study.trials]
            self.assertNotIn("running", states)
            self.assertIn("succeeded", states)

    def test_ctrl_c_kills_what_threads_run(self):
        text = OPTIMIZE.replace("n_trials=trials", "n_trials=trials, n_jobs=2")
        worker = script(text, self.folder, "threads", "1000", "0.2")
        for _ in range(4):
            self.assertEqual(worker.stdout.readline(), "trial\n")
        worker.send_signal(signal.SIGINT)
        self.finish(worker, -signal.SIGINT)
        self.assert_nothing_left()

    def test_preempted_workers_give_their_trials_back(self):
        for jobs in (1, 2):
            with self.subTest(jobs=jobs):
                name = f"spot-{jobs}"
                text = SPOT.replace("n_jobs=1", f"n_jobs={jobs}")
                worker = script(text, self.folder, name)
                for _ in range(jobs):
                    self.assertEqual(worker.stdout.readline(), "trial\n")
                worker.send_signal(signal.SIGTERM)
                self.assertIn("TrialPreempted", self.finish(worker, 1))
                self.assert_nothing_left()
                with hone.load_study(name, data_dir=self.folder) as study:
                    self.assertEqual([t.state for t in study.trials], ["waiting"] * jobs)
                    names = {trial.name for trial in study.trials}
                    study.optimize(lambda trial: 1.0, n_trials=jobs)
                    self.assertEqual({t.name for t in study.trials}, names)
                    self.assertEqual([t.state for t in study.trials], ["succeeded"] * jobs)

    def test_two_processes_share_a_study_and_outlive_each_other(self):
        short = script(OPTIMIZE, self.folder, "shared", "6", "0.02")
        self.assertEqual(short.stdout.readline(), "trial\n")
        long = script(OPTIMIZE, self.folder, "shared", "14", "0.02")
        self.finish(short, 0)  # with it goes the engine that both used
        self.finish(long, 0)
        self.assert_nothing_left()
        with hone.load_study("shared", data_dir=self.folder) as study:
            trials = study.trials
            done = [t for t in trials if t.state == "succeeded"]
            self.assertEqual(len(done), 20, [(t.name, t.state) for t in trials])
            # An answer that went with the engine leaves a trial running until its lease ends.
            self.assertLessEqual(len(trials), 22, [(t.name, t.state) for t in trials])
            self.assertEqual(study.best_value, min(t.value for t in done))

    def test_watching_an_input_that_never_closes_is_refused(self):
        run = subprocess.run(
            [
                *(os.environ["HONE_PROGRAM"], "serve", "--until-input-closes"),
                *("--data-dir", self.folder, "--listen", "127.0.0.1:0"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn("pipe", run.stderr)

    def test_a_folder_that_another_program_holds(self):
        daemon = Daemon(self.folder)
        self.addCleanup(daemon.end)
        before = hone._engine._HELD_SECONDS
        hone._engine._HELD_SECONDS = 0.5
        self.addCleanup(setattr, hone._engine, "_HELD_SECONDS", before)
        with self.assertRaisesRegex(hone.EngineError, "holds"):
            hone.create_study(data_dir=self.folder)
        with hone.create_study(server=daemon.address, space={"x": hone.Float(0, 1)}) as study:
            study.optimize(lambda trial: trial.params["x"], n_trials=2)
            with self.assertRaisesRegex(hone.NoResult, "importance needs"):
                study.importance()
            study.optimize(lambda trial: trial.params["x"], n_trials=8)
            for method in ("fanova", "ped-anova"):
                self.assertEqual(set(study.importance(method)), {"x"})
            with self.assertRaises(hone.InvalidArgument):
                study.importance("guess")


WORKER = """
import sys, hone, time
study = hone.load_study("leased", sys.argv[1], lease=1)
trial = study.ask()
print(trial.name, flush=True)
time.sleep(1000)
"""


class LeaseTest(unittest.TestCase):
    def test_a_killed_workers_trial_goes_to_another(self):
        with tempfile.TemporaryDirectory() as folder:
            daemon = Daemon(folder)
            self.addCleanup(daemon.end)
            space = {"x": hone.Float(0, 1)}
            with hone.create_study(
                name="leased", server=daemon.address, space=space, max_trials=1, lease=1
            ) as study:
                worker = script(WORKER, daemon.address)
                name = worker.stdout.readline().strip()
                worker.kill()
                worker.communicate()
                trial = study.ask()
                self.assertEqual(trial.name, name)
                # This process lives: its lease of 1 s is renewed for longer than that.
                eventually(lambda: self.renewals(study, trial) >= 3, "the lease is renewed")
                self.assertFalse(trial.should_stop())
                self.assertEqual(study.tell(trial, 0.5), "recorded")
                self.assertEqual(study.best_value, 0.5)

    def renewals(self, study, trial) -> int:
        if not hasattr(self, "count"):
            self.count, renew = 0, trial.renew

            def counted():
                renew()
                self.count += 1

            trial.renew = counted
        return self.count


if __name__ == "__main__":
    unittest.main()
