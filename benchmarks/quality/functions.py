# SPDX-License-Identifier: Apache-2.0
"""Analytic tasks with a known optimum of 0: in a box, mixed, conditional, with a region that fails.

Optima lie anywhere in the box with equal probability, so that a search that starts in the centre gains nothing.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from space import Outcome, Parameter, Task, Values, stable_seed

Vector = list[float]
Function = Callable[[Vector], float]  # least, 0, at the origin; interesting within about 5 of it


def sphere(z: Vector) -> float:
    return sum(x * x for x in z)


def ellipsoid(z: Vector) -> float:
    """Condition number 10,000."""
    return sum(10 ** (4 * i / max(len(z) - 1, 1)) * x * x for i, x in enumerate(z))


def rosenbrock(z: Vector) -> float:
    y = [0.4 * x + 1 for x in z]
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(y, y[1:]))


def rastrigin(z: Vector) -> float:
    return sum(10 + (0.5 * x) ** 2 - 10 * math.cos(math.pi * x) for x in z)


def ackley(z: Vector) -> float:
    n = len(z)
    waves = sum(math.cos(2 * math.pi * x) for x in z) / n
    return -20 * math.exp(-0.2 * math.sqrt(sphere(z) / n)) - math.exp(waves) + 20 + math.e


def griewank(z: Vector) -> float:
    y = [6 * x for x in z]
    return 1 + sphere(y) / 400 - math.prod(math.cos(x / math.sqrt(i + 1)) for i, x in enumerate(y))


def cigar(z: Vector) -> float:
    return z[0] ** 2 + 1000 * sum(x * x for x in z[1:])


def levy(z: Vector) -> float:
    w = [1 + x / 4 for x in z]
    middle = sum((a - 1) ** 2 * (1 + 10 * math.sin(math.pi * a + 1) ** 2) for a in w[:-1])
    ends = math.sin(math.pi * w[0]) ** 2 + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return ends + middle


def powers(z: Vector) -> float:
    return sum(abs(x) ** (2 + 4 * i / max(len(z) - 1, 1)) for i, x in enumerate(z))


FUNCTIONS: dict[str, Function] = {
    f.__name__: f for f in (sphere, ellipsoid, rosenbrock, rastrigin, ackley, griewank, cigar, levy, powers)
}
ROTATED = {"ellipsoid", "rosenbrock", "ackley", "cigar", "powers"}


def rotation(size: int, rng: random.Random) -> list[Vector]:
    """A random orthogonal matrix: Gram and Schmidt on normal vectors."""
    rows: list[Vector] = []
    while len(rows) < size:
        row = [rng.gauss(0, 1) for _ in range(size)]
        for other in rows:
            along = sum(a * b for a, b in zip(row, other))
            row = [a - along * b for a, b in zip(row, other)]
        length = math.sqrt(sum(a * a for a in row))
        rows.append([a / length for a in row])
    return rows


class Landscape:
    """A function over the unit cube, its optimum at `best`, turned if it is one of ROTATED."""

    def __init__(self, name: str, best: Vector, rng: random.Random) -> None:
        self.function = FUNCTIONS[name]
        self.best = best
        self.turn = rotation(len(best), rng) if name in ROTATED else None

    def __call__(self, unit: Vector) -> float:
        z = [10 * (u - b) for u, b in zip(unit, self.best)]
        if self.turn:
            z = [sum(a * x for a, x in zip(row, z)) for row in self.turn]
        return self.function(z)


def unit(p: Parameter, value: float) -> float:
    if p.is_log:
        return math.log(float(value) / p.low) / math.log(p.high / p.low)
    return (float(value) - p.low) / (p.high - p.low)


def best_place(p: Parameter, rng: random.Random) -> float:
    """Where the optimum is: at one of the values that a search can propose."""
    return unit(p, p.at(rng.random()))


def finished(name: str, shape: str, parameters: list[Parameter], f: Callable[[Values], float | None]) -> Task:
    """`worst`: the mean of a thousand random points, which is what a search without any success is given."""

    def evaluate(values: Values, _draw: int) -> Outcome:
        value = f(values)
        return Outcome(value, task.worst if value is None else value)

    task = Task(name, name.split("_")[0], shape, parameters, 0.0, 0.0, evaluate)
    rng = random.Random(stable_seed(name, "worst"))
    seen = [f(task.draw(rng)) for _ in range(1000)]
    values = [value for value in seen if value is not None]
    task.worst = sum(values) / len(values)
    return task


def box(name: str, dimensions: int) -> Task:
    title = f"{name}_box{dimensions}"
    rng = random.Random(stable_seed(title))
    parameters = [Parameter(f"x{i}", "real", -5, 5) for i in range(dimensions)]
    landscape = Landscape(name, [best_place(p, rng) for p in parameters], rng)
    return finished(title, "box", parameters, lambda v: landscape([unit(p, v[p.name]) for p in parameters]))


def mixed(name: str) -> Task:
    """A training's shape: rates on a log scale, whole numbers, and words of which one moves the best rate."""
    title = f"{name}_mixed"
    rng = random.Random(stable_seed(title))
    numbers = [
        Parameter("rate", "log", 1e-5, 1),
        Parameter("decay", "log", 1e-6, 1e-1),
        Parameter("dropout", "real", 0, 0.6),
        Parameter("layers", "int", 1, 6),
        Parameter("units", "logint", 8, 1024),
    ]
    optimiser = Parameter("optimiser", "word", choices=("adam", "sgd", "rmsprop"))
    activation = Parameter("activation", "word", choices=("relu", "tanh", "gelu", "elu"))
    landscape = Landscape(name, [best_place(p, rng) for p in numbers], rng)
    scale = landscape([0.5] * len(numbers)) + 1
    costs = {
        p.name: dict(zip(p.choices, rng.sample([0.05 * i * scale for i in range(len(p.choices))], len(p.choices))))
        for p in (optimiser, activation)
    }
    shifts = {word: rng.uniform(-0.15, 0.15) if cost > 0 else 0.0 for word, cost in costs["optimiser"].items()}

    def f(values: Values) -> float:
        place = [unit(p, values[p.name]) for p in numbers]
        place[0] += shifts[values["optimiser"]]
        return landscape(place) + costs["optimiser"][values["optimiser"]] + costs["activation"][values["activation"]]

    return finished(title, "mixed", [*numbers, optimiser, activation], f)


