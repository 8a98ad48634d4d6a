# SPDX-License-Identifier: Apache-2.0
"""Scores: 100 is the task's optimum, 0 is what random search is expected to have found after as many trials.

The expectation of random search is not taken from a few runs. For a pool of independent random points it is known
exactly which value the best of n drawn ones has on average; the pool has nothing to do with any search that is judged.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from space import Outcome, Task, stable_seed

POOL = 16384


@lru_cache
def first_rank_odds(pool: int, trials: int) -> np.ndarray:
    """[n - 1, i]: the probability that the best of n points, drawn from the pool without repetition, is its i-th."""
    ranks = np.arange(pool)
    odds = np.empty((trials, pool))
    odds[0] = 1 / pool
    for n in range(1, trials):
        odds[n] = odds[n - 1] * np.maximum(pool - ranks - n, 0) / n * (n + 1) / (pool - n)
    return odds


def with_ties_shared(observed: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Of sorted observations: equal ones are equally likely to be the incumbent, so each gets their mean."""
    _, group = np.unique(observed, return_inverse=True)
    return (np.bincount(group, weights=true) / np.bincount(group))[group]


@dataclass(frozen=True)
class Baseline:
    expected: list[float]  # [n - 1]: of random search after n trials
    error: list[float]  # standard error of that

    @staticmethod
    def of(outcomes: Sequence[Outcome], worst: float, trials: int) -> Baseline:
        observed = np.array([np.inf if o.observed is None else o.observed for o in outcomes])
        true = np.array([worst if o.observed is None else o.true for o in outcomes])
        order = np.argsort(observed, kind="stable")
        shared = with_ties_shared(observed[order], true[order])
        expected = first_rank_odds(len(order), trials) @ shared
        error = [Baseline._error(observed, true, n) for n in range(1, trials + 1)]
        return Baseline(expected.tolist(), error)

    @staticmethod
    def _error(observed: np.ndarray, true: np.ndarray, n: int) -> float:
        """From the pool cut into searches of n trials: no better an estimate, so the error is not too small."""
        searches = len(observed) // n
        if searches < 2:
            return float("nan")
        cut = observed[: searches * n].reshape(searches, n).argmin(axis=1)
        found = true[: searches * n].reshape(searches, n)[np.arange(searches), cut]
        return float(found.std(ddof=1) / np.sqrt(searches))


def random_baseline(task: Task, trials: int, pool: int = POOL) -> Baseline:
    rng = random.Random(stable_seed("random baseline", task.name))
    outcomes = [task.evaluate(task.draw(rng), rng.getrandbits(32)) for _ in range(pool)]
    return Baseline.of(outcomes, task.worst, trials)


def curve(best: Sequence[Sequence[float]], worst: float, trials: int) -> np.ndarray:
    """The incumbent's true value after 1 .. trials trials."""
    values = np.full(trials, worst, dtype=float)
    for trial, value in best:
        values[int(trial) - 1 :] = value
    return values


def scores(values: np.ndarray, baseline: Baseline, optimum: float) -> np.ndarray:
    """[n - 1]: after n trials. Linear in the value, so that random search has 0 on average; may be far below 0."""
    expected = np.array(baseline.expected[: len(values)])
    return 100 * (expected - values) / (expected - optimum)


def is_saturated(baseline: Baseline, optimum: float, trials: int, share: float) -> bool:
    """Random search comes so close to the optimum, as a share of the first trial's distance, that nothing is left to
    tell searches apart by."""
    return baseline.expected[trials - 1] - optimum < share * (baseline.expected[0] - optimum)


Scores = Mapping[str, Mapping[str, Mapping[int, float]]]  # family -> task -> seed -> score (or difference)


def mean(found: Scores) -> float:
    """Seeds in tasks, tasks in families, families: each family counts the same, however many tasks it has."""
    return float(np.mean([np.mean([np.mean(list(s.values())) for s in tasks.values()]) for tasks in found.values()]))


def paired(one: Scores, other: Scores) -> dict[str, dict[str, dict[int, float]]]:
    """Differences where both have a score: the same task and the same seed."""
    found: dict[str, dict[str, dict[int, float]]] = {}
    for family, tasks in one.items():
        for task, seeds in tasks.items():
            others = other.get(family, {}).get(task, {})
            common = {seed: score - others[seed] for seed, score in seeds.items() if seed in others}
            if common:
                found.setdefault(family, {})[task] = common
    return found


def drawn_means(tasks: Sequence[Sequence[float]], draws: int, rng: np.random.Generator) -> np.ndarray:
    """Means of one family: its tasks are drawn again, and the seeds of each."""
    lengths = np.array([len(seeds) for seeds in tasks])
    padded = np.zeros((len(tasks), lengths.max()))
    for t, seeds in enumerate(tasks):
        padded[t, : len(seeds)] = seeds
    chosen = rng.integers(len(tasks), size=(draws, len(tasks)))
    counts = lengths[chosen][:, :, None]
    seeds = (rng.random((*chosen.shape, padded.shape[1])) * counts).astype(int)
    counted = np.arange(padded.shape[1]) < counts
    return ((padded[chosen[:, :, None], seeds] * counted).sum(axis=2) / counts[:, :, 0]).mean(axis=1)


def bootstrap(found: Scores, draws: int = 2000) -> tuple[float, float]:
    """The 95 % interval of the mean: families, their tasks and their seeds are drawn again, each from its own kind."""
    rng = np.random.default_rng(20)
    families = [[list(seeds.values()) for seeds in tasks.values()] for tasks in found.values()]
    total = np.zeros(draws)
    for _ in families:  # as many places as families; a family in two places is drawn anew in each
        of_all = np.stack([drawn_means(tasks, draws, rng) for tasks in families])
        total += of_all[rng.integers(len(families), size=draws), np.arange(draws)]
    low, high = np.quantile(total / len(families), [0.025, 0.975])
    return float(low), float(high)


def ranks(by_algorithm: Mapping[str, float]) -> dict[str, float]:
    """1 is the best; equal scores share the mean of their places."""
    values = list(by_algorithm.values())
    return {
        name: 1 + sum(other > value for other in values) + (sum(other == value for other in values) - 1) / 2
        for name, value in by_algorithm.items()
    }
