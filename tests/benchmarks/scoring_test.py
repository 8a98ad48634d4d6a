# SPDX-License-Identifier: Apache-2.0
"""The scores of benchmarks/quality: what is 0, what is 100, and how sure a difference is."""

import itertools
import random
import unittest

import numpy as np
import play
import scoring
from space import Outcome, Parameter, Task


def valley(noise: float = 0.0, fails_above: float = 2.0) -> Task:
    def evaluate(values, draw):
        x = float(values["x"])
        true = abs(x - 0.3)
        if x > fails_above:
            return Outcome(None, 1.0)
        return Outcome(true + noise * random.Random(draw).uniform(-1, 1), true)

    return Task("valley", "valleys", "box", [Parameter("x", "real", 0, 1)], 0.0, 1.0, evaluate)


class Fixed:
    """Proposes what it was given, then nothing."""

    def __init__(self, points, ended=None):
        self.points = list(points)
        self.told = []
        self.ended = ended

    def ask(self, count):
        batch, self.points = self.points[:count], self.points[count:]
        return [play.Proposed({"x": x}, None) for x in batch]

    def tell(self, proposed, value):
        self.told.append(value)


class Drawn(Fixed):
    """Random search."""

    def __init__(self, task, seed, count):
        rng = random.Random(f"a search, {seed}")
        super().__init__([task.draw(rng)["x"] for _ in range(count)])


def final_score(task, search, trials, baseline, seed=1):
    run = play.play(search, task, seed, trials, 1)
    return scoring.scores(scoring.curve(run.best, task.worst, trials), baseline, task.optimum)[-1]


class ExpectationOfRandomSearch(unittest.TestCase):
    def expected_by_enumeration(self, outcomes, worst, n):
        """Over all ordered draws of n: the first of the lowest observations is the incumbent."""
        found = []
        for drawn in itertools.permutations(outcomes, n):
            succeeded = [o for o in drawn if o.observed is not None]
            found.append(min(succeeded, key=lambda o: o.observed).true if succeeded else worst)
        return sum(found) / len(found)

    def test_equals_enumeration(self):
        cases = {
            "plain": [Outcome(v, v) for v in (3.0, 1.0, 2.0, 7.0, 5.0, 4.0)],
            "ties": [Outcome(1.0, 5.0), Outcome(1.0, 3.0), Outcome(2.0, 0.5), Outcome(2.0, 1.5), Outcome(1.0, 9.0)],
            "noise": [Outcome(o, t) for o, t in ((1, 4.0), (2, 1.0), (3, 2.0), (4, 0.0), (5, 8.0))],
            "failures": [Outcome(v, 20.0 if v is None else v) for v in (None, None, 2.0, 1.0, None)],
        }
        for name, outcomes in cases.items():
            baseline = scoring.Baseline.of(outcomes, 20.0, 4)
            for n in range(1, 5):
                with self.subTest(name, n=n):
                    self.assertAlmostEqual(baseline.expected[n - 1], self.expected_by_enumeration(outcomes, 20.0, n), 9)

    def test_odds_are_probabilities(self):
        odds = scoring.first_rank_odds(200, 64)
        np.testing.assert_allclose(odds.sum(axis=1), 1)
        self.assertTrue((odds >= 0).all())


