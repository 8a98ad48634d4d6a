#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What merging the kernels of Parzen estimators costs: long searches with few and with many of them, paired.

    build/quality-venv/bin/python benchmarks/quality/components.py --trials 2000 --seeds 3 --components 512 2048

The functions of `develop` in boxes of 5 and 10 dimensions and over mixed parameters. Score: 0 is random search's
expectation after as many trials, 100 the optimum. The differences are to the first number of components; the interval
is 95 % of a bootstrap over functions, their tasks and seeds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import functions
import hone_search
import numpy as np
import play
import scoring
import suite

ROOT = Path(__file__).parents[2]
SHAPES = ("_box5", "_box10", "_mixed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--algorithm", default="multivariate-tpe")
    parser.add_argument("--components", type=int, nargs="+", default=[512, 2048])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--program", type=Path, default=ROOT / "build/benchmarks/ask_tell")
    options = parser.parse_args()
    driver = hone_search.Driver(options.program)
    tasks = [task for task in functions.tasks(suite.SPLITS["develop"]["functions"]) if task.name.endswith(SHAPES)]
    found: dict[int, dict[str, dict[str, dict[int, float]]]] = {most: {} for most in options.components}
    for task in tasks:
        baseline = scoring.random_baseline(task, options.trials)
        for most, scores in found.items():
            spec = hone_search.experiment(task, options.algorithm, {"max_components": str(most)}, options.trials, 1)
            for seed in range(1, options.seeds + 1):
                own = play.search_seed(task, seed)
                run = play.play(hone_search.HoneSearch(driver, spec, own), task, seed, options.trials, 1)
                curve = scoring.curve(run.best, task.worst, options.trials)
                score = float(scoring.scores(curve, baseline, task.optimum)[-1])
                scores.setdefault(task.family, {}).setdefault(task.name, {})[seed] = score
        means = [f"{most}: {np.mean(list(scores[task.family][task.name].values())):.2f}" for most, scores in found.items()]
        print(f"{task.name:<24} {'   '.join(means)}", flush=True)
    driver.close()
    first = found[options.components[0]]
    for most, scores in found.items():
        difference = scoring.paired(scores, first)
        low, high = scoring.bootstrap(difference)
        print(
            f"{options.algorithm}, {most} components, {options.trials} trials, {options.seeds} seeds: mean "
            f"{scoring.mean(scores):.2f}, difference {scoring.mean(difference):.2f} [{low:.2f}, {high:.2f}]"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
