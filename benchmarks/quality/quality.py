#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares search algorithms by what they find: hone's own, and Optuna's and Nevergrad's as peers.

    quality.py --algorithms hone:tpe hone:bayesianoptimization:acq_func=EI optuna:gp [--against optuna:gp] [...]

Prints tables in Markdown, and writes a file of results with --output. See docs/quality.md.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy reads them
    os.environ[threads] = "1"

import hone_search  # noqa: E402
import report  # noqa: E402
import scoring  # noqa: E402
import store  # noqa: E402
import suite  # noqa: E402
from algorithm import Algorithm  # noqa: E402
from space import Task  # noqa: E402

ROOT = Path(__file__).parents[2]
FIRST_SEED = 1001  # of the searches; random search's expectation comes from a generator of another kind


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--algorithms", nargs="+", required=True, metavar="LABEL")
    parser.add_argument("--against", nargs="*", default=[], metavar="LABEL", help="paired differences to these")
    parser.add_argument("--split", choices=list(suite.SPLITS), default="develop")
    parser.add_argument("--why", default="", help="reason of a look at validate or release, for LOOKS.md")
    parser.add_argument("--groups", nargs="+", choices=["tables", "functions"], default=["tables", "functions"])
    parser.add_argument("--variants", choices=["base", "one", "all"], default="one")
    parser.add_argument("--only", default="", help="tasks whose name holds this text")
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--parallel", type=int, default=1, help="size of a batch")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--peer-seeds", type=int, help="for peers, if fewer")
    parser.add_argument("--driver", type=Path, default=ROOT / "build/benchmarks/ask_tell")
    parser.add_argument("--cache", type=Path, default=ROOT / "build/quality-cache", help="hone's runs, baselines")
    parser.add_argument("--peers", type=Path, default=Path(__file__).parent / "peers", help="kept runs of peers")
    parser.add_argument("--kept-peers", action="store_true", help="take peers' runs as kept; run none, need no peers")
    parser.add_argument("--output", type=Path, help="file of results (JSON)")
    found = parser.parse_args(arguments)
    for label in found.algorithms + found.against:
        if label.split(":")[0] not in ("hone", "optuna", "nevergrad") or label.count(":") < 1:
            parser.error(f"{label}: write hone:NAME, optuna:NAME or nevergrad:NAME")
    for label in found.against:
        if label not in found.algorithms:
            parser.error(f"--against {label}: it is not among --algorithms")
    if found.trials < 1 or found.parallel < 1 or found.seeds < 1:
        parser.error("--trials, --parallel and --seeds are at least 1")
    return found


def open_store(options: argparse.Namespace, label: str, fingerprint: str) -> store.Store:
    algorithm = Algorithm(label)
    key = {"algorithm": label, "suite": fingerprint, "trials": options.trials, "parallel": options.parallel}
    if algorithm.is_hone:
        return store.Store(options.cache, key | {"version": algorithm.version(options.driver)})
    if options.kept_peers:
        return store.kept(options.peers, key)
    return store.Store(options.peers, key | {"version": algorithm.version(options.driver)})


def run_all(options: argparse.Namespace, tasks: list[Task], fingerprint: str) -> dict[str, store.Store]:
    """Seed by seed, so that what is there after an interruption covers all tasks."""
    driver = hone_search.Driver(options.driver) if any(Algorithm(a).is_hone for a in options.algorithms) else None
    stores = {label: open_store(options, label, fingerprint) for label in options.algorithms}
    for label, runs in stores.items():
        algorithm = Algorithm(label)
        if options.kept_peers and not algorithm.is_hone:
            continue
        for seed in seeds_of(options, label):
            for task in tasks:
                if (task.name, seed) not in runs.runs:
                    search = functools.partial(
                        algorithm.search, task, seed, options.trials, options.parallel, driver
                    )
                    runs.add(store.run_record(search, task, seed, options.trials, options.parallel))
            print(f"quality: {label}, seed {seed}: {len(tasks)} tasks", file=sys.stderr, flush=True)
    if driver:
        driver.close()
    return stores


def seeds_of(options: argparse.Namespace, label: str) -> range:
    count = options.seeds
    if not label.startswith("hone:") and options.peer_seeds:
        count = min(count, options.peer_seeds)
    return range(FIRST_SEED, FIRST_SEED + count)


def judge(options: argparse.Namespace, tasks: list[Task], stores: dict[str, store.Store], fingerprint: str) -> Any:
    """(judged tasks, names of those left out)"""
    baselines = store.Baselines(options.cache, fingerprint, options.trials)
    judged, left_out = [], []
    for task in tasks:
        baseline = baselines.of(task)
        if task.group == "tables" and scoring.is_saturated(baseline, task.optimum, options.trials, report.SATURATED):
            left_out.append(task.name)
            continue
        one = report.Judged(task, baseline)
        for label, runs in stores.items():
            for seed in seeds_of(options, label):
                run = runs.runs.get((task.name, seed))  # kept peers may have fewer
                if run:
                    one.add(label, seed, run, options.trials)
        judged.append(one)
    return judged, left_out


def results(options: argparse.Namespace, judged: list[report.Judged], stores: dict[str, store.Store]) -> dict[str, Any]:
    def rounded(found: dict[str, dict[int, float]]) -> dict[str, dict[int, float]]:
        return {label: {seed: round(score, 2) for seed, score in seeds.items()} for label, seeds in found.items()}

    groups = {group: [one for one in judged if one.task.group == group] for group in options.groups}
    return {
        "command": "quality.py " + " ".join(options.command),
        "when": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M"),
        "commit": store.commit(),
        "python": platform.python_version(),
        "runs": {label: runs.key for label, runs in stores.items()},
        "seeds": {label: list(seeds_of(options, label)) for label in stores},
        "summary": {group: report.summary(ones, options.algorithms) for group, ones in groups.items() if ones},
        "differences": {
            group: {other: report.differences(ones, options.algorithms, other) for other in options.against}
            for group, ones in groups.items()
        },
        "tasks": {
            one.task.name: {
                "family": one.task.family,
                "kind": one.task.kind,
                "optimum": one.task.optimum,
                "random": one.baseline.expected[-1],
                "scores": rounded(one.final),
                "anytime": rounded(one.anytime),
            }
            for one in judged
        },
    }


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    options.command = arguments
    if options.split != "develop":
        try:
            store.record_look(
                options.split,
                hone_search.hone_version(options.driver),
                f"{options.trials} x {options.parallel}",
                options.seeds,
                options.algorithms,
                options.why,
            )
        except store.LookRefused as refused:
            print(f"quality: {refused}", file=sys.stderr)
            return 2
    tasks = [task for task in suite.load(options.split, options.groups, options.variants) if options.only in task.name]
    if not tasks:
        print(f"quality: no task of {options.split} has {options.only!r} in its name", file=sys.stderr)
        return 2
    fingerprint = suite.fingerprint(options.split)
    stores = run_all(options, tasks, fingerprint)
    judged, left_out = judge(options, tasks, stores, fingerprint)
    if options.output:
        text = json.dumps(results(options, judged, stores), indent=1)
        options.output.write_text(text + "\n", encoding="utf-8")
    print(report.markdown(judged, left_out, options.algorithms, options.against, options.trials))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
