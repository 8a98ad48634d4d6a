#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Outcome constraints: the best loss within bounds that are known only after a trial, hone's algorithms and Optuna's.

    build/quality-venv/bin/python benchmarks/quality/constrained.py --trials 50 100 --seeds 20

An algorithm of hone with "+rejected" is told of trials beyond a bound only that they failed. Score: 0 is random search's
mean at the same number of trials, 100 the best value within the bounds; a search that has found nothing within them counts
as the worst value there, estimated from random points.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fronts
import hone_search
from play import Proposed
from space import Outcome, Parameter, Task, Values, stable_seed

HERE = Path(__file__).parent
POOL = 20000


@dataclass(frozen=True)
class Result:
    loss: float
    excess: list[float]  # beyond each bound; what is not positive is kept

    def keeps(self) -> bool:
        return all(beyond <= 0 for beyond in self.excess)


@dataclass(frozen=True)
class Problem:
    name: str
    parameters: list[Parameter]
    run: Callable[[Values], Result]
    best: float  # within the bounds
    pool: list[Result] = field(default_factory=list)  # of random points

    def task(self) -> Task:
        return Task(self.name, "constrained", "bounds", self.parameters, 0, 0, lambda _values, _draw: Outcome(0, 0))

    def fill(self) -> None:
        draw = random.Random(stable_seed("constrained", self.name))
        task = self.task()
        self.pool.extend(self.run(task.draw(draw)) for _ in range(POOL))

    def worst(self) -> float:
        return max(result.loss for result in self.pool if result.keeps())

    def by_chance(self, trials: int) -> float:
        runs = [self.pool[i : i + trials] for i in range(0, POOL - trials + 1, trials)]
        return statistics.mean(self.reached(run) for run in runs)

    def reached(self, results: list[Result]) -> float:
        return min((result.loss for result in results if result.keeps()), default=self.worst())


def numbers(values: Values) -> list[float]:
    return [float(value) for value in values.values()]


def reals(count: int, low: float = 0, high: float = 1) -> list[Parameter]:
    return [Parameter(f"x{i}", "real", low, high) for i in range(count)]


def corner(values: Values) -> Result:
    """The loss falls towards where the bounds are not kept."""
    a, b, c, d = numbers(values)
    return Result(math.hypot(a - 0.9, b - 0.8) + abs(c - 0.3), [a + b + 0.5 * d - 0.9, 0.25 - d])


def waves(values: Values) -> Result:
    """Gardner et al. 2014, "Bayesian optimization with inequality constraints", the first simulated problem."""
    x, y = numbers(values)
    return Result(
        math.cos(2 * x) * math.cos(y) + math.sin(x), [math.cos(x) * math.cos(y) - math.sin(x) * math.sin(y) + 0.5]
    )


def shell(values: Values) -> Result:
    """A thin shell around the middle in six dimensions; most points are outside of both bounds or one."""
    x = numbers(values)
    radius = math.sqrt(sum((v - 0.5) ** 2 for v in x))
    return Result(sum(x), [radius - 0.45, 0.35 - radius])


def vessel(values: Values) -> Result:
    """Cost of a pressure vessel (Kannan, Kramer 1994): two whole numbers, two real ones, three bounds that differ in unit."""
    shell_, head, radius, length = numbers(values)
    a, b = 0.0625 * shell_, 0.0625 * head
    cost = 0.6224 * a * radius * length + 1.7781 * b * radius**2 + 3.1661 * a**2 * length + 19.84 * a**2 * radius
    volume = math.pi * radius**2 * length + 4 / 3 * math.pi * radius**3
    return Result(cost, [0.0193 * radius - a, 0.00954 * radius - b, 1296000 - volume])


VESSEL = [
    Parameter("shell", "int", 1, 99),
    Parameter("head", "int", 1, 99),
    Parameter("radius", "real", 10, 200),
    Parameter("length", "real", 10, 200),
]


def small_network(values: Values) -> Result:
    """The made-up network of fronts.py: its error, while its cost is bounded."""
    error, cost = fronts.network(values)
    return Result(error, [cost - 2])


def best_network() -> float:
    found = []
    for layers in range(1, 9):
        for width in range(4, 1025):
            result = small_network(
                {"layers": layers, "width": width, "lr": 10**-2.5, "optimizer": "rmsprop", "activation": "relu"}
            )
            found += [result.loss] if result.keeps() else []
    return min(found)


