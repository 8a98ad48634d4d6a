#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a warm start is worth: searches that know an earlier experiment's results against searches that do not.

    python3 benchmarks/quality/warm.py --seeds 10 hone:tpe hone:bayesianoptimization

An earlier experiment runs on a source task, its best trials and its results are given to one on a target task, as
`spec.warmStart` does it. Targets are the base tables of a part; the source is

    same        the same table
    related     another data set's table of the same model family
    misleading  the same table with its losses turned around: what was best there is worst here
    unrelated   another data set's table with its grid points shuffled: it has an order, of no meaning

Scores are those of quality.py: 0 is random search, 100 the optimum, after as many trials (those of the warm start count).
A difference is that of two searches of one seed; its interval is the hierarchical bootstrap's.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy reads them
    os.environ[threads] = "1"

import hone_search  # noqa: E402
import play  # noqa: E402
import report  # noqa: E402
import scoring  # noqa: E402
import store  # noqa: E402
import suite  # noqa: E402
import tables  # noqa: E402
from space import Parameter, Task, Values, stable_seed  # noqa: E402

HERE = Path(__file__).parent
FIRST_SEED = 2001
KINDS = ["same", "related", "misleading", "unrelated"]
MODES: dict[str, dict[str, Any]] = {"trials": {"learn": False}, "models": {"best": 0}, "both": {}}  # what is taken over, as fields of warmStart
MOST_RESULTS = 100  # of core/warm_start.h
BEST = 5  # of the schema


@dataclasses.dataclass(frozen=True)
class Source:
    task: Task
    losses: Callable[[Values], float]


def turned(task: Task) -> Source:
    return Source(task, lambda values: -task.evaluate(values, 0).true)


def shuffled(task: Task) -> Source:
    """Losses of another place of the same branch, a different one for each grid point."""

    def losses(values: Values) -> float:
        kept = {p.name: values[p.name] for p in task.parameters if p.kind == "word" and p.name in values}
        places = [round(8 * position(p, values[p.name])) for p in task.parameters if numeric(p, values)]
        rng = random.Random(stable_seed(task.name, "shuffled", sorted(kept.items()), places))
        drawn = {p.name: kept.get(p.name, p.at(rng.random())) for p in task.parameters}
        return task.evaluate(task.active(drawn), 0).true

    return Source(task, losses)


def numeric(p: Parameter, values: Values) -> bool:
    return p.kind != "word" and p.name in values


def position(p: Parameter, value: Any) -> float:
    low, high, at = p.low, p.high, float(value)
    if high <= low:
        return 0.0
    return math.log(at / low) / math.log(high / low) if p.is_log else (at - low) / (high - low)


def pairs(split: str) -> list[tuple[Task, Task]]:
    """Every base table with the next one of its family."""
    by_family: dict[str, list[Task]] = {}
    for family, path in suite.table_files(split):
        by_family.setdefault(family, []).append(tables.base_task(tables.read_table(path), family)[0])
    return [(task, ones[(i + 1) % len(ones)]) for ones in by_family.values() for i, task in enumerate(ones)]


def source_of(kind: str, target: Task, other: Task) -> Source:
    plain = {"same": target, "related": other}
    if kind in plain:
        return Source(plain[kind], lambda values: plain[kind].evaluate(values, 0).true)
    return turned(target) if kind == "misleading" else shuffled(other)


Earlier = list[tuple[Values, float]]  # the best first


def earlier_results(driver: hone_search.Driver, source: Source, algorithm: str, seed: int, trials: int) -> Earlier:
    spec = hone_search.experiment(source.task, algorithm, {}, trials, 1)
    search = hone_search.HoneSearch(driver, spec, play.search_seed(source.task, seed) + 1)
    found: Earlier = []
    while len(found) < trials and (batch := search.ask(1)):
        found.append((batch[0].values, source.losses(batch[0].values)))
        search.tell(batch[0], found[-1][1])
    return sorted(found, key=lambda entry: entry[1])


