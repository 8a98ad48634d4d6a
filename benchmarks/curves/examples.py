#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What early stopping, ASHA and PBT save where something really trains: examples/digits and examples/pbt.

    examples.py [KIND...] [--seeds N] [--hone PROGRAM] [--output FILE]

Run it from the project's root. Without KIND, all are run. FILE is taken up again: what it has of other kinds stays,
and the tables are of all that it has. Epochs are the measure of compute: they do not hang on what else the machine
does. The best value is that of any epoch of any trial.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Kind:
    """An example, and what is different from its file."""

    file: str
    seed: str = "spec.algorithm.algorithmSettings[0].value"
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Kinds that are compared with the first of them."""

    metric: str
    maximize: bool
    kinds: dict[str, Kind]


RANDOM = "spec.algorithm={algorithmName: random, algorithmSettings: [{name: random_state, value: '1'}]}"
ASHA_SEED = "spec.algorithm.algorithmSettings[2].value"
# Each promotion is a trial of its own that trains from the beginning.
FROM_ZERO = (
    "spec.algorithm.algorithmSettings=[{name: resource_name, value: HONE_BUDGET}, {name: r_l, value: '40'}, "
    "{name: random_state, value: '20'}, {name: promote_from, value: zero}]"
)
LAST_WORD = "spec.trialTemplate.trialSpec.spec.template.spec.containers[0].command[5]"
GROUPS = [
    Group(
        "accuracy",
        True,
        {
            "none": Kind("examples/digits/experiment.yaml"),
            "medianstop": Kind("examples/digits/medianstop.yaml"),
            "asha": Kind("examples/digits/experiment.yaml", changes=("spec.earlyStopping={algorithmName: asha}",)),
            "asha-search": Kind("examples/digits/asha.yaml", ASHA_SEED),
            "asha-zero": Kind("examples/digits/asha.yaml", ASHA_SEED, (FROM_ZERO,)),
        },
    ),
    Group(
        "loss",
        False,
        {
            # As many epochs as the population has, of as many networks, with values that stay.
            "pbt-random": Kind(
                "examples/pbt/experiment.yaml",
                changes=(RANDOM, "spec.maxTrialCount=8", f"{LAST_WORD}=--epochs=24"),
            ),
            "pbt": Kind("examples/pbt/experiment.yaml", "spec.algorithm.algorithmSettings[3].value"),
        },
    ),
]


@dataclass(frozen=True)
class Outcome:
    seed: int
    epochs: int
    stopped: int
    best: float
    trials: int = 16


def output(command: list[str]) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def log_of(hone: str, trial: dict[str, Any], at: list[str]) -> list[str]:
    """Of all attempts: a trial that was paused has trained in several."""
    lines: list[str] = []
    for attempt in range(1, trial["status"]["hone"]["attempt"] + 1):
        lines += output([hone, "logs", trial["metadata"]["name"], "--attempt", str(attempt), *at]).splitlines()
    return lines


def run(hone: str, group: Group, kind: Kind, seed: int) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        at = ["--data-dir", folder]
        changes = [word for change in (*kind.changes, f"{kind.seed}={seed}") for word in ("--set", change)]
        experiment = json.loads(output([hone, "run", kind.file, *changes, *at, "-o", "json"]))
        trials: list[dict[str, Any]] = json.loads(
            output([hone, "trials", experiment["metadata"]["name"], *at, "-o", "json"])
        )["items"]
        values: list[float] = []
        stopped = 0
        for trial in trials:
            lines = log_of(hone, trial, at)
            epochs = [line for line in lines if line.startswith("epoch=")]
            values += [float(line.split(f"{group.metric}=")[1].split()[0]) for line in epochs]
            stopped += any(line.startswith("asked to end") for line in lines)
        best = max(values) if group.maximize else min(values)
        return Outcome(seed, len(values), stopped, best, len(trials))


def print_table(group: Group, found: dict[str, list[Outcome]]) -> None:
    """Nothing of a group whose first kind was not run."""
    first = next(iter(group.kinds))
    if not found.get(first):
        return
    print(f"| kind | epochs | trials stopped | best {group.metric}, by seed | worse by, mean |")
    print("|---|---|---|---|---|")
    without = {outcome.seed: outcome for outcome in found[first]}
    for name in group.kinds:
        runs = [outcome for outcome in found.get(name, []) if outcome.seed in without]
        if not runs:
            continue
        share = sum(r.epochs for r in runs) / sum(without[r.seed].epochs for r in runs)
        stopped = f"{statistics.mean(r.stopped for r in runs):.1f} of {statistics.mean(r.trials for r in runs):.0f}"
        each = " ".join(f"{r.best:.4f}" for r in runs)
        sign = 1.0 if group.maximize else -1.0
        worse = statistics.mean(sign * (without[r.seed].best - r.best) for r in runs)
        print(f"| {name} | {100 * share:.0f} % | {stopped} | {each} | {worse:.4f} |")


def keep(file: Path, found: dict[str, list[Outcome]]) -> None:
    kept = {name: [asdict(outcome) for outcome in runs] for name, runs in found.items()}
    file.write_text(json.dumps(kept, indent=1) + "\n")


def main() -> int:
    kinds = {name: (group, kind) for group in GROUPS for name, kind in group.kinds.items()}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(kinds))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--hone", default="build/bin/hone")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    for name in options.kinds:
        if name not in kinds:
            parser.error(f"KIND: must be one of {', '.join(kinds)}, not {name!r}")
    found: dict[str, list[Outcome]] = {}
    if options.output and options.output.exists():
        kept = json.loads(options.output.read_text())
        found = {name: [Outcome(**outcome) for outcome in runs] for name, runs in kept.items()}
    for name in options.kinds or kinds:
        found[name] = []
        for seed in range(1, options.seeds + 1):
            found[name].append(run(options.hone, *kinds[name], seed))
            print(f"{name}: {found[name][-1]}", file=sys.stderr, flush=True)
            if options.output:
                keep(options.output, found)
    for group in GROUPS:
        print_table(group, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