class RandomHasZeroAndAnOracleHundred(unittest.TestCase):
    # The chance that a right scale fails is below 1e-6 a case: 5 standard errors.
    def test_random(self):
        for name, task in {"plain": valley(), "noise": valley(noise=0.1), "failures": valley(fails_above=0.6)}.items():
            with self.subTest(name):
                trials, runs = 10, 600
                baseline = scoring.random_baseline(task, trials)
                found = [final_score(task, Drawn(task, s, trials), trials, baseline, s) for s in range(runs)]
                own_error = np.std(found, ddof=1) / np.sqrt(runs)
                zero_error = 100 * baseline.error[-1] / (baseline.expected[-1] - task.optimum)
                self.assertLess(abs(np.mean(found)), 5 * np.hypot(own_error, zero_error))
                self.assertLess(np.hypot(own_error, zero_error), 6)  # so that a wrong scale is seen

    def test_a_search_that_is_twice_as_long_is_above_zero(self):
        task = valley()
        baseline = scoring.random_baseline(task, 10)
        found = [final_score(task, Drawn(task, s, 20), 10, baseline, s) for s in range(300)]
        of_ten = scoring.Baseline(baseline.expected + baseline.expected[-1:] * 10, baseline.error * 2)
        longer = [final_score(task, Drawn(task, s, 20), 20, of_ten, s) for s in range(300)]
        self.assertGreater(np.mean(longer), np.mean(found) + 30)

    def test_oracle(self):
        task = valley()
        baseline = scoring.random_baseline(task, 5)
        self.assertAlmostEqual(final_score(task, Fixed([0.9, 0.3]), 5, baseline), 100)

    def test_without_a_success_the_worst_counts(self):
        task = valley(fails_above=-1)
        run = play.play(Fixed([0.1, 0.2]), task, 1, 2, 1)
        self.assertEqual(scoring.curve(run.best, task.worst, 2).tolist(), [1.0, 1.0])

    def test_the_incumbent_is_chosen_by_what_was_observed(self):
        def evaluate(values, _draw):
            return {0.0: Outcome(5.0, 1.0), 1.0: Outcome(4.0, 9.0)}[values["x"]]

        task = Task("lies", "lies", "box", [], 0.0, 10.0, evaluate)
        run = play.play(Fixed([0.0, 1.0, 0.0]), task, 1, 3, 1)
        self.assertEqual(scoring.curve(run.best, task.worst, 3).tolist(), [1.0, 9.0, 9.0])

    def test_saturated(self):
        baseline = scoring.Baseline([10.0, 5.0, 1.01], [0.0] * 3)
        self.assertTrue(scoring.is_saturated(baseline, 1.0, 3, 0.02))
        self.assertFalse(scoring.is_saturated(baseline, 1.0, 2, 0.02))


class Playing(unittest.TestCase):
    def test_a_search_that_ends_early_ends_the_run(self):
        run = play.play(Fixed([0.1, 0.2, 0.3], ended="all points were tried"), valley(), 1, 10, 2)
        self.assertEqual((run.trials, run.distinct, run.ended), (3, 3, "all points were tried"))

    def test_a_search_that_waits_for_nothing_ends_the_run(self):
        run = play.play(Fixed([]), valley(), 1, 10, 8)
        self.assertEqual((run.trials, run.ended), (0, "it waits although nothing runs"))

    def test_a_batch_is_told_after_it_was_asked_and_the_budget_holds(self):
        class Watched(Fixed):
            def ask(self, count):
                asked.append((count, len(self.told)))
                return super().ask(count)

        asked = []
        run = play.play(Watched([0.5] * 20), valley(fails_above=0.4), 1, 10, 8)
        self.assertEqual(asked, [(8, 0), (2, 8)])
        self.assertEqual((run.trials, run.distinct, run.best), (10, 1, []))


class Differences(unittest.TestCase):
    def test_only_common_seeds_are_paired(self):
        one = {"f": {"a": {1: 10.0, 2: 20.0}, "b": {1: 1.0}}, "g": {"c": {1: 5.0}}}
        other = {"f": {"a": {2: 5.0, 3: 7.0}}, "g": {"c": {1: 9.0}}}
        self.assertEqual(scoring.paired(one, other), {"f": {"a": {2: 15.0}}, "g": {"c": {1: -4.0}}})

    def test_families_count_alike(self):
        self.assertEqual(scoring.mean({"f": {"a": {1: 0.0}, "b": {1: 2.0, 2: 4.0}}, "g": {"c": {1: 10.0}}}), 5.75)

    def test_interval_without_spread(self):
        self.assertEqual(scoring.bootstrap({"f": {"a": {1: 3.0, 2: 3.0}}, "g": {"b": {1: 3.0}}}), (3.0, 3.0))

    def test_families_are_drawn_again(self):
        """Many tasks and seeds do not make up for two families that disagree."""
        spread = {f: {f"t{t}": {s: v for s in range(5)} for t in range(30)} for f, v in (("f", -10.0), ("g", 12.0))}
        low, high = scoring.bootstrap(spread)
        self.assertEqual((low, high), (-10.0, 12.0))

    def test_interval_of_known_width(self):
        rng = random.Random(5)
        found = {f"f{f}": {"t": {0: rng.gauss(2, 1)}} for f in range(100)}
        low, high = scoring.bootstrap(found)
        self.assertAlmostEqual((high - low) / 2, 1.96 * 0.1, delta=0.05)
        self.assertLess(abs((low + high) / 2 - scoring.mean(found)), 0.05)

    def test_ranks(self):
        self.assertEqual(scoring.ranks({"a": 3.0, "b": 9.0, "c": 3.0}), {"a": 2.5, "b": 1.0, "c": 2.5})


if __name__ == "__main__":
    unittest.main()
