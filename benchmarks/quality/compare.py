#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares an algorithm of two files of results: what a change of it did.

    compare.py BEFORE.json AFTER.json --algorithm hone:bayesianoptimization [--after-algorithm LABEL]

The files are what `quality.py --output` wrote, of the same suite. Differences are paired by task and seed. Two
intervals of 95 %: of new families (families, tasks and seeds are drawn again), and of these families only (tasks and
seeds are).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import report
import scoring

Found = dict[str, dict[str, dict[int, float]]]  # group -> task -> seed -> difference


def scores(results: dict[str, Any], label: str) -> Found:
    found: Found = {}
    for name, task in results["tasks"].items():
        group = "tables" if task["kind"].startswith("table") else "functions"
        seeds = task["scores"].get(label)
        if seeds:
            found.setdefault(group, {})[name] = {int(seed): score for seed, score in seeds.items()}
    return found


def of_these_families(pairs: Found, draws: int = 2000) -> tuple[float, float]:
    rng = np.random.default_rng(21)
    families = [[list(seeds.values()) for seeds in tasks.values()] for tasks in pairs.values()]
    means = np.mean([scoring.drawn_means(tasks, draws, rng) for tasks in families], axis=0)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def by(pairs: Found, tasks: dict[str, Any], key: str) -> list[list[Any]]:
    means: dict[str, list[float]] = {}
    for of_family in pairs.values():
        for name, seeds in of_family.items():
            means.setdefault(tasks[name][key], []).append(float(np.mean(list(seeds.values()))))
    return [[kind, len(found), f"{np.mean(found):.1f}"] for kind, found in means.items()]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--algorithm", required=True, metavar="LABEL")
    parser.add_argument("--after-algorithm", metavar="LABEL", help="its label in the second file, if another one")
    options = parser.parse_args(arguments)
    files = [json.loads(path.read_text(encoding="utf-8")) for path in (options.before, options.after)]
    before = scores(files[0], options.algorithm)
    after = scores(files[1], options.after_algorithm or options.algorithm)
    tasks = files[1]["tasks"]
    for group in after:
        families: Found = {}
        runs = 0
        for name, seeds in after[group].items():
            earlier = before.get(group, {}).get(name, {})
            common = {seed: score - earlier[seed] for seed, score in seeds.items() if seed in earlier}
            runs += len(common)
            if common:
                families.setdefault(tasks[name]["family"], {})[name] = common
        if not families:
            print(f"{group}: no run in common")
            continue
        low, high = scoring.bootstrap(families)
        near, far = of_these_families(families)
        of_tasks = [float(np.mean(list(seeds.values()))) for found in families.values() for seeds in found.values()]
        better, worse = sum(d > 0 for d in of_tasks), sum(d < 0 for d in of_tasks)
        head = ["group", "tasks", "runs", "difference [95 % of new families]", "[of these families]", "better", "worse"]
        cells = [group, len(of_tasks), runs, f"{scoring.mean(families):.1f} [{low:.1f}, {high:.1f}]"]
        print(report.table(head, [[*cells, f"[{near:.1f}, {far:.1f}]", better, worse]]) + "\n")
        for key in ("kind", "family"):
            print(report.table([key, "tasks", "difference"], by(families, tasks, key)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
