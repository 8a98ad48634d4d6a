#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Population based training of examples/pbt beside random search with as many epochs, in one process.

    pbt_schedule.py [--seeds N] [--ask-tell PROGRAM] [--output FILE]

The networks are those of examples/pbt/train.py, the search and its settings those of examples/pbt/experiment.yaml,
asked through ask_tell, one segment after the other. Random search trains as many networks as the population has,
each for as long as a member trains. The loss is the smallest after any epoch of any network.
Needs scikit-learn and PyYAML (Debian: python3-sklearn, python3-yaml).
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import json
import math
import statistics
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "pbt"
EPOCHS = 2  # of a segment


def load_training() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train", EXAMPLE / "train.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Search:
    """ask_tell with one experiment."""

    def __init__(self, program: Path, experiment: dict[str, Any], seed: int) -> None:
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        refused = self.say({"start": experiment, "seed": seed}).get("refused")
        if refused:
            raise ValueError("; ".join(refused))

    def say(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


class Digits:
    """The data, and how networks train on it."""

    def __init__(self) -> None:
        self.train = load_training()
        digits = self.train.load_digits()
        self.x, self.x_valid, self.y, self.y_valid = self.train.train_test_split(
            digits.data / 16.0, digits.target, test_size=0.3, random_state=self.train.SEED, stratify=digits.target
        )

    def start(self) -> Any:
        return self.train.Network(self.x.shape[1], 10)

    def epochs(self, network: Any, values: dict[str, str], count: int) -> list[float]:
        """Losses after each; NaN becomes infinite."""
        options = Namespace(lr=float(values["lr"]), momentum=float(values["momentum"]), l2=float(values["l2"]))
        losses = []
        for _ in range(count):
            loss, _ = self.train.epoch_of(network, self.x, self.y, self.x_valid, self.y_valid, options)
            losses.append(loss if math.isfinite(loss) else math.inf)
        return losses


def run(program: Path, digits: Digits, experiment: dict[str, Any], epochs: int, seed: int) -> float:
    search = Search(program, experiment, seed)
    networks: dict[int, Any] = {}
    best = math.inf
    for _ in range(experiment["spec"]["maxTrialCount"]):
        trial = search.say({"ask": 1})["trials"][0]
        parent = networks.get(trial.get("parent", 0))
        network = copy.deepcopy(parent) if parent else digits.start()
        losses = digits.epochs(network, trial["values"], epochs)
        best = min(best, *losses)
        finite = math.isfinite(losses[-1])
        if finite:
            networks[trial["trial"]] = network
        search.say({"tell": trial["trial"], "value": losses[-1] if finite else None})
    search.close()
    return best


def as_random(experiment: dict[str, Any], members: int) -> dict[str, Any]:
    other = copy.deepcopy(experiment)
    other["spec"]["algorithm"] = {"algorithmName": "random"}
    other["spec"]["maxTrialCount"] = members
    return other


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ask-tell", type=Path, default=Path("build/benchmarks/ask_tell"))
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    experiment = yaml.safe_load((EXAMPLE / "experiment.yaml").read_text())
    settings = experiment["spec"]["algorithm"]["algorithmSettings"]
    members = int(next(s["value"] for s in settings if s["name"] == "n_population"))
    segments = experiment["spec"]["maxTrialCount"] // members
    experiment["spec"]["algorithm"]["algorithmSettings"] = [s for s in settings if s["name"] != "random_state"]
    digits = Digits()
    found: dict[str, list[float]] = {"random": [], "pbt": []}
    for seed in range(1, options.seeds + 1):
        random = as_random(experiment, members)
        found["random"].append(run(options.ask_tell, digits, random, segments * EPOCHS, seed))
        found["pbt"].append(run(options.ask_tell, digits, experiment, EPOCHS, seed))
        print(f"seed {seed}: random {found['random'][-1]:.4f}, pbt {found['pbt'][-1]:.4f}", file=sys.stderr, flush=True)
        if options.output:
            options.output.write_text(json.dumps(found, indent=1) + "\n")
    for name, losses in found.items():
        print(f"| {name} | {' '.join(f'{loss:.4f}' for loss in losses)} | {statistics.mean(losses):.4f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
