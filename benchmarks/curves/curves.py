#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How soon multi-fidelity searches and stopping rules find what random search finds, on tables of learning curves.

    curves.py [--seeds N] [--workers N] [--trials N] [--output FILE] [--against LABEL] LABEL...

A label is hone:SEARCH, hone:SEARCH+RULE (both with settings: hone:bohb:random_fraction=0.1), optuna:SAMPLER,
optuna:SAMPLER+PRUNER (sha, hyperband), syne:asha-stopping or syne:asha-promotion. Prints Markdown: see README.md.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy reads them
    os.environ[threads] = "1"
sys.path.insert(1, str(Path(__file__).parents[1] / "quality"))  # space.py, hone_search.py

import numpy as np  # noqa: E402
from hone_schedulers import HoneScheduler, Pipe  # noqa: E402
from hone_search import hone_version  # noqa: E402
from lattice import FOLDER, Table, load  # noqa: E402
from peer_schedulers import OptunaScheduler, SyneScheduler, version  # noqa: E402
from simulate import Run, Scheduler, Workers  # noqa: E402
from space import stable_seed  # noqa: E402

ROOT = Path(__file__).parents[2]
FIRST_SEED = 1
DRAWS = 4000  # of the bootstrap

Shares = dict[str, list[float]]  # by table, then seed: time to the target as a share of random search's


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", nargs="+", metavar="LABEL")
    parser.add_argument("--against", action="append", default=[], metavar="LABEL", help="paired ratios to this one")
    parser.add_argument("--tables", nargs="*", default=[])
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--trials", type=int, default=50, help="of the random search to compare with")
    parser.add_argument("--driver", type=Path, default=ROOT / "build/benchmarks/ask_tell")
    parser.add_argument("--cache", type=Path, default=ROOT / "build/curves-cache")
    parser.add_argument("--output", type=Path, help="file of results (JSON)")
    return parser.parse_args(arguments)