def problems() -> list[Problem]:
    # corner: from the nearest point of the bound, a + b = 0.775 at d = 0.25; waves: by a fine grid; shell: the
    # diagonal's end; vessel: as published.
    return [
        Problem("corner", reals(4), corner, (0.9 + 0.8 - 0.775) / math.sqrt(2)),
        Problem("waves", reals(2, 0, 6), waves, -1.88876),
        Problem("shell", reals(6), shell, 3 - 0.45 * math.sqrt(6)),
        Problem("vessel", VESSEL, vessel, 6059.7143),
        Problem("network", fronts.NETWORK, small_network, best_network()),
    ]


class HoneBound:
    def __init__(self, driver: hone_search.Driver, problem: Problem, label: str, seed: int, trials: int, parallel: int):
        name, _, rest = label.removesuffix("+rejected").partition(":")
        self.told = not label.endswith("+rejected")
        settings = dict(pair.split("=", 1) for pair in rest.split(",")) if rest else {}
        spec = hone_search.experiment(problem.task(), name, settings, trials, parallel)
        bounds = [{"metricName": f"excess{i}", "atMost": 0} for i in range(len(problem.pool[0].excess))]
        spec["spec"]["objective"]["outcomeConstraints"] = bounds
        self.search = hone_search.HoneSearch(driver, spec, seed)

    def ask(self, count: int) -> list[Proposed]:
        return self.search.ask(count)

    def tell(self, proposed: Proposed, result: Result) -> None:
        question: dict[str, Any] = {"tell": proposed.handle, "value": result.loss, "excess": result.excess}
        if not self.told and not result.keeps():
            question = {"tell": proposed.handle, "value": None}
        self.search.driver.ask(question)


class OptunaBound:
    def __init__(self, problem: Problem, sampler: str, seed: int, parallel: int) -> None:
        import optuna
        import optuna_search

        self.search = optuna_search.OptunaSearch(problem.task(), "random", seed, parallel)
        own = optuna.samplers.TPESampler(
            seed=seed, constant_liar=parallel > 1, constraints_func=lambda trial: trial.user_attrs["excess"]
        )
        self.search.study = optuna.create_study(sampler={"tpe": own}[sampler])

    def ask(self, count: int) -> list[Proposed]:
        return self.search.ask(count)

    def tell(self, proposed: Proposed, result: Result) -> None:
        proposed.handle.set_user_attr("excess", result.excess)
        self.search.study.tell(proposed.handle, result.loss)


def played(problem: Problem, search: HoneBound | OptunaBound, trials: int, parallel: int) -> list[Result]:
    results: list[Result] = []
    while len(results) < trials:
        for proposed in search.ask(min(parallel, trials - len(results))):
            results.append(problem.run(proposed.values))
            search.tell(proposed, results[-1])
    return results


def scores_of(
    label: str, trials: int, args: argparse.Namespace, driver: hone_search.Driver, found: list[Problem]
) -> dict[str, list[float]]:
    scores: dict[str, list[float]] = {}
    for problem in found:
        floor = problem.by_chance(trials)
        for seed in range(args.seeds):
            kind, _, rest = label.partition(":")
            own = stable_seed("constrained", problem.name, seed) % 2**32
            search = (
                HoneBound(driver, problem, rest, own, trials, args.parallel)
                if kind == "hone"
                else OptunaBound(problem, rest, own, args.parallel)
            )
            reached = problem.reached(played(problem, search, trials, args.parallel))
            scores.setdefault(problem.name, []).append(100 * (floor - reached) / (floor - problem.best))
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[50, 100])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--program", type=Path, default=HERE.parents[1] / "build/benchmarks/ask_tell")
    parser.add_argument("algorithms", nargs="*", default=["hone:tpe", "hone:tpe+rejected", "optuna:tpe"])
    args = parser.parse_args()
    driver = hone_search.Driver(args.program)
    found = problems()
    for problem in found:
        problem.fill()
    print(
        "share of random points within the bounds: "
        + ", ".join(f"{p.name} {statistics.mean(result.keeps() for result in p.pool):.2f}" for p in found)
    )
    print(f"{'trials':>6}  {'algorithm':<36}" + "".join(f"{p.name:>9}" for p in found) + "     mean")
    for trials in args.trials:
        for label in args.algorithms:
            scores = scores_of(label, trials, args, driver, found)
            means = [statistics.mean(scores[p.name]) for p in found]
            cells = "".join(f"{mean:>9.1f}" for mean in means)
            print(f"{trials:>6}  {label:<36}{cells}{statistics.mean(means):>9.1f}")
            sys.stdout.flush()
    driver.close()


if __name__ == "__main__":
    main()
