#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Learns what bayesianoptimization with priors=learned believes of its hyperparameters, from the tables of develop.

    learn_priors.py [--without FAMILY] [--rounds 2]

Twelve numbers: the mean log lengthscale of each kind of parameter (linear, log, integer, category, branch), their common
spread, mean and spread of the log noise, the mean of the log linear variance, the additive share's Beta(1, b), and the
spreads of the kernel's variance and of the warps. They are those under which the tables are most probable, all together:
expectation maximization, whose expectations are means over draws of the hyperparameters (build/benchmarks/hyper_draws)
given forty trials of each task, half of them random and half the best of a hundred others. Each family counts the same.
After two rounds it stops: further ones go on narrowing every spread, until no noise is believed possible.
With --without, one family is left out: how much do the numbers hang on it?

Wang et al. 2021, arXiv 2109.08215 (HyperBO) learn a prior in the same spirit.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy reads them
    os.environ[threads] = "1"

import hone_search  # noqa: E402
import numpy as np  # noqa: E402
import suite  # noqa: E402
from space import Task, stable_seed  # noqa: E402

ROOT = Path(__file__).parents[2]
KINDS = ["linear", "log", "integer", "category", "branch"]
RANDOM, BEST, POOL = 20, 20, 100
SETS = 2  # of trials, for each task

Draws = list[tuple[float, list[dict[str, Any]]]]  # weight of each draw, draws; of each set of trials


def trials_of(task: Task, number: int) -> list[dict[str, Any]]:
    rng = random.Random(stable_seed("learn priors", task.name, number))
    found: list[tuple[dict[str, str], float]] = []
    while len(found) < RANDOM + POOL:
        values = task.draw(rng)
        observed = task.evaluate(values, rng.getrandbits(32)).observed
        if observed is not None:
            found.append(({name: str(value) for name, value in values.items()}, observed))
    best = sorted(found[RANDOM:], key=lambda trial: trial[1])[:BEST]
    return [{"values": values, "loss": loss} for values, loss in found[:RANDOM] + best]


def broad() -> dict[str, Any]:
    """What is believed without tables: gp::Priors as they begin."""
    length = [[math.sqrt(2), math.sqrt(3)]] * len(KINDS)
    return {"length": length, "noise": [-4, 1], "linear": [-3, 1], "additive": 9, "scale": 0.5, "warp": 0.5}


def spread(values: list[float], weights: list[float], about: float) -> float:
    return math.sqrt(np.average((np.array(values) - about) ** 2, weights=weights))


def most_probable(found: Draws, before: dict[str, Any]) -> dict[str, Any]:
    def of(values_of: Any) -> tuple[list[float], list[float]]:
        pairs = [(value, weight) for weight, draws in found for draw in draws for value in values_of(draw)]
        return [value for value, _ in pairs], [weight for _, weight in pairs]

    means = []
    apart: tuple[list[float], list[float]] = ([], [])  # from the mean of its kind
    for kind in range(len(KINDS)):
        values, weights = of(lambda draw, kind=kind: [log for k, log in draw["length"] if k == kind])
        means.append(float(np.average(values, weights=weights)) if values else before["length"][kind][0])
        apart[0].extend(value - means[-1] for value in values)
        apart[1].extend(weights)
    common = spread(*apart, 0)
    noise = of(lambda draw: [draw["noise"]])
    noise_mean = float(np.average(noise[0], weights=noise[1]))
    linear = of(lambda draw: [] if draw["linear"] is None else [draw["linear"]])
    additive = of(lambda draw: [math.log1p(-draw["additive"])])
    return {
        "length": [[mean, common] for mean in means],
        "noise": [noise_mean, spread(*noise, noise_mean)],
        "linear": [float(np.average(linear[0], weights=linear[1])), before["linear"][1]],
        "additive": -1 / float(np.average(additive[0], weights=additive[1])),
        "scale": spread(*of(lambda draw: [draw["scale"]]), 0),
        "warp": spread(*of(lambda draw: draw["warp"]), 0),
    }


def draws_under(priors: dict[str, Any], questions: list[tuple[str, dict[str, Any]]], program: Path) -> Draws:
    lines = "".join(json.dumps(question | {"priors": priors}) + "\n" for _, question in questions)
    done = subprocess.run([str(program)], input=lines, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    families = [family for family, _ in questions]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [(1 / families.count(family), draws) for family, draws in zip(families, answers, strict=True)]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without", default="", metavar="FAMILY")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--program", type=Path, default=ROOT / "build/benchmarks/hyper_draws")
    options = parser.parse_args(arguments)
    tasks = [task for task in suite.load("develop", ["tables"], "one") if task.family != options.without]
    questions = [
        (
            task.family,
            {
                "experiment": hone_search.experiment(task, "bayesianoptimization", {}, 64, 1),
                "trials": trials_of(task, number),
            },
        )
        for task in tasks
        for number in range(SETS)
    ]
    priors = broad()
    for _ in range(options.rounds):
        priors = most_probable(draws_under(priors, questions, options.program), priors)
        print(json.dumps(priors, default=float), flush=True)
    means = ", ".join(f"{kind} {mean:.2f}" for kind, (mean, _) in zip(KINDS, priors["length"], strict=True))
    print(f"log lengthscale: {means}; spread {priors['length'][0][1]:.2f}")
    print("log noise: {:.2f}, spread {:.2f}".format(*priors["noise"]))
    print(f"log linear variance: {priors['linear'][0]:.2f}; additive share: Beta(1, {priors['additive']:.1f})")
    print(f"spread of the log variance: {priors['scale']:.2f}, of log warps: {priors['warp']:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
