#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a small neural network on scikit-learn's handwritten digits and prints its score each epoch.

Prints one line per epoch in the form that Katib's and hone's default filter reads:

    epoch=3 accuracy=0.9417 loss=0.2381

How many epochs in all: --epochs, else HONE_BUDGET, which a multi-fidelity search sets. It goes on from
$HONE_CHECKPOINT_DIR/network.pickle if that is there, and leaves its network there, so that a trial that is
paused and goes on trains the rest only, to the same result.
Asked to end (SIGTERM, which is what early stopping sends) it finishes its epoch, says so, saves, and leaves.

Equal arguments give equal output: the split, the initial weights and the order of the samples have fixed
seeds, and numerical libraries use one thread.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import pickle
import signal
import sys

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before numpy is loaded: one trial, one core

import numpy as np  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.metrics import accuracy_score, log_loss  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402

SEED = 7


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lr", type=float, required=True, help="initial learning rate, > 0")
    parser.add_argument("--width", type=int, required=True, help="neurons of the hidden layer")
    parser.add_argument("--l2", type=float, default=1e-4, help="weight of the L2 penalty, >= 0")
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="adam")
    parser.add_argument("--epochs", type=int, default=int(os.environ.get("HONE_BUDGET", "40")), help="in all")
    return parser.parse_args()


def load(path: pathlib.Path) -> tuple[int, MLPClassifier]:
    with path.open("rb") as file:
        epochs, model = pickle.load(file)  # our own file: hone keeps the folder for this trial
    print(f"goes on after {epochs} epochs", flush=True)
    return epochs, model


def save(path: pathlib.Path, epochs: int, model: MLPClassifier) -> None:
    """In one step, so that a trial that is killed leaves no half of a checkpoint."""
    part = path.with_suffix(".part")
    part.write_bytes(pickle.dumps((epochs, model)))
    part.replace(path)


def main() -> int:
    args = parse_arguments()
    digits = load_digits()
    x_train, x_valid, y_train, y_valid = train_test_split(
        digits.data / 16.0, digits.target, test_size=0.3, random_state=SEED, stratify=digits.target
    )
    classes = np.unique(digits.target)
    model = MLPClassifier(
        hidden_layer_sizes=(args.width,),
        solver=args.optimizer,
        learning_rate_init=args.lr,
        alpha=args.l2,
        batch_size=32,
        random_state=SEED,
    )
    behind = 0
    folder = os.environ.get("HONE_CHECKPOINT_DIR")
    checkpoint = pathlib.Path(folder) / "network.pickle" if folder else None
    if checkpoint and checkpoint.exists():
        behind, model = load(checkpoint)
    asked_to_end = []
    signal.signal(signal.SIGTERM, lambda number, _frame: asked_to_end.append(number))
    # What is trained already is told again, so that a repeated attempt reports its objective.
    for epoch in range(min(behind + 1, args.epochs), args.epochs + 1):
        if epoch > behind:
            model.partial_fit(x_train, y_train, classes=classes)
        probabilities = model.predict_proba(x_valid)
        accuracy = accuracy_score(y_valid, classes[probabilities.argmax(axis=1)])
        loss = log_loss(y_valid, probabilities, labels=classes)
        print(f"epoch={epoch} accuracy={accuracy:.4f} loss={loss:.4f}", flush=True)
        if asked_to_end:
            print(f"asked to end after epoch {epoch}", flush=True)
            break
    if checkpoint and epoch > behind:
        save(checkpoint, epoch, model)
    return 128 + asked_to_end[0] if asked_to_end else 0


if __name__ == "__main__":
    sys.exit(main())
