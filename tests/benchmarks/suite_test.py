# SPDX-License-Identifier: Apache-2.0
"""The tasks of benchmarks/quality: their optima are true, their variants are what they say, parts do not overlap."""

import dataclasses
import gzip
import json
import os
import random
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import algorithm
import functions
import hone_search
import play
import store
import suite
import tables
from space import Outcome, Parameter, Task


def block(shape: str, axes: list[str], losses: list[list[int]]) -> dict:
    return {"branch": {"shape": shape}, "axes": axes, "losses": losses}


def tiny_table() -> dict:
    """Two branches: `p` only where shape is "curved"."""
    return {
        "format": 1,
        "task": "tiny",
        "parameters": [
            {"name": "shape", "kind": "word", "levels": ["flat", "curved", "odd"]},
            {"name": "rate", "kind": "log", "levels": [0.001, 0.1, 10.0], "outer": [0, 1]},
            {"name": "size", "kind": "int", "levels": [1, 5, 9]},
            {"name": "p", "kind": "real", "levels": [0, 1], "when": {"shape": ["curved"]}},
        ],
        "blocks": [
            block("flat", ["rate", "size"], [[100 * i, 200 * i, 600 * i] for i in range(1, 10)]),
            block("curved", ["rate", "size", "p"], [[5000 - i] * 3 for i in range(18)]),
            block("odd", ["rate", "size"], [[9000] * 3] * 9),
        ],
    }


class Interpolation(unittest.TestCase):
    def setUp(self):
        self.task, self.table = tables.base_task(tiny_table(), "tiny")

    def loss(self, **values):
        return self.task.evaluate(values, 0).true

    def test_grid_points_are_exact(self):
        self.assertAlmostEqual(self.loss(shape="flat", rate="0.001", size="1"), 0.03)
        self.assertAlmostEqual(self.loss(shape="flat", rate=0.1, size=9), 0.18)

    def test_between_levels(self):
        self.assertAlmostEqual(self.loss(shape="flat", rate=0.001, size=3), 0.045)
        self.assertAlmostEqual(self.loss(shape="flat", rate=0.01, size=1), 0.075)  # halfway on the logarithm
        self.assertAlmostEqual(self.loss(shape="flat", rate=0.01, size=3), 0.09)

    def test_branches_do_not_touch(self):
        self.assertAlmostEqual(self.loss(shape="curved", rate=0.001, size=1, p=0.5), 0.49995)
        self.assertAlmostEqual(self.loss(shape="odd", rate=0.05, size=3), 0.9)

    def test_outer_levels_are_for_the_widened_variant(self):
        rate = next(p for p in self.task.parameters if p.name == "rate")
        self.assertEqual((rate.low, rate.high), (0.001, 0.1))
        wide = tables.variants(tiny_table(), "tiny")["widened"]
        self.assertEqual(next(p for p in wide.parameters if p.name == "rate").high, 10.0)
        self.assertAlmostEqual(wide.evaluate({"shape": "flat", "rate": 10, "size": 9}, 0).true, 0.27)

    def test_optimum(self):
        self.assertAlmostEqual(self.task.optimum, 0.03)
        self.assertAlmostEqual(self.task.worst, 0.9)


class Variants(unittest.TestCase):
    def setUp(self):
        self.made = tables.variants(tiny_table(), "tiny")

    def test_reversed(self):
        mirrored = self.made["reversed"].evaluate({"shape": "flat", "rate": 0.1, "size": 9}, 0)
        self.assertAlmostEqual(mirrored.true, 0.03)

    def test_noise_is_a_fold_and_the_mean_counts(self):
        seen = [self.made["noisy"].evaluate({"shape": "flat", "rate": 0.001, "size": 1}, draw) for draw in range(3)]
        self.assertEqual([o.observed for o in seen], [0.01, 0.02, 0.06])
        self.assertEqual({o.true for o in seen}, {0.03})

    def test_flat_and_others(self):
        self.assertFalse(self.made["flat"].is_conditional())
        self.assertEqual(len(self.made["irrelevant"].parameters), 6)
        self.assertEqual({p.kind for p in self.made["undeclared"].parameters}, {"word", "real", "int"})
        self.assertCountEqual(self.made["permuted"].parameters[0].choices, ["flat", "curved", "odd"])

    def test_inactive_parameters_are_not_drawn(self):
        rng = random.Random(1)
        for _ in range(50):
            values = self.made["base"].draw(rng)
            self.assertEqual("p" in values, values["shape"] == "curved")


