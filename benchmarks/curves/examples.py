#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What early stopping saves where something really trains: examples/digits with and without, the same configurations.

    examples.py [--seeds N] [--hone PROGRAM] [--output FILE]

Run it from the project's root. Epochs are the measure of compute: they do not hang on what else the machine does.
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

KINDS = {
    "none": ["examples/digits/experiment.yaml"],
    "medianstop": ["examples/digits/medianstop.yaml"],
    "asha": ["examples/digits/experiment.yaml", "--set", "spec.earlyStopping={algorithmName: asha}"],
}


@dataclass(frozen=True)
class Outcome:
    seed: int
    epochs: int
    stopped: int
    best: float


def output(command: list[str]) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def run(hone: str, kind: str, seed: int) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        at = ["--data-dir", folder]
        seeded = ["--set", f"spec.algorithm.algorithmSettings[0].value={seed}"]
        experiment = json.loads(output([hone, "run", *KINDS[kind], *seeded, *at, "-o", "json"]))
        trials: list[dict[str, Any]] = json.loads(
            output([hone, "trials", experiment["metadata"]["name"], *at, "-o", "json"])
        )["items"]
        epochs = stopped = 0
        best = 0.0
        for trial in trials:
            lines = output([hone, "logs", trial["metadata"]["name"], *at]).splitlines()
            scores = [float(line.split("accuracy=")[1].split()[0]) for line in lines if line.startswith("epoch=")]
            epochs += len(scores)
            best = max([best, *scores])
            stopped += any(line.startswith("asked to end") for line in lines)
        return Outcome(seed, epochs, stopped, best)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--hone", default="build/bin/hone")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    found: dict[str, list[Outcome]] = {}
    for seed in range(1, options.seeds + 1):
        for kind in KINDS:
            found.setdefault(kind, []).append(run(options.hone, kind, seed))
            print(f"{kind}: {found[kind][-1]}", file=sys.stderr, flush=True)
    print("| rule | epochs | stopped of 16 | best accuracy, by seed | worse by, mean |\n|---|---|---|---|---|")
    for kind, runs in found.items():
        share = sum(r.epochs for r in runs) / sum(r.epochs for r in found["none"])
        stopped = statistics.mean(r.stopped for r in runs)
        each = " ".join(f"{r.best:.4f}" for r in runs)
        worse = statistics.mean(without.best - r.best for without, r in zip(found["none"], runs))
        print(f"| {kind} | {100 * share:.0f} % | {stopped:.1f} | {each} | {worse:.4f} |")
    if options.output:
        kept = {kind: [asdict(r) for r in runs] for kind, runs in found.items()}
        options.output.write_text(json.dumps(kept, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
