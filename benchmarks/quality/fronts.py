#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two objectives: how much of the best possible front searches find, hone's and Optuna's.

    build/quality-venv/bin/python benchmarks/quality/fronts.py --trials 100 300 --seeds 10

Score: 0 is random search's mean hypervolume at the same number of trials, 100 the true front's. Each problem has its own
reference point; a share of the box between it and the best values of each objective is what counts.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hone_search
from play import Proposed
from space import Outcome, Parameter, Task, Values, stable_seed

Losses = tuple[float, float]
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Problem:
    name: str
    parameters: list[Parameter]
    losses: Callable[[Values], Losses]
    reference: Losses  # the worst point that counts
    best: float  # hypervolume of the true front

    def task(self) -> Task:
        return Task(self.name, "fronts", "front", self.parameters, 0, 0, lambda _values, _draw: Outcome(0, 0))


def area(points: list[Losses], reference: Losses) -> float:
    """Hypervolume of two objectives, by slices."""
    total, lowest = 0.0, reference[1]
    for x, y in sorted(points):
        if x < reference[0] and y < lowest:
            total += (reference[0] - x) * (lowest - y)
            lowest = y
    return total


def reals(count: int) -> list[Parameter]:
    return [Parameter(f"x{i}", "real", 0, 1) for i in range(count)]


def zdt(shape: Callable[[float, float], float], count: int = 6) -> Callable[[Values], Losses]:
    def losses(values: Values) -> Losses:
        x = [float(values[f"x{i}"]) for i in range(count)]
        g = 1 + 9 * sum(x[1:]) / (count - 1)
        return x[0], g * shape(x[0], g)

    return losses


def shapes() -> dict[str, Callable[[float, float], float]]:
    return {
        "zdt1": lambda f, g: 1 - math.sqrt(f / g),
        "zdt2": lambda f, g: 1 - (f / g) ** 2,
        "zdt3": lambda f, g: 1 - math.sqrt(f / g) - f / g * math.sin(10 * math.pi * f),
    }


def sphere_front(values: Values) -> Losses:
    """DTLZ2 with two objectives: a quarter of a circle."""
    x = [float(values[f"x{i}"]) for i in range(6)]
    g = sum((v - 0.5) ** 2 for v in x[1:])
    return (1 + g) * math.cos(x[0] * math.pi / 2), (1 + g) * math.sin(x[0] * math.pi / 2)


def network(values: Values) -> Losses:
    """Made up: error and logarithm of cost of a network; choices, whole numbers, logarithms, a dependent parameter."""
    layers, width = int(values["layers"]), float(values["width"])
    rate = math.log10(float(values["lr"]))
    error = 0.05 + 0.4 / math.sqrt(width * layers) + 0.02 * (rate + 2.5) ** 2
    if values["optimizer"] == "sgd":
        error += 0.05 * (1 - float(values.get("momentum", 0))) + 0.02
    error += {"relu": 0.0, "tanh": 0.03, "sigmoid": 0.1}[str(values["activation"])]
    cost = math.log10(layers * width * (1.3 if values["optimizer"] == "adam" else 1.0))
    return error, cost


NETWORK = [
    Parameter("layers", "int", 1, 8),
    Parameter("width", "logint", 4, 1024),
    Parameter("lr", "log", 1e-5, 1),
    Parameter("optimizer", "word", choices=("adam", "sgd", "rmsprop")),
    Parameter("activation", "word", choices=("sigmoid", "relu", "tanh")),
    Parameter("momentum", "real", 0, 0.99, when=("optimizer", ("sgd",))),
]


def true_network_front(reference: Losses) -> float:
    points = []
    for layers in range(1, 9):
        for width in range(4, 1025):
            for optimizer, momentum in (("rmsprop", 0.0), ("sgd", 0.99), ("adam", 0.0)):
                values = {"layers": layers, "width": width, "lr": 10**-2.5, "optimizer": optimizer}
                points.append(network(values | {"activation": "relu", "momentum": momentum}))
    return area(points, reference)