def fingerprint(table: str) -> str:
    """Of all that a run on it hangs on but the scheduler's own version."""
    folder = Path(__file__).parent
    sources = [folder / f"{n}.py" for n in ("lattice", "simulate", "hone_schedulers", "peer_schedulers")]
    digest = hashlib.sha256()
    for path in [*sources, FOLDER / f"{table}.json.gz"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class Cache:
    """Runs of one label on one table, one a line."""

    def __init__(self, folder: Path, key: dict[str, Any]) -> None:
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{digest}.jsonl"
        self.runs: dict[int, Run] = {}
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        for line in map(json.loads, lines):
            self.runs[line["seed"]] = Run(line["seconds"], line["jobs"], line["epochs"])

    def add(self, seed: int, run: Run) -> None:
        self.runs[seed] = run
        line = {"seed": seed, "seconds": run.seconds, "jobs": run.jobs, "epochs": run.epochs}
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def scheduler(label: str, table: Table, seed: int, workers: int, driver: Pipe) -> Scheduler:
    of, _, rest = label.partition(":")
    own_seed = stable_seed("curves", table.name, seed) % 2**31
    if of == "hone":
        return HoneScheduler(driver, table, rest, own_seed, workers)
    return OptunaScheduler(table, rest, own_seed) if of == "optuna" else SyneScheduler(table, rest, own_seed)


def version_of(label: str, driver: Path) -> str:
    return hone_version(driver) if label.startswith("hone:") else version(label)


def build_of(label: str, driver: Path) -> str:
    """hone's runs belong to the bytes of the driver."""
    if label.startswith("hone:"):
        return hashlib.sha256(driver.read_bytes()).hexdigest()[:16]
    return version(label)


def play(options: argparse.Namespace, tables: list[Table]) -> dict[str, dict[str, list[Run]]]:
    driver = Pipe(options.driver)
    found: dict[str, dict[str, list[Run]]] = {}
    setting = {"workers": options.workers, "trials": options.trials}
    for label in options.labels:
        of_label = setting | {"label": label, "build": build_of(label, options.driver)}
        for table in tables:
            cache = Cache(options.cache, of_label | {"table": table.name, "made of": fingerprint(table.name)})
            target, horizon = table.random_target(options.trials), table.random_seconds(options.trials, options.workers)
            for seed in range(FIRST_SEED, FIRST_SEED + options.seeds):
                if seed not in cache.runs:
                    of = scheduler(label, table, seed, options.workers, driver)
                    cache.add(seed, Workers(of, table, options.workers).run(target, horizon))
                found.setdefault(label, {}).setdefault(table.name, []).append(cache.runs[seed])
        print(f"{label} done", file=sys.stderr, flush=True)
    driver.close()
    return found


def shares_of(runs: dict[str, list[Run]], horizons: dict[str, float]) -> Shares:
    """A run that does not reach the target counts with the whole horizon: at least that."""
    return {
        table: [(horizons[table] if run.seconds is None else run.seconds) / horizons[table] for run in of_table]
        for table, of_table in runs.items()
    }


def interval(logs: list[np.ndarray]) -> tuple[float, float, float]:
    """Geometric mean over tables of those over seeds, and its 95 % interval: the seeds of each table are drawn again."""
    rng = np.random.default_rng(20)
    means = np.zeros(DRAWS)
    for of_table in logs:
        means += of_table[rng.integers(len(of_table), size=(DRAWS, len(of_table)))].mean(axis=1) / len(logs)
    low, high = np.exp(np.quantile(means, [0.025, 0.975]))
    return float(np.exp(np.mean([of_table.mean() for of_table in logs]))), float(low), float(high)


def share_table(found: dict[str, dict[str, list[Run]]], shares: dict[str, Shares], names: list[str]) -> list[str]:
    lines = ["| scheduler | share of random search's time [95 %] | not reached | " + " | ".join(names) + " |"]
    lines.append("|---" * (3 + len(names)) + "|")
    for label, of_label in shares.items():
        mean, low, high = interval([np.log(of_label[name]) for name in names])
        missed = sum(run.seconds is None for runs in found[label].values() for run in runs)
        each = [f"{np.exp(np.mean(np.log(of_label[name]))):.3f}" for name in names]
        lines.append(f"| {label} | {mean:.3f} [{low:.3f}, {high:.3f}] | {missed} | " + " | ".join(each) + " |")
    return lines


def ratio_table(shares: dict[str, Shares], against: str, names: list[str]) -> list[str]:
    lines = [f"| scheduler | its time / that of {against} [95 %] | " + " | ".join(names) + " |"]
    lines.append("|---" * (2 + len(names)) + "|")
    for label, of_label in shares.items():
        if label == against:
            continue
        logs = [np.log(of_label[name]) - np.log(shares[against][name]) for name in names]
        mean, low, high = interval(logs)
        each = [f"{np.exp(log.mean()):.2f}" for log in logs]
        lines.append(f"| {label} | {mean:.2f} [{low:.2f}, {high:.2f}] | " + " | ".join(each) + " |")
    return lines


def results(options: argparse.Namespace, tables: list[Table], found: dict[str, dict[str, list[Run]]]) -> dict[str, Any]:
    return {
        "made": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "python": platform.python_version(),
        "seeds": [FIRST_SEED, FIRST_SEED + options.seeds - 1],
        "workers": options.workers,
        "random_trials": options.trials,
        "tables": {
            table.name: {
                "fingerprint": fingerprint(table.name),
                "target": round(table.random_target(options.trials), 6),
                "random_seconds": round(table.random_seconds(options.trials, options.workers), 4),
            }
            for table in tables
        },
        "runs": {
            label: {
                "version": version_of(label, options.driver),
                "seconds": {
                    name: [None if run.seconds is None else round(run.seconds, 4) for run in runs]
                    for name, runs in of_label.items()
                },
            }
            for label, of_label in found.items()
        },
    }


def main() -> int:
    options = parsed(sys.argv[1:])
    tables = load(options.tables)
    found = play(options, tables)
    horizons = {table.name: table.random_seconds(options.trials, options.workers) for table in tables}
    shares = {label: shares_of(runs, horizons) for label, runs in found.items()}
    names = [table.name for table in tables]
    print("\n".join(share_table(found, shares, names)))
    for label in options.against:
        print("\n" + "\n".join(ratio_table(shares, label, names)))
    if options.output:
        options.output.write_text(json.dumps(results(options, tables, found), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
