# SPDX-License-Identifier: Apache-2.0
"""Studies on an engine of their own: asking, telling, optimizing, results."""

from __future__ import annotations

import math
import threading
import time
import unittest
import warnings

import hone
from hone._growth import _that_fit
from hone._stages import Outcome, Past, with_space

from support import FolderTest

SPACE = {
    "x": hone.Float(-5, 5),
    "layers": hone.Int(1, 64, log=True),
    "kind": hone.Categorical(["a", None, True, 1.5]),
    "momentum": hone.Float(0.1, 0.9, step=0.2, when=("kind", [None])),
}


class AskTellTest(FolderTest):
    def test_values_come_as_declared_and_results_are_listed(self):
        study = self.study("maximize", name="typed", space=SPACE, algorithm="random", seed=1)
        for number in range(12):
            trial = study.ask()
            self.assertIs(type(trial.params["x"]), float)
            self.assertIs(type(trial.params["layers"]), int)
            self.assertIn(repr(trial.params["kind"]), ["'a'", "None", "True", "1.5"])
            self.assertEqual("momentum" in trial.params, trial.params["kind"] is None)
            self.assertEqual(study.tell(trial, float(number)), "recorded")
        trials = study.trials
        self.assertEqual([t.value for t in trials], [float(n) for n in range(12)])
        self.assertEqual([t.number for t in trials], list(range(12)))
        self.assertEqual(study.best_value, 11.0)
        self.assertEqual(study.best_params, trials[11].params)
        self.assertGreater(trials[0].duration, 0)
        self.assertIn("typed", study._repr_html_())
        try:
            frame = study.trials_dataframe()
        except ImportError:
            self.skipTest("pandas is not installed (tools/setup.sh --test installs it)")
        self.assertEqual(list(frame["value"]), [float(n) for n in range(12)])
        self.assertIn("params_layers", frame.columns)

    def test_many_at_once_and_the_end_of_a_grid(self):
        space = {"a": hone.Int(1, 2), "b": hone.Categorical(["p", "q"])}
        study = self.study(space=space, algorithm="grid")
        trials = study.ask(4)
        while len(trials) < 4:
            trials += study.ask(4)
        self.assertEqual(len({tuple(t.params.items()) for t in trials}), 4)
        for trial in trials:
            study.tell(trial, 1.0)
        with self.assertRaises(hone.StudyEnded):
            study.ask()
        study.optimize(lambda trial: 1.0, n_trials=3)  # ends at once
        self.assertEqual(len(study.trials), 4)

    def test_a_finished_study_is_loaded_with_its_types(self):
        self.study(name="loaded", space=SPACE, seed=3).optimize(lambda t: t.params["x"], n_trials=3)
        with hone.load_study("loaded", data_dir=self.folder) as study:
            self.assertEqual(study.space, SPACE)
            self.assertEqual(len(study.trials), 3)
            self.assertEqual(study.directions, ("minimize",))

    def test_several_objectives(self):
        space = {"x": hone.Float(0, 1)}
        study = self.study(directions=["minimize", "maximize"], space=space, seed=1)
        study.optimize(lambda t: (t.params["x"], t.params["x"]), n_trials=5)
        self.assertEqual(len(study.best_trials), 5)  # each is better in one of the two
        self.assertEqual(study.trials[0].values, (study.trials[0].params["x"],) * 2)
        with self.assertRaises(hone.NotNow):
            study.best_trial
        with self.assertRaises(hone.InvalidArgument):
            study.tell(study.ask(), 1.0)

    def test_errors_have_types_and_say_what_to_do(self):
        study = self.study(name="errors", space={"x": hone.Float(0, 1)})
        for wrong in (math.nan, math.inf, "much", [1.0, 2.0], None):
            with self.assertRaises(hone.InvalidArgument):
                study.tell(study.ask(), wrong)
        with self.assertRaises(hone.NoResult):
            study.best_trial
        with self.assertRaises(hone.AlreadyExists):
            self.study(name="errors", space={"x": hone.Float(0, 1)})
        with self.assertRaises(hone.NotFound):
            hone.load_study("nowhere", data_dir=self.folder)
        with self.assertRaisesRegex(hone.InvalidArgument, "algorithmName"):
            self.study(space={"x": hone.Float(0, 1)}, algorithm="none-such")
        for wrong in ({"algorithm": "none-such"}, {"early_stopping": "x"}, {"name": "a" * 38}):
            with self.assertRaises(hone.InvalidArgument):  # before the first trial
                self.study(**wrong)
        with self.assertRaises(hone.InvalidArgument):
            self.study("upwards")
        with self.assertRaises(hone.InvalidArgument):
            hone.Float(0, 1, log=True)
        with self.assertRaises(hone.InvalidArgument):
            hone.Categorical([None, "None"])
        with self.assertRaises(hone.Unavailable):
            hone.create_study(server="http://127.0.0.1:9")
        with self.assertRaises(hone.SpaceError):
            study.ask().suggest_float("y", 0, 1)
        with self.assertRaises(hone.SpaceError):
            study.ask().suggest_float("x", 0, 2)
        trial = study.ask()
        self.assertEqual(trial.suggest_float("x", 0, 1), trial.params["x"])
        study.tell(trial, 1.0)
        with self.assertRaises(hone.NotNow):
            study.tell(trial, 1.0)


