# SPDX-License-Identifier: Apache-2.0
"""Figures of benchmarks/quality made from runs, and the whole command where the driver is built."""

import contextlib
import io
import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import quality
import report
import scoring
import store
from space import Outcome, Task


def judged(name: str, family: str, optimum: float = 0.0) -> report.Judged:
    task = Task(name, family, "box", [], optimum, 8.0, lambda values, draw: Outcome(0.0, 0.0))
    return report.Judged(task, scoring.Baseline([8.0, 4.0, 2.0, 2.0], [0.0, 0.0, 0.0, 0.5]))


def run(*best: tuple[int, float], distinct: int = 4) -> dict:
    return {"best": [list(one) for one in best], "trials": 4, "distinct": distinct}


class Figures(unittest.TestCase):
    def setUp(self):
        one, two = judged("one", "f"), judged("two", "g")
        one.add("good", 1, run((1, 4.0), (3, 0.0)), 4)
        one.add("good", 2, run((1, 4.0), (3, 1.0)), 4)
        one.add("poor", 1, run((2, 4.0), distinct=1), 4)
        two.add("good", 1, run((1, 2.0)), 4)
        two.add("poor", 1, {"refused": "it cannot"}, 4)
        self.judged = [one, two]

    def test_summary(self):
        found = report.summary(self.judged, ["good", "poor"])
        self.assertEqual(found["good"]["tasks"], 2)
        self.assertAlmostEqual(found["good"]["mean"], (75 + 0) / 2)
        self.assertAlmostEqual(found["good"]["median"], 37.5)
        self.assertAlmostEqual(found["poor"]["mean"], -100)
        self.assertEqual((found["good"]["rank"], found["poor"]["rank"]), (1, 2))  # of the task that both have
        self.assertEqual((found["good"]["repeats"], found["poor"]["repeats"]), (0, 0.75))

    def test_anytime_is_the_mean_over_the_trials(self):
        # 4, 4, 1, 1 where random search is expected to have 8, 4, 2, 2
        self.assertAlmostEqual(self.judged[0].anytime["good"][2], (50 + 0 + 50 + 50) / 4)

    def test_differences(self):
        found = report.differences(self.judged, ["good", "poor"], "poor")
        self.assertEqual(list(found), ["good"])
        self.assertAlmostEqual(found["good"]["mean"], 200)  # seed 1 of the one task that both have
        self.assertEqual((found["good"]["better"], found["good"]["worse"]), (1, 0))

    def test_error_is_in_points(self):
        self.assertAlmostEqual(self.judged[0].error(4), 25)

    def test_markdown_names_what_is_missing(self):
        text = report.markdown(self.judged, ["easy"], ["good", "poor"], ["poor"], 4)
        self.assertIn("Left out", text)
        self.assertIn("easy", text)
        self.assertIn("Refused: poor: it cannot", text)
        self.assertIn("| good | 1 | 200.0 [200.0, 200.0] | 1 | 0 |", text)


@unittest.skipUnless(os.path.exists(os.environ.get("HONE_ASK_TELL", "")), "ask_tell is not built (HONE_BENCHMARKS)")
class TheCommand(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def call(self, *arguments: str) -> tuple[int, str]:
        common = ["--driver", os.environ["HONE_ASK_TELL"], "--cache", str(self.folder), "--peers", str(self.folder)]
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            status = quality.main([*arguments, *common, "--groups", "functions", "--trials", "16"])
        return status, out.getvalue()

    def test_compares_and_keeps(self):
        output = self.folder / "results.json"
        arguments = ["--only", "sphere_box2", "--algorithms", "hone:random", "hone:tpe", "--against", "hone:random"]
        arguments += ["--seeds", "2", "--output", str(output)]
        status, first = self.call(*arguments)
        self.assertEqual(status, 0)
        self.assertIn("minus hone:random", first)
        results = json.loads(output.read_text())
        self.assertEqual(results["seeds"], {"hone:random": [1001, 1002], "hone:tpe": [1001, 1002]})
        self.assertEqual(list(results["tasks"]["sphere_box2"]["scores"]), ["hone:random", "hone:tpe"])
        with mock.patch.object(store, "run_record", side_effect=AssertionError("was to be kept")):
            status, second = self.call(*arguments)
        self.assertEqual((status, first.split("###")[1]), (0, second.split("###")[1]))

    def test_a_look_without_a_reason_runs_nothing(self):
        with mock.patch.object(store, "LOOKS", self.folder / "LOOKS.md"):
            status, said = self.call("--split", "validate", "--algorithms", "hone:random")
        self.assertEqual(status, 2)
        self.assertIn("--why", said)
        self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
