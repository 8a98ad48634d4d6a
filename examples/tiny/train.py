#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Logistic regression on two clouds of points: a real training in a tenth of a second, standard library only.

Prints one line per epoch in the form that Katib's and hone's default filter reads:

    epoch=3 accuracy=0.9417 loss=0.2381 steps=39

How many epochs: --epochs, else HONE_BUDGET, which a multi-fidelity search sets. With --json the lines are JSON objects. Equal arguments give equal output.
"""

import argparse
import json
import math
import os
import random

SEED = 7


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lr", type=float, default=0.1, help="learning rate, > 0")
    parser.add_argument("--batch", type=int, default=16, help="points in a step")
    parser.add_argument("--l2", type=float, default=0.0, help="weight of the L2 penalty, >= 0")
    parser.add_argument("--optimizer", choices=["sgd", "momentum"], default="sgd")
    parser.add_argument("--momentum", type=float, default=0.0, help="only for momentum, 0 <= x < 1")
    parser.add_argument("--epochs", type=int, default=int(os.environ.get("HONE_BUDGET", "5")))
    parser.add_argument("--json", action="store_true", help="print JSON objects")
    return parser.parse_args()


def clouds(count: int) -> list[tuple[float, float, int]]:
    """Points around (-1, -1), label 0, and around (1, 1), label 1; they overlap a little."""
    draw = random.Random(SEED)
    labels = [i % 2 for i in range(count)]
    return [(draw.gauss(2 * y - 1, 1.2), draw.gauss(2 * y - 1, 1.2), y) for y in labels]


def probability(weights: list[float], x: float, y: float) -> float:
    score = weights[0] * x + weights[1] * y + weights[2]
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def step(weights: list[float], speed: list[float], batch: list, args: argparse.Namespace) -> None:
    gradient = [args.l2 * weights[0], args.l2 * weights[1], 0.0]
    for x, y, label in batch:
        error = (probability(weights, x, y) - label) / len(batch)
        for i, value in enumerate((x, y, 1.0)):
            gradient[i] += error * value
    keep = args.momentum if args.optimizer == "momentum" else 0.0
    for i in range(3):
        speed[i] = keep * speed[i] - args.lr * gradient[i]
        weights[i] += speed[i]


def score(weights: list[float], points: list) -> tuple[float, float]:
    right, loss = 0, 0.0
    for x, y, label in points:
        p = probability(weights, x, y)
        right += (p > 0.5) == (label == 1)
        loss -= math.log(max(1e-12, p if label else 1 - p))
    return right / len(points), loss / len(points)


def main() -> None:
    args = parse_arguments()
    points = clouds(400)
    training, validation = points[:200], points[200:]
    weights, speed = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    steps = 0
    for epoch in range(1, args.epochs + 1):
        for start in range(0, len(training), args.batch):
            step(weights, speed, training[start : start + args.batch], args)
            steps += 1
        accuracy, loss = score(weights, validation)
        if args.json:
            line = {"epoch": epoch, "accuracy": round(accuracy, 4), "loss": round(loss, 4), "steps": steps}
            print(json.dumps(line), flush=True)
        else:
            print(f"epoch={epoch} accuracy={accuracy:.4f} loss={loss:.4f} steps={steps}", flush=True)


if __name__ == "__main__":
    main()
