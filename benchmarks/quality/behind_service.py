#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CMA-ES, eight trials at a time and a hundred for each dimension, in process and behind Katib's wire.

    behind_service.py [--algorithms LABEL...] [--instances 5] [--dimensions 2 5 10] [--parallel 8] [--output FILE]

LABEL: hone:NAME[:setting=value] in process, katib:NAME[:setting=value] behind `hone suggestion`, optuna:SAMPLER. Thirteen
functions like those of BBOB. Score: 0 is random search's expectation at the same count, 100 the optimum; ± is the standard
error over functions and dimensions. Needs build/quality-venv (NumPy, Optuna, gRPC).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy reads them
    os.environ[threads] = "1"

import bbob  # noqa: E402
import hone_search  # noqa: E402
import katib_search  # noqa: E402
import numpy as np  # noqa: E402
import play  # noqa: E402
import scoring  # noqa: E402
import store  # noqa: E402
from algorithm import Algorithm  # noqa: E402
from space import Outcome, Parameter, Task, Values  # noqa: E402

ROOT = Path(__file__).parents[2]
PER_DIMENSION = 100
POOL = 4096


def task_of(name: str, value: bbob.Value, rotated: bool, d: int, instance: int) -> Task:
    parameters = [Parameter(f"x{i}", "real", -5, 5) for i in range(d)]
    function = bbob.instance_of(value, rotated, d, instance)

    def evaluate(values: Values, _draw: int) -> Outcome:
        result = function([float(values[p.name]) for p in parameters])
        return Outcome(result, result)

    return Task(f"{name}-{d}-{instance}", name, "box", parameters, 0.0, float("inf"), evaluate)


def expectation(task: Task, trials: int) -> float:
    """Of random search's best value."""
    rng = np.random.default_rng(1)
    values = np.array(
        [
            task.evaluate({p.name: x for p, x in zip(task.parameters, point)}, 0).true
            for point in rng.uniform(-5, 5, (POOL, len(task.parameters)))
        ]
    )
    return float(scoring.first_rank_odds(POOL, trials)[trials - 1] @ np.sort(values))


def search_of(
    options: argparse.Namespace, label: str, task: Task, seed: int, trials: int, open_: dict[str, Any]
) -> Any:
    algorithm = Algorithm(label)
    if label.startswith("katib:"):
        own = play.search_seed(task, seed)
        return katib_search.KatibSearch(
            open_["service"], task, algorithm.name, algorithm.settings, own, trials, options.parallel
        )
    return algorithm.search(task, seed, trials, options.parallel, open_.get("driver"))


def scores_of(options: argparse.Namespace, label: str, open_: dict[str, Any], random: dict[str, float]) -> Any:
    """Function and dimension -> the scores of the instances."""
    found: dict[str, list[float]] = {}
    for d in options.dimensions:
        trials = PER_DIMENSION * d
        for name, value, rotated in bbob.FUNCTIONS:
            scores = found.setdefault(f"{name}-{d}", [])
            for instance in range(1, options.instances + 1):
                task = task_of(name, value, rotated, d, instance)
                if task.name not in random:
                    random[task.name] = expectation(task, trials)
                search = search_of(options, label, task, instance, trials, open_)
                best = play.play(search, task, instance, trials, options.parallel).best[-1][1]
                scores.append(round(100 * (1 - best / random[task.name]), 2))
        print(f"behind_service: {label}, d = {d}", file=sys.stderr, flush=True)
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--algorithms", nargs="+", default=["hone:cmaes", "katib:cmaes", "optuna:cmaes"])
    parser.add_argument("--instances", type=int, default=5)
    parser.add_argument("--dimensions", type=int, nargs="+", default=[2, 5, 10])
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--driver", type=Path, default=ROOT / "build/benchmarks/ask_tell")
    parser.add_argument("--hone", type=Path, default=ROOT / "build/bin/hone")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args(arguments)
    results: dict[str, dict[str, list[float]]] = {}
    random: dict[str, float] = {}
    with contextlib.ExitStack() as stack:
        open_: dict[str, Any] = {}
        if any(label.startswith("hone:") for label in options.algorithms):
            open_["driver"] = hone_search.Driver(options.driver)
            stack.callback(open_["driver"].close)
        if any(label.startswith("katib:") for label in options.algorithms):
            open_["service"] = stack.enter_context(katib_search.service(options.hone))
        for label in options.algorithms:
            results[label] = scores_of(options, label, open_, random)
    print("| algorithm | mean | " + " | ".join(f"d = {d}" for d in options.dimensions) + " |")
    print("|---|---|" + "---|" * len(options.dimensions))
    for label, found in results.items():
        means = {name: float(np.mean(scores)) for name, scores in found.items()}
        error = np.std(list(means.values()), ddof=1) / np.sqrt(len(means))
        by_d = [np.mean([m for name, m in means.items() if name.endswith(f"-{d}")]) for d in options.dimensions]
        cells = " | ".join(f"{mean:.1f}" for mean in by_d)
        print(f"| {label} | {np.mean(list(means.values())):.1f} ± {error:.1f} | {cells} |")
    if options.output:
        record = {"command": "behind_service.py " + " ".join(arguments), "commit": store.commit(), "scores": results}
        options.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
