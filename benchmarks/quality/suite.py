# SPDX-License-Identifier: Apache-2.0
"""Which tasks there are and which part of the suite they belong to.

The parts differ in model families and in functions, so that what was tuned on one is judged on models it has not seen.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import functions
import tables
from space import Task

HERE = Path(__file__).parent
TABLES = HERE / "tables"

SPLITS = {
    "develop": {
        "tables": ["svm", "knn", "forest", "hist_boosting", "mlp", "tree", "sgd"],
        "functions": ["sphere", "ellipsoid", "rosenbrock", "rastrigin"],
    },
    "validate": {
        "tables": ["kernel_ridge", "adaboost", "logistic", "extra_trees"],
        "functions": ["ackley", "griewank", "cigar"],
    },
    "release": {
        "tables": ["svr", "gradient_boosting", "linear", "discriminant"],
        "functions": ["levy", "powers"],
    },
}
SOURCES = ["space.py", "tables.py", "functions.py", "suite.py", "play.py"]  # what decides a result


def table_files(split: str) -> list[tuple[str, Path]]:
    """(family, file) of every table of a part."""
    found = []
    for family in SPLITS[split]["tables"]:
        files = sorted(path for path in TABLES.glob(f"{family}_*.json.gz"))
        if not files:
            raise FileNotFoundError(f"no tables of {family} in {TABLES}: run make_tables.py")
        found += [(family, path) for path in files]
    return found


def chosen_variants(made: dict[str, Task], mode: str, number: int) -> list[Task]:
    """base: none. one: the flat form, and one of the others in turn. all: all."""
    if mode == "all":
        return list(made.values())
    chosen = [made["base"]]
    if mode == "one":
        others = [name for name in made if name not in ("base", "flat")]
        chosen += [made["flat"]] if "flat" in made else []
        chosen.append(made[others[number % len(others)]])
    return chosen


def load(split: str, groups: list[str], mode: str) -> list[Task]:
    found: list[Task] = []
    if "tables" in groups:
        for number, (family, path) in enumerate(table_files(split)):
            found += chosen_variants(tables.variants(tables.read_table(path), family), mode, number)
    if "functions" in groups:
        for task in functions.tasks(SPLITS[split]["functions"]):
            level = tables.flat(task) if mode != "base" else None
            found += [task] + ([level] if level else [])
    return found


def fingerprint(split: str) -> str:
    """Of everything that decides a result on this part, so that stored results cannot outlive a change."""
    digest = hashlib.sha256()
    for path in [HERE / name for name in SOURCES] + [path for _, path in table_files(split)]:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