class RealSuite(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = [(split, family, path) for split in suite.SPLITS for family, path in suite.table_files(split)]

    def test_is_as_large_as_promised(self):
        self.assertGreaterEqual(len(self.files), 40)
        self.assertGreaterEqual(len({family for _, family, _ in self.files}), 8)
        self.assertGreaterEqual(len({path.name.split(".")[0].rsplit("_", 1)[1] for *_, path in self.files}), 12)
        self.assertEqual(len(self.files), len(list(suite.TABLES.iterdir())))

    def test_parts_do_not_overlap(self):
        for group in ("tables", "functions"):
            families = [family for split in suite.SPLITS.values() for family in split[group]]
            self.assertEqual(len(families), len(set(families)))

    def test_no_point_beats_the_optimum_and_the_optimum_is_reached(self):
        rng = random.Random(3)
        for _, family, path in self.files[::4]:
            content = tables.read_table(path)
            for name, task in tables.variants(content, family).items():
                with self.subTest(task=task.name):
                    seen = [task.evaluate(task.draw(rng), 0) for _ in range(60)]
                    self.assertGreaterEqual(min(o.true for o in seen), task.optimum - 1e-9)
            base, table = tables.base_task(content, family)
            best, loss = min(table.points(), key=lambda point: point[1])
            self.assertEqual(base.optimum, loss)
            self.assertAlmostEqual(base.evaluate(best, 0).true, loss)

    def test_failing_regions_fail_a_part(self):
        rng = random.Random(4)
        for _, family, path in self.files[::5]:
            task = tables.variants(tables.read_table(path), family).get("failing")
            if task:
                with self.subTest(task=task.name):
                    failed = sum(task.evaluate(task.draw(rng), 0).observed is None for _ in range(300))
                    self.assertTrue(15 < failed < 210, failed)

    def test_fingerprints_differ(self):
        self.assertEqual(len({suite.fingerprint(split) for split in suite.SPLITS}), 3)


class Functions(unittest.TestCase):
    def test_optimum_is_zero_where_it_is_said_to_be(self):
        for name, function in functions.FUNCTIONS.items():
            with self.subTest(name):
                self.assertAlmostEqual(function([0.0] * 4), 0.0)
                rng = random.Random(name)
                self.assertGreater(min(function([rng.uniform(-5, 5) for _ in range(4)]) for _ in range(500)), 0)

    def test_tasks_have_nothing_below_their_optimum(self):
        rng = random.Random(2)
        for task in functions.tasks(list(functions.FUNCTIONS)):
            with self.subTest(task=task.name):
                seen = [task.evaluate(task.draw(rng), 0).observed for _ in range(150)]
                self.assertGreaterEqual(min(v for v in seen if v is not None), -1e-9)
                self.assertEqual(any(v is None for v in seen), task.shape == "constrained")

    def test_the_best_places_are_not_in_the_centre(self):
        """Of ten functions in ten dimensions: uniform places are a quarter from the centre on average."""
        far = []
        for name in functions.FUNCTIONS:
            rng = random.Random(functions.stable_seed(f"{name}_box10"))
            far += [abs(functions.best_place(Parameter("x", "real", -5, 5), rng) - 0.5) for _ in range(10)]
        self.assertAlmostEqual(sum(far) / len(far), 0.25, delta=0.08)

    def test_rotation_keeps_lengths(self):
        rows = functions.rotation(5, random.Random(1))
        for i, a in enumerate(rows):
            for j, b in enumerate(rows):
                self.assertAlmostEqual(sum(x * y for x, y in zip(a, b)), float(i == j))


class Keeping(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_runs_are_kept_for_their_key_only(self):
        key = {"algorithm": "hone:tpe:gamma=0.2", "version": "1", "suite": "a", "trials": 64, "parallel": 1}
        run = {"task": "t", "seed": 7, "best": [[1, 0.5]], "trials": 1, "distinct": 1}
        store.Store(self.folder, key).add(run)
        self.assertEqual(store.Store(self.folder, key).runs, {("t", 7): run})
        for changed in ({"version": "2"}, {"suite": "b"}, {"trials": 32}, {"parallel": 8}, {"algorithm": "hone:tpe"}):
            with self.subTest(str(changed)):
                self.assertEqual(store.Store(self.folder, key | changed).runs, {})

    def test_kept_runs_are_found_without_the_version(self):
        key = {"algorithm": "optuna:gp", "suite": "a", "trials": 64, "parallel": 1}
        with self.assertRaises(FileNotFoundError):
            store.kept(self.folder, key)
        store.Store(self.folder, key | {"version": "1"}).add({"task": "t", "seed": 7})
        self.assertEqual(len(store.kept(self.folder, key).runs), 1)
        with self.assertRaises(FileNotFoundError):
            store.kept(self.folder, key | {"suite": "b"})
        store.Store(self.folder, key | {"version": "2"})
        with self.assertRaises(FileNotFoundError):
            store.kept(self.folder, key)

    def test_looks_are_recorded_and_release_is_looked_at_once(self):
        looks = self.folder / "LOOKS.md"
        with mock.patch.object(store, "LOOKS", looks):
            with self.assertRaises(store.LookRefused):
                store.record_look("validate", "0.1.0", "64 x 1", 5, ["hone:tpe"], " ")
            self.assertFalse(looks.exists())
            store.record_look("validate", "0.1.0", "64 x 1", 5, ["hone:tpe"], "defaults")
            store.record_look("validate", "0.1.0", "64 x 1", 5, ["hone:tpe"], "again")
            store.record_look("release", "0.1.0", "64 x 1", 5, ["hone:tpe"], "0.1.0")
            with self.assertRaises(store.LookRefused):
                store.record_look("release", "0.1.0", "64 x 8", 5, ["hone:tpe"], "0.1.0 again")
            store.record_look("release", "0.1.1", "64 x 1", 5, ["hone:tpe"], "0.1.1")
            text = looks.read_text()
        self.assertEqual(text.count("| validate |"), 2)
        self.assertEqual(text.count("| release |"), 2)


class Tables(unittest.TestCase):
    def test_points_are_what_scikit_learn_says(self):
        try:
            import make_tables
        except ImportError:
            self.skipTest("no scikit-learn")
        rng = random.Random(6)
        for name in ("tree_iris", "kernel_ridge_friedman1"):
            content = json.loads(gzip.decompress((suite.TABLES / f"{name}.json.gz").read_bytes()))
            if content["versions"]["scikit-learn"] != make_tables.sklearn.__version__:
                self.skipTest(f"the tables are of scikit-learn {content['versions']['scikit-learn']}")
            family, data = name.rsplit("_", 1)
            bench = make_tables.Bench(make_tables.FAMILIES[family], make_tables.DATA[data]())
            blocks = make_tables.points(make_tables.FAMILIES[family])
            for _ in range(8):
                block = rng.randrange(len(blocks))
                point = rng.randrange(len(blocks[block][2]))
                with self.subTest(name, settings=blocks[block][2][point]):
                    self.assertEqual(bench.losses(blocks[block][2][point]), content["blocks"][block]["losses"][point])


@unittest.skipUnless(os.path.exists(os.environ.get("HONE_ASK_TELL", "")), "ask_tell is not built (HONE_BENCHMARKS)")
class AskTell(unittest.TestCase):
    def setUp(self):
        self.driver = hone_search.Driver(Path(os.environ["HONE_ASK_TELL"]))
        self.addCleanup(self.driver.close)
        self.task = tables.variants(tiny_table(), "tiny")["base"]

    def run_of(self, label: str, task: Task, trials: int, parallel: int, seed: int = 1) -> play.Run:
        search = algorithm.Algorithm(label).search(task, seed, trials, parallel, self.driver)
        return play.play(search, task, seed, trials, parallel)

    def test_searches(self):
        for label in ("hone:random", "hone:sobol", "hone:tpe", "hone:multivariate-tpe:n_startup_trials=5"):
            for parallel in (1, 8):
                with self.subTest(label, parallel=parallel):
                    run = self.run_of(label, self.task, 12, parallel)
                    self.assertEqual((run.trials, run.ended), (12, None))
                    self.assertEqual(run, self.run_of(label, self.task, 12, parallel))
                    self.assertNotEqual(run.best, self.run_of(label, self.task, 12, parallel, seed=2).best)

    def test_a_grid_that_is_exhausted_ends(self):
        words = dataclasses.replace(self.task, parameters=[Parameter("a", "word", choices=("x", "y"))])
        words = dataclasses.replace(words, evaluate=lambda values, _: Outcome(*[float(values["a"] == "x")] * 2))
        run = self.run_of("hone:grid", words, 10, 8)
        self.assertEqual((run.trials, run.distinct, run.best), (2, 2, [(1, 1.0), (2, 0.0)]))
        self.assertTrue(run.ended)

    def test_refusals_are_told(self):
        with self.assertRaisesRegex(play.Refused, "gamma"):
            self.run_of("hone:tpe:gamma=7", self.task, 4, 1)
        with self.assertRaisesRegex(play.Refused, "nonsense"):
            self.run_of("hone:nonsense", self.task, 4, 1)

    def test_wrong_questions_end_it(self):
        for question in ({"ask": 1}, {"tell": 1}, ["no object"]):
            driver = hone_search.Driver(Path(os.environ["HONE_ASK_TELL"]))
            with self.subTest(str(question)), self.assertRaisesRegex(RuntimeError, "ended with 1"):
                driver.ask(question)
            driver.close()


if __name__ == "__main__":
    unittest.main()