def problems() -> list[Problem]:
    found = []
    for name, shape in shapes().items():
        reference = (1.1, 6.0)
        true = [(f, shape(f, 1.0)) for f in (i / 100000 for i in range(100001))]
        found.append(Problem(name, reals(6), zdt(shape), reference, area(true, reference)))
    circle = [(math.cos(i * math.pi / 2e5), math.sin(i * math.pi / 2e5)) for i in range(100001)]
    found.append(Problem("dtlz2", reals(6), sphere_front, (1.5, 1.5), area(circle, (1.5, 1.5))))
    reference = (0.6, 4.2)
    found.append(Problem("network", NETWORK, network, reference, true_network_front(reference)))
    return found


class HoneFront:
    def __init__(self, driver: hone_search.Driver, problem: Problem, label: str, seed: int, trials: int, parallel: int):
        name, _, rest = label.partition(":")
        settings = dict(pair.split("=", 1) for pair in rest.split(",")) if rest else {}
        spec = hone_search.experiment(problem.task(), name, settings, trials, parallel)
        spec["spec"]["objective"]["additionalObjectives"] = [{"metricName": "second", "type": "minimize"}]
        self.search = hone_search.HoneSearch(driver, spec, seed)

    def ask(self, count: int) -> list[Proposed]:
        return self.search.ask(count)

    def tell(self, proposed: Proposed, losses: Losses) -> None:
        self.search.driver.ask({"tell": proposed.handle, "value": list(losses)})


class OptunaFront:
    def __init__(self, problem: Problem, sampler: str, seed: int, parallel: int) -> None:
        import optuna

        import optuna_search

        self.search = optuna_search.OptunaSearch(problem.task(), "random", seed, parallel)
        samplers: dict[str, Callable[[], Any]] = {
            "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=seed),
            "tpe": lambda: optuna.samplers.TPESampler(seed=seed, constant_liar=parallel > 1),
        }
        self.search.study = optuna.create_study(directions=["minimize"] * 2, sampler=samplers[sampler]())

    def ask(self, count: int) -> list[Proposed]:
        return self.search.ask(count)

    def tell(self, proposed: Proposed, losses: Losses) -> None:
        self.search.study.tell(proposed.handle, list(losses))


def hypervolume(problem: Problem, search: HoneFront | OptunaFront, trials: int, parallel: int) -> float:
    points: list[Losses] = []
    while len(points) < trials:
        batch = search.ask(min(parallel, trials - len(points)))
        for proposed in batch:
            points.append(problem.losses(proposed.values))
            search.tell(proposed, points[-1])
    return area(points, problem.reference)


def by_chance(problem: Problem, trials: int) -> float:
    draw = random.Random(stable_seed("fronts", problem.name, trials))
    task = problem.task()
    runs = [[problem.losses(task.draw(draw)) for _ in range(trials)] for _ in range(200)]
    return statistics.mean(area(points, problem.reference) for points in runs)


def scores_of(label: str, trials: int, args: argparse.Namespace, driver: hone_search.Driver) -> dict[str, list[float]]:
    scores: dict[str, list[float]] = {}
    for problem in problems():
        floor = by_chance(problem, trials)
        for seed in range(args.seeds):
            kind, _, rest = label.partition(":")
            own = stable_seed("fronts", problem.name, seed) % 2**32
            search = (
                HoneFront(driver, problem, rest, own, trials, args.parallel)
                if kind == "hone"
                else OptunaFront(problem, rest, own, args.parallel)
            )
            reached = hypervolume(problem, search, trials, args.parallel)
            scores.setdefault(problem.name, []).append(100 * (reached - floor) / (problem.best - floor))
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--program", type=Path, default=HERE.parents[1] / "build/benchmarks/ask_tell")
    parser.add_argument("algorithms", nargs="*", default=["hone:nsga2", "optuna:nsga2", "optuna:tpe"])
    args = parser.parse_args()
    driver = hone_search.Driver(args.program)
    names = [problem.name for problem in problems()]
    print(f"{'trials':>6}  {'algorithm':<36}" + "".join(f"{name:>9}" for name in names) + "     mean  sec/run")
    for trials in args.trials:
        for label in args.algorithms:
            began = time.monotonic()
            scores = scores_of(label, trials, args, driver)
            seconds = (time.monotonic() - began) / (args.seeds * len(names))
            means = [statistics.mean(scores[name]) for name in names]
            cells = "".join(f"{mean:>9.1f}" for mean in means)
            print(f"{trials:>6}  {label:<36}{cells}{statistics.mean(means):>9.1f}{seconds:>9.2f}")
            sys.stdout.flush()
    driver.close()


if __name__ == "__main__":
    main()