class OptimizeTest(FolderTest):
    def test_threads_share_the_trials(self):
        at_once, most, lock = 0, 0, threading.Lock()

        def objective(trial):
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            until = time.monotonic() + 20
            while most < 3 and trial.suggest_float("x", -1, 1) < 2 and time.monotonic() < until:
                if not self.several:
                    break
                time.sleep(0.01)
            self.several = True
            with lock:
                at_once -= 1
            return trial.suggest_float("x", -1, 1) ** 2

        self.several = False  # the first runs alone, it begins the space
        study = self.study(seed=1)
        study.optimize(objective, n_trials=13, n_jobs=3)
        self.assertEqual(most, 3)
        self.assertEqual(len(study.trials), 13)
        self.assertTrue(all(t.state == "succeeded" for t in study.trials))

    def test_failures_and_values_that_are_none(self):
        study = self.study(space={"x": hone.Float(0, 1)}, seed=1)

        def objective(trial):
            if len(told) == 1:
                raise ZeroDivisionError("by nought")
            return math.nan if len(told) == 2 else 1.0

        told = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            study.optimize(
                objective,
                n_trials=4,
                catch=(ZeroDivisionError,),
                callbacks=[lambda s, t: told.append(t.name)],
            )
        self.assertEqual(len(caught), 1)
        states = [(t.state, t.value) for t in study.trials]
        self.assertEqual(
            states, [("succeeded", 1.0), ("failed", None), ("failed", None), ("succeeded", 1.0)]
        )
        self.assertIn("by nought", study.trials[1].message)
        with self.assertRaises(ValueError):
            study.optimize(lambda trial: int("no number"), n_trials=5)
        self.assertEqual(len(study.trials), 5)
        self.assertEqual(study.trials[-1].state, "failed")

    def test_out_of_memory_is_told_as_such(self):
        class OutOfMemoryError(RuntimeError):
            """As torch's is called."""

        errors = {
            "python": MemoryError("no room"),
            "torch": OutOfMemoryError("CUDA"),
            "other": KeyError("k"),
        }
        for name, error in errors.items():
            with self.subTest(name=name):
                study = self.study(space={"x": hone.Float(0, 1)}, seed=1)

                def objective(trial, error=error):
                    raise error

                study.optimize(objective, n_trials=1, catch=(type(error),))
                with self.assertRaises(type(error)):
                    study.optimize(objective, n_trials=1)
                kind = "ExitCode" if name == "other" else "OutOfMemory"
                self.assertEqual(
                    [(t.state, t.ending) for t in study.trials], [("failed", kind)] * 2
                )
                self.assertIn(str(error), study.trials[0].message)

    def test_a_preempted_trial_is_handed_on(self):
        study = self.study(space={"x": hone.Float(0, 1)}, max_trials=2, seed=1)

        def objective(trial):
            seen.append((trial.name, trial.params))
            if len(seen) == 1:
                trial.report(7.0, 1)
                raise hone.TrialPreempted("spot")
            return 1.0

        seen = []
        with self.assertRaisesRegex(hone.TrialPreempted, "spot"):
            study.optimize(objective, catch=(Exception,))
        self.assertEqual(len(seen), 1)
        self.assertEqual([t.state for t in study.trials], ["waiting"])
        study.optimize(objective)
        self.assertEqual(seen[0], seen[1])
        self.assertEqual([t.state for t in study.trials], ["succeeded"] * 2)
        self.assertEqual(len(seen), 3)

    def test_bad_trials_are_stopped_early(self):
        study = self.study(
            space={"x": hone.Float(0, 1)},
            algorithm="random",
            seed=1,
            early_stopping="medianstop",
            early_stopping_settings={"min_trials_required": 3, "start_step": 2},
        )

        def objective(trial):
            bad = len(seen) >= 4
            seen.append(trial.name)
            for step in range(20):
                trial.report((100.0 if bad else 1.0) + step / 100, step)
                if trial.should_stop():
                    raise hone.TrialStopped
            return 1.0

        seen = []
        study.optimize(objective, n_trials=6)
        self.assertEqual(
            [t.state for t in study.trials], ["succeeded"] * 4 + ["stopped", "stopped"]
        )
        self.assertEqual(study.best_value, 1.0)

    def test_the_next_trial_is_asked_for_with_an_end_unless_a_callback_may_end_it(self):
        for callbacks, asked in (((), 1), ((lambda _study, _trial: None,), 6)):
            study = self.study(space={"x": hone.Float(0, 1)}, algorithm="random")
            paths = []
            call = study._transport.call

            def noted(method, path, *arguments, paths=paths, call=call, **more):
                paths.append(path.rsplit("/", 1)[-1])
                return call(method, path, *arguments, **more)

            study._transport.call = noted
            study.optimize(lambda trial: trial.params["x"], n_trials=6, callbacks=callbacks)
            self.assertEqual([paths.count(word) for word in ("ask", "tell")], [asked, 6])
            self.assertEqual(len(study.trials), 6)
            self.assertEqual(study._take_ready(), [])

    def test_a_callback_and_the_clock_end_it(self):
        study = self.study(space={"x": hone.Float(0, 1)})
        study.optimize(lambda t: 1.0, callbacks=[lambda s, t: s.stop()])
        self.assertEqual(len(study.trials), 1)
        study.optimize(lambda t: 1.0, timeout=0.3)
        self.assertGreater(len(study.trials), 1)