def warm_start(target: Task, earlier: Earlier, mode: dict[str, Any]) -> dict[str, Any]:
    """What hone would record of it (core/warm_start.cpp)."""
    fitting = [(values, loss) for values, loss in earlier if fits(target, values)]
    chosen: list[Values] = []
    for values, _ in fitting:
        if len(chosen) < mode.get("best", BEST) and values not in chosen:
            chosen.append(values)
    warm: dict[str, Any] = {"experiments": ["earlier"], "best": mode.get("best", BEST)}
    warm["trials"] = [{"trial": f"earlier-{i}", "values": values} for i, values in enumerate(chosen)]
    if mode.get("learn", True):
        warm["learn"] = True
        rows = [{"values": values, "loss": loss} for values, loss in fitting]
        half, others = MOST_RESULTS // 2, len(rows) - MOST_RESULTS // 2
        if len(rows) > MOST_RESULTS:
            rows = rows[:half] + [rows[half + k * others // half - 1] for k in range(1, half + 1)]
        warm["results"] = [{"experiment": "earlier", "trials": rows}]
    return warm


def fits(task: Task, values: Values) -> bool:
    for p in task.parameters:
        if p.name in values:
            inside = str(values[p.name]) in p.choices if p.kind == "word" else p.low <= float(values[p.name]) <= p.high
            if not inside:
                return False
    return True


def score_of(
    driver: hone_search.Driver, task: Task, algorithm: str, seed: int, warm: dict[str, Any] | None, options: Any
) -> list[float]:
    """At each of the numbers of trials."""
    most = max(options.trials)
    spec = hone_search.experiment(task, algorithm, {}, most, 1)
    if warm:
        spec["spec"]["warmStart"] = warm
    search = hone_search.HoneSearch(driver, spec, play.search_seed(task, seed))
    run = play.play(search, task, seed, most, 1)
    baseline = BASELINES[task.name]
    curve = scoring.scores(scoring.curve(run.best, task.worst, most), baseline, task.optimum)
    return [float(curve[n - 1]) for n in options.trials]


BASELINES: dict[str, scoring.Baseline] = {}


def scores_of_pair(
    driver: hone_search.Driver, algorithm: str, pair: tuple[Task, Task], seed: int, options: argparse.Namespace
) -> dict[str, list[float]]:
    """By variant: cold, and KIND/MODE."""
    target, other = pair
    found = {"cold": score_of(driver, target, algorithm, seed, None, options)}
    for kind in options.kinds:
        own = algorithm if options.source == "itself" else options.source
        earlier = earlier_results(driver, source_of(kind, target, other), own, seed, options.earlier)
        for mode in options.modes:
            warm = warm_start(target, earlier, MODES[mode])
            found[f"{kind}/{mode}"] = score_of(driver, target, algorithm, seed, warm, options)
    return found


def found_scores(driver: hone_search.Driver, algorithm: str, options: argparse.Namespace) -> dict[str, Any]:
    """variant -> family -> task -> seed -> scores"""
    found: dict[str, Any] = {}
    for pair in options.pairs:
        name, family = pair[0].name, pair[0].family
        for seed in range(FIRST_SEED, FIRST_SEED + options.seeds):
            for variant, scores in scores_of_pair(driver, algorithm, pair, seed, options).items():
                found.setdefault(variant, {}).setdefault(family, {}).setdefault(name, {})[seed] = scores
        print(f"warm: {algorithm}, {name}", file=sys.stderr, flush=True)
    return found


def at(found: Any, place: int) -> scoring.Scores:
    return {f: {t: {s: v[place] for s, v in ss.items()} for t, ss in ts.items()} for f, ts in found.items()}


def rows_of(algorithm: str, found: dict[str, Any], options: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    for variant, scores in found.items():
        row: dict[str, Any] = {"algorithm": algorithm, "variant": variant}
        for place, trials in enumerate(options.trials):
            mine, cold = at(scores, place), at(found["cold"], place)
            row[f"score at {trials}"] = round(scoring.mean(mine), 1)
            if variant != "cold":
                difference = scoring.paired(mine, cold)
                low, high = scoring.bootstrap(difference)
                row[f"gain at {trials}"] = [round(x, 1) for x in (scoring.mean(difference), low, high)]
        rows.append(row)
    return rows


def markdown(rows: list[dict[str, Any]], trials: list[int]) -> str:
    lines = ["| algorithm | earlier task / taken over | " + " | ".join(f"after {n}" for n in trials) + " |"]
    lines.append("|" + "---|" * (2 + len(trials)))
    for row in rows:
        cells = []
        for n in trials:
            gain = row.get(f"gain at {n}")
            cells.append(f"{row[f'score at {n}']}" + (f" ({gain[0]:+} [{gain[1]}, {gain[2]}])" if gain else ""))
        lines.append(f"| {row['algorithm']} | {row['variant']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("algorithms", nargs="+", metavar="hone:NAME")
    parser.add_argument("--split", choices=list(suite.SPLITS), default="develop")
    parser.add_argument("--why", default="", help="reason of a look at validate or release, for LOOKS.md")
    parser.add_argument("--trials", type=int, nargs="+", default=[8, 16, 32], help="of the warm search; judged after each")
    parser.add_argument("--earlier", type=int, default=64, help="trials of the earlier experiment")
    parser.add_argument("--source", default="itself", help="algorithm of the earlier experiment")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--modes", nargs="+", choices=list(MODES), default=list(MODES))
    parser.add_argument("--only", default="", help="targets whose name holds this text")
    parser.add_argument("--driver", type=Path, default=HERE.parents[1] / "build/benchmarks/ask_tell")
    parser.add_argument("--cache", type=Path, default=HERE.parents[1] / "build/quality-cache", help="baselines")
    parser.add_argument("--output", type=Path, help="file of results (JSON)")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    if options.split != "develop":
        budget = f"{max(options.trials)} x 1, warm"
        version = hone_search.hone_version(options.driver)
        try:
            store.record_look(options.split, version, budget, options.seeds, options.algorithms, options.why)
        except store.LookRefused as refused:
            print(f"warm: {refused}", file=sys.stderr)
            return 2
    most = max(options.trials)
    kept = store.Baselines(options.cache, suite.fingerprint(options.split), most)
    options.pairs = []
    for target, other in pairs(options.split):
        BASELINES[target.name] = kept.of(target)
        saturated = scoring.is_saturated(BASELINES[target.name], target.optimum, most, report.SATURATED)
        if options.only in target.name and not saturated:
            options.pairs.append((target, other))
    driver = hone_search.Driver(options.driver)
    rows = []
    for label in options.algorithms:
        name = label.removeprefix("hone:")
        rows += rows_of(name, found_scores(driver, name, options), options)
    driver.close()
    if options.output:
        head = {"command": "warm.py " + " ".join(arguments), "commit": store.commit(), "rows": rows}
        options.output.write_text(json.dumps(head, indent=1) + "\n", encoding="utf-8")
    print(markdown(rows, options.trials))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
