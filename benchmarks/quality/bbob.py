# SPDX-License-Identifier: Apache-2.0
"""Functions like those of BBOB, the same as in run_lengths.cpp: shifted, turned, with instances. Least value: 0.

Instance after instance the optimum is somewhere else in [-4, 4]^d; the box is [-5, 5]^d.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

PHI = (1 + math.sqrt(5)) / 2

Vector = Any  # of NumPy
Value = Callable[[Vector], float]


def fraction(x: float) -> float:
    return x - math.floor(x)


def shift(d: int, instance: int) -> Vector:
    step = (instance + 3) * 0.7548776662466927
    return np.array([-4 + 8 * fraction(instance * PHI + step * (i + 1)) for i in range(d)])


def rotation(d: int, instance: int) -> Vector:
    q = np.zeros((d, d))
    for c in range(d):
        for r in range(d):
            q[r, c] = fraction(1e4 * math.sin((1 + r + c * d) * 12.9898 + instance * 78.233)) - 0.5
        for b in range(c):
            q[:, c] -= q[:, b].dot(q[:, c]) * q[:, b]
        q[:, c] /= np.linalg.norm(q[:, c])
    return q


def share(d: int) -> Vector:
    return np.arange(d) / max(d - 1, 1)


def rosenbrock(z: Vector) -> float:
    y = max(1.0, math.sqrt(len(z)) / 8) * z + 1
    return np.sum(100 * (y[:-1] ** 2 - y[1:]) ** 2 + (y[:-1] - 1) ** 2)


def schaffers(z: Vector) -> float:
    s = np.hypot(z[:-1], z[1:])
    return np.mean(np.sqrt(s) * (1 + np.sin(50 * s**0.2) ** 2)) ** 2


def ackley(z: Vector) -> float:
    waves = np.mean(np.cos(2 * np.pi * z))
    return -20 * np.exp(-0.2 * math.sqrt(np.mean(z * z))) - np.exp(waves) + 20 + math.e


def ellipsoid(z: Vector) -> float:
    return np.sum(1e6 ** share(len(z)) * z * z)


def rastrigin(z: Vector) -> float:
    return z.dot(z) + 10 * np.sum(1 - np.cos(2 * np.pi * z))


def powers(z: Vector) -> float:
    return math.sqrt(np.sum(np.abs(z) ** (2 + 4 * share(len(z)))))


FUNCTIONS: list[tuple[str, Value, bool]] = [  # name, value, whether it is turned
    ("sphere", lambda z: z.dot(z), False),
    ("ellipsoid", ellipsoid, False),
    ("ellipsoid-rotated", ellipsoid, True),
    ("rosenbrock", rosenbrock, False),
    ("rosenbrock-rotated", rosenbrock, True),
    ("rastrigin", rastrigin, False),
    ("rastrigin-rotated", rastrigin, True),
    ("bent-cigar-rotated", lambda z: z[0] ** 2 + 1e6 * np.sum(z[1:] ** 2), True),
    ("different-powers-rotated", powers, True),
    ("discus-rotated", lambda z: 1e6 * z[0] ** 2 + np.sum(z[1:] ** 2), True),
    ("sharp-ridge-rotated", lambda z: z[0] ** 2 + 100 * np.linalg.norm(z[1:]), True),
    ("ackley-rotated", ackley, True),
    ("schaffers-rotated", schaffers, True),
]


def instance_of(value: Value, rotated: bool, d: int, instance: int) -> Value:
    """The function of a point of the box."""
    offset = shift(d, instance)
    turn = rotation(d, instance) if rotated else np.eye(d)
    return lambda x: float(value(turn.dot(np.asarray(x) - offset)))