class ByRunTest(FolderTest):
    def test_branches_grow_the_space_and_nothing_is_forgotten(self):
        study = self.study(name="branches", seed=2, algorithm="random")

        def objective(trial):
            value = trial.suggest_float("x", -5, 5) ** 2
            kind = trial.suggest_categorical("kind", ["flat", "deep", None])
            if kind == "deep":
                value += trial.suggest_int("depth", 1, 8)
            elif kind is None:
                value += trial.suggest_float("rate", 1e-4, 1, log=True)
            expected[trial.name or "first"] = dict(trial.params)
            return value

        expected = {}
        study.optimize(objective, n_trials=25, n_jobs=2)
        trials = study.trials
        self.assertEqual(len(trials), 25)
        self.assertEqual(set(study.space), {"x", "kind", "depth", "rate"})
        for trial in trials:
            kind = trial.params["kind"]
            own = {"flat": set(), "deep": {"depth"}, None: {"rate"}}[kind]
            self.assertEqual(set(trial.params), {"x", "kind"} | own)
            if trial.name in expected:
                self.assertEqual(trial.params, expected[trial.name])
            rest = sum(v for k, v in trial.params.items() if k in ("depth", "rate"))
            self.assertAlmostEqual(trial.value, trial.params["x"] ** 2 + rest)
        self.assertEqual(study.best_value, min(t.value for t in trials))
        self.assertEqual(len({t.params["x"] for t in trials}), 25)  # no stage repeats another
        with hone.load_study("branches", data_dir=self.folder) as again:
            self.assertEqual([t.params for t in again.trials], [t.params for t in trials])
            again.optimize(objective, n_trials=2)
            self.assertEqual(len(study.trials), 27)

    def test_the_next_trial_is_asked_for_with_an_end_while_the_space_is_the_same(self):
        study = self.study(algorithm="random", seed=1)
        paths = []
        call = study._transport.call

        def noted(method, path, *arguments, **more):
            paths.append(path.rsplit("/", 1)[-1])
            return call(method, path, *arguments, **more)

        def objective(trial):
            value = trial.suggest_float("x", 0, 1)
            return value + (trial.suggest_float("y", 0, 1) if len(study.trials) >= 4 else 0)

        study._transport.call = noted
        study.optimize(objective, n_trials=10)
        # The first trial is of no stage. The fifth, which asks for more, ends the first stage,
        # whose five trials are fed to the second one: ten questions, if asked one by one.
        self.assertEqual([s.name for s in study._stages], [study.name, f"{study.name}-g2"])
        self.assertLessEqual(paths.count("ask"), 4)
        self.assertGreaterEqual(paths.count("tell"), 9)
        self.assertEqual(len(study.trials), 10)
        self.assertEqual(study._take_ready(), [])

    def test_a_worker_sees_that_another_process_goes_on_with_more(self):
        mine = self.study(name="shared", algorithm="random", seed=1)

        def objective(trial):
            if len(mine.trials) == 3:
                with hone.load_study("shared", data_dir=self.folder) as theirs:
                    theirs.optimize(
                        lambda t: t.suggest_float("x", 0, 1) + t.suggest_float("y", 0, 1),
                        n_trials=1,
                    )
                time.sleep(1.1)
            return trial.suggest_float("x", 0, 1)

        mine.optimize(objective, n_trials=6)
        self.assertEqual(len(mine._stages), 2)
        self.assertTrue(any(trial.name.startswith("shared-g2") for trial in mine.trials))

    def test_steps_and_scales_of_new_names_are_those_of_the_engine(self):
        def objective(trial):
            trial.suggest_float("step", 0.1, 0.95, step=0.05)
            trial.suggest_int("int_step", 3, 20, step=4)
            trial.suggest_int("int_log", 1, 1000, log=True)
            return trial.suggest_float("whole", 0, 3, step=1)

        for seed in range(4):
            study = self.study(seed=seed)
            study.optimize(objective, n_trials=2)
            self.assertEqual([t.state for t in study.trials], ["succeeded"] * 2)

    def test_another_range_for_a_known_name_is_an_error(self):
        study = self.study()
        study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1)
        with self.assertRaisesRegex(hone.SpaceError, "x: was"):
            study.optimize(lambda t: t.suggest_float("x", 0, 2), n_trials=1)
        with self.assertRaises(hone.SpaceError):
            study.optimize(lambda t: t.suggest_int("x", 0, 1), n_trials=1)
        with self.assertRaisesRegex(hone.SpaceError, "no parameter"):
            self.study().optimize(lambda t: 1.0, n_trials=1)

    def test_the_first_trial_may_fail_or_be_stopped(self):
        def objective(trial):
            trial.suggest_float("x", 0, 1)
            seen.append(trial)
            if len(seen) == 1:
                raise OSError("disk")
            return 1.0

        seen = []
        study = self.study()
        study.optimize(objective, n_trials=2, catch=(OSError,))
        self.assertEqual([t.state for t in study.trials], ["failed", "succeeded"])

    def test_growth_keeps_what_ran_out_of_memory_and_not_what_was_preempted(self):
        study = self.study(seed=3)
        first = study.ask()
        first.suggest_float("x", 0, 1)
        study.tell(first, state="preempted")
        self.assertEqual(study.trials, [])
        second = study.ask()
        second.suggest_float("x", 0, 1)
        study.tell(second, state="out_of_memory", message="8 GB")
        third = study.ask()
        third.suggest_float("x", 0, 1)
        third.suggest_int("n", 1, 4)
        self.assertEqual(study.tell(third, state="preempted"), "recorded")
        self.assertEqual(list(study.space), ["x"])
        again = study.ask()
        self.assertEqual(again.name, third.name)
        again.suggest_float("x", 0, 1)
        again.suggest_int("n", 1, 4)
        study.tell(again, 1.0)
        self.assertEqual(list(study.space), ["x", "n"])
        found = [(t.state, t.ending) for t in study.trials]
        self.assertEqual(found[0], ("failed", "OutOfMemory"))
        copies = {outcome.state for outcome in study._stages[-1].known.values()}
        self.assertEqual(copies, {"OUT_OF_MEMORY", "SUCCEEDED"})

    def test_what_is_carried_over_fits_into_a_request(self):
        space = {"x": hone.Categorical(["y" * 100, "z" * 100])}
        past = Past({"x": "y" * 100}, Outcome("FAILED", None, 'why "not"' * 20))
        kept = _that_fit([past] * 9000)
        self.assertGreater(len(kept), 1000)
        document = with_space({"metadata": {}, "spec": {}}, "n", space, True, kept, len(kept))
        self.assertLess(len(document), 2 << 20)
        self.assertEqual(len(_that_fit([past] * 10)), 10)

    def test_asking_before_the_first_is_told(self):
        study = self.study(seed=5)
        first, second = study.ask(), study.ask()
        values = [t.suggest_float("x", 0, 1) for t in (first, second)]
        study.tell(first, values[0])
        study.tell(second, values[1])
        self.assertEqual([t.value for t in study.trials], values)


if __name__ == "__main__":
    unittest.main()
