#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a small neural network on scikit-learn's handwritten digits for some epochs, from a checkpoint on.

It goes on from $HONE_CHECKPOINT_DIR/network.npz if that is there, and leaves its weights, the optimiser's
state and the number of epochs behind it there. In each epoch every image is moved by up to a pixel and gets noise,
so that the gradients are noisy: a large rate learns fast and then stays noisy, a small one is slow, and a rate that
falls does best. The loss is that of untouched images. Prints one line per epoch:

    epoch=12 loss=0.2381 accuracy=0.9417

Asked to end (SIGTERM) it finishes its epoch and saves. Equal arguments and checkpoints give equal output.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import signal
import sys

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before numpy is loaded: one trial, one core

import numpy as np  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402

SEED = 7
BATCH = 16
WIDTH = 48
NOISE = 0.3  # of grey values from 0 to 1
SIDE = 8  # of an image


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lr", type=float, required=True, help="learning rate, > 0")
    parser.add_argument("--momentum", type=float, required=True, help="from 0 to below 1")
    parser.add_argument("--l2", type=float, required=True, help="weight of the L2 penalty, >= 0")
    parser.add_argument("--epochs", type=int, default=2, help="of this segment")
    return parser.parse_args()


def disturbed(x: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Each image moved by up to a pixel in each direction, with noise."""
    images = x.reshape(-1, SIDE, SIDE)
    moves = random.integers(-1, 2, (len(x), 2))
    moved = np.empty_like(images)
    for move in np.ndindex(3, 3):
        by = (move[0] - 1, move[1] - 1)
        chosen = (moves == by).all(axis=1)
        moved[chosen] = np.roll(images[chosen], by, axis=(1, 2))
    return moved.reshape(x.shape) + NOISE * random.normal(size=x.shape)


class Network:
    """One hidden layer of rectified units, trained by stochastic gradient descent with momentum."""

    def __init__(self, features: int, classes: int) -> None:
        random = np.random.default_rng(SEED)
        self.epoch = 0
        self.weights = {
            "w1": random.normal(0, np.sqrt(2 / features), (features, WIDTH)),
            "b1": np.zeros(WIDTH),
            "w2": random.normal(0, np.sqrt(2 / WIDTH), (WIDTH, classes)),
            "b2": np.zeros(classes),
        }
        self.speed = {name: np.zeros_like(value) for name, value in self.weights.items()}

    def load(self, path: pathlib.Path) -> None:
        with np.load(path) as saved:
            self.epoch = int(saved["epoch"])
            for name in self.weights:
                self.weights[name] = saved[name]
                self.speed[name] = saved["speed_" + name]

    def save(self, path: pathlib.Path) -> None:
        """In one step, so that a trial that is killed leaves no half of a checkpoint."""
        speed = {"speed_" + name: value for name, value in self.speed.items()}
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, epoch=self.epoch, **self.weights, **speed)
        part.replace(path)

    def probabilities(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        hidden = np.maximum(x @ self.weights["w1"] + self.weights["b1"], 0)
        scores = hidden @ self.weights["w2"] + self.weights["b2"]
        scores -= scores.max(axis=1, keepdims=True)
        exponents = np.exp(scores)
        return hidden, exponents / exponents.sum(axis=1, keepdims=True)

    def step(self, x: np.ndarray, y: np.ndarray, args: argparse.Namespace) -> None:
        hidden, delta = self.probabilities(x)
        delta[np.arange(len(y)), y] -= 1
        delta /= len(y)
        back = (delta @ self.weights["w2"].T) * (hidden > 0)
        gradients = {
            "w1": x.T @ back + args.l2 * self.weights["w1"],
            "b1": back.sum(axis=0),
            "w2": hidden.T @ delta + args.l2 * self.weights["w2"],
            "b2": delta.sum(axis=0),
        }
        for name, gradient in gradients.items():
            self.speed[name] = args.momentum * self.speed[name] - args.lr * gradient
            self.weights[name] += self.speed[name]

    def train(self, x: np.ndarray, y: np.ndarray, args: argparse.Namespace) -> None:
        random = np.random.default_rng([SEED, self.epoch])
        order = random.permutation(len(y))
        x = disturbed(x, random)
        for start in range(0, len(y), BATCH):
            batch = order[start : start + BATCH]
            self.step(x[batch], y[batch], args)
        self.epoch += 1


def epoch_of(
    network: Network,
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_valid: np.ndarray,
    y_valid: np.ndarray,
    args: argparse.Namespace,
) -> tuple[float, float]:
    """Trains for one epoch; the loss and the accuracy after it."""
    with np.errstate(all="ignore"):
        network.train(x_train, y_train, args)
        _, probabilities = network.probabilities(x_valid)
        right = probabilities[np.arange(len(y_valid)), y_valid]
        loss = -np.log(np.maximum(right, 1e-12)).mean()
    return float(loss), float((probabilities.argmax(axis=1) == y_valid).mean())


def main() -> int:
    args = parse_arguments()
    digits = load_digits()
    x_train, x_valid, y_train, y_valid = train_test_split(
        digits.data / 16.0, digits.target, test_size=0.3, random_state=SEED, stratify=digits.target
    )
    network = Network(x_train.shape[1], 10)
    checkpoint = pathlib.Path(os.environ.get("HONE_CHECKPOINT_DIR", ".")) / "network.npz"
    if checkpoint.exists():
        network.load(checkpoint)
    print(f"begins after {network.epoch} epochs", flush=True)
    asked_to_end = []
    signal.signal(signal.SIGTERM, lambda number, _frame: asked_to_end.append(number))
    for _ in range(args.epochs):
        loss, accuracy = epoch_of(network, x_train, y_train, x_valid, y_valid, args)
        print(f"epoch={network.epoch} loss={loss:.5f} accuracy={accuracy:.4f}", flush=True)
        if asked_to_end:
            break
    if np.isfinite(loss):
        network.save(checkpoint)
    return 128 + asked_to_end[0] if asked_to_end else 0


if __name__ == "__main__":
    sys.exit(main())