def conditional(name: str) -> Task:
    """Three models with parameters of their own, one shared; the best of each model is not equally good."""
    title = f"{name}_conditional"
    rng = random.Random(stable_seed(title))
    model = Parameter("model", "word", choices=("a", "b", "c"))
    shared = Parameter("shared", "real", 0, 1)
    own = {
        word: [Parameter(f"{word}{i}", "log" if i == 0 else "real", 1e-3, 1, when=("model", (word,))) for i in range(n)]
        for word, n in (("a", 1), ("b", 2), ("c", 3))
    }
    lands = {w: Landscape(name, [best_place(p, rng) for p in [shared, *own[w]]], rng) for w in model.choices}
    scale = min(land([0.5] * len(land.best)) for land in lands.values()) + 1
    costs = dict(zip(model.choices, rng.sample([0.0, 0.1 * scale, 0.3 * scale], 3)))

    def f(values: Values) -> float:
        word = values["model"]
        return lands[word]([unit(p, values[p.name]) for p in [shared, *own[word]]]) + costs[word]

    return finished(title, "conditional", [model, shared, *(p for ps in own.values() for p in ps)], f)


def constrained(name: str, dimensions: int) -> Task:
    """Trials fail on one side of a hyperplane that nobody declares; the optimum is close to it."""
    title = f"{name}_constrained{dimensions}"
    rng = random.Random(stable_seed(title))
    parameters = [Parameter(f"x{i}", "real", -5, 5) for i in range(dimensions)]
    landscape = Landscape(name, [best_place(p, rng) for p in parameters], rng)
    towards_centre = [0.5 - b + 0.2 * rng.uniform(-1, 1) for b in landscape.best]
    length = math.sqrt(sphere(towards_centre))

    def f(values: Values) -> float | None:
        place = [unit(p, values[p.name]) for p in parameters]
        depth = sum(t * (u - b) for t, u, b in zip(towards_centre, place, landscape.best)) / length
        return None if depth < -0.02 else landscape(place)

    return finished(title, "constrained", parameters, f)


def tasks(names: list[str]) -> list[Task]:
    found = []
    for name in names:
        found += [box(name, 2), box(name, 5), box(name, 10), mixed(name), conditional(name), constrained(name, 4)]
    return found
