# SPDX-License-Identifier: Apache-2.0
"""From runs to figures: scores of each task, summaries, paired differences, as a file and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scoring
from space import Task

SATURATED = 0.01  # tables where random search leaves less than this share of the first trial's distance are left out


@dataclass
class Judged:
    """One task: the scores of each algorithm at the end, and their mean over all trials."""

    task: Task
    baseline: scoring.Baseline
    final: dict[str, dict[int, float]] = field(default_factory=dict)  # algorithm -> seed -> score
    anytime: dict[str, dict[int, float]] = field(default_factory=dict)
    repeats: dict[str, list[float]] = field(default_factory=dict)  # share of trials that repeat another one
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, algorithm: str, seed: int, run: dict[str, Any], trials: int) -> None:
        if "refused" in run:
            self.refused[algorithm] = run["refused"]
            return
        values = scoring.curve(run["best"], self.task.worst, trials)
        found = scoring.scores(values, self.baseline, self.task.optimum)
        self.final.setdefault(algorithm, {})[seed] = float(found[-1])
        self.anytime.setdefault(algorithm, {})[seed] = float(found.mean())
        self.repeats.setdefault(algorithm, []).append(1 - run["distinct"] / run["trials"] if run["trials"] else 0.0)

    def error(self, trials: int) -> float:
        """Standard error of the score 0."""
        return 100 * self.baseline.error[trials - 1] / (self.baseline.expected[trials - 1] - self.task.optimum)


def by_family(judged: Iterable[Judged], algorithm: str, what: str = "final") -> dict[str, dict[str, dict[int, float]]]:
    found: dict[str, dict[str, dict[int, float]]] = {}
    for one in judged:
        seeds = getattr(one, what).get(algorithm)
        if seeds:
            found.setdefault(one.task.family, {})[one.task.name] = seeds
    return found


def task_means(judged: Iterable[Judged], algorithm: str) -> dict[str, float]:
    have = [one for one in judged if algorithm in one.final]
    return {one.task.name: float(np.mean(list(one.final[algorithm].values()))) for one in have}


def summary(judged: list[Judged], algorithms: list[str]) -> dict[str, dict[str, Any]]:
    """Ranks are over the tasks that every algorithm has."""
    common = [one for one in judged if all(a in one.final for a in algorithms)]
    places: dict[str, list[float]] = {a: [] for a in algorithms}
    for one in common:
        for name, place in scoring.ranks({a: float(np.mean(list(one.final[a].values()))) for a in algorithms}).items():
            places[name].append(place)
    found = {}
    for a in algorithms:
        scores = by_family(judged, a)
        if not scores:
            continue
        low, high = scoring.bootstrap(scores)
        found[a] = {
            "tasks": sum(len(tasks) for tasks in scores.values()),
            "seeds": max(len(s) for tasks in scores.values() for s in tasks.values()),
            "mean": scoring.mean(scores),
            "low": low,
            "high": high,
            "median": float(np.median(list(task_means(judged, a).values()))),
            "rank": float(np.mean(places[a])) if places[a] else None,
            "anytime": scoring.mean(by_family(judged, a, "anytime")),
            "repeats": float(np.mean([share for one in judged for share in one.repeats.get(a, [])])),
        }
    return found


def differences(judged: list[Judged], algorithms: list[str], against: str) -> dict[str, dict[str, Any]]:
    found = {}
    other = by_family(judged, against)
    for a in algorithms:
        pairs = scoring.paired(by_family(judged, a), other)
        if a == against or not pairs:
            continue
        low, high = scoring.bootstrap(pairs)
        of_tasks = [float(np.mean(list(seeds.values()))) for tasks in pairs.values() for seeds in tasks.values()]
        found[a] = {
            "mean": scoring.mean(pairs),
            "low": low,
            "high": high,
            "tasks": len(of_tasks),
            "better": sum(d > 0 for d in of_tasks),
            "worse": sum(d < 0 for d in of_tasks),
        }
    return found


def row(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(head: list[str], rows: list[list[Any]]) -> str:
    return "\n".join([row(head), "|" + "---|" * len(head), *(row(cells) for cells in rows)])


def interval(figures: dict[str, Any]) -> str:
    return f"{figures['mean']:.1f} [{figures['low']:.1f}, {figures['high']:.1f}]"


def summary_table(figures: dict[str, dict[str, Any]]) -> str:
    head = ["algorithm", "tasks x seeds", "mean [95 %]", "median", "rank", "anytime", "repeated trials"]
    rows = [
        [
            a,
            f"{f['tasks']} x {f['seeds']}",
            interval(f),
            f"{f['median']:.1f}",
            "-" if f["rank"] is None else f"{f['rank']:.2f}",
            f"{f['anytime']:.1f}",
            f"{100 * f['repeats']:.0f} %",
        ]
        for a, f in sorted(figures.items(), key=lambda item: -item[1]["mean"])
    ]
    return table(head, rows)


def difference_table(figures: dict[str, dict[str, Any]], against: str) -> str:
    rows = [
        [a, f["tasks"], interval(f), f["better"], f["worse"]]
        for a, f in sorted(figures.items(), key=lambda item: -item[1]["mean"])
    ]
    return table(["algorithm", "tasks", f"minus {against} [95 %]", "better", "worse"], rows)


def kind_table(judged: list[Judged], algorithms: list[str], key: str) -> str:
    """Mean of the tasks of each kind or family; the number of tasks is of those that any algorithm has."""
    kinds: dict[str, list[Judged]] = {}
    for one in judged:
        kinds.setdefault(getattr(one.task, key), []).append(one)
    rows = []
    for kind, ones in kinds.items():
        cells: list[Any] = [kind, len(ones)]
        for a in algorithms:
            means = list(task_means(ones, a).values())
            partly = f" ({len(means)})" if len(means) < len(ones) else ""
            cells.append(f"{np.mean(means):.0f}{partly}" if means else "-")
        rows.append(cells)
    return table([key, "tasks", *algorithms], rows)


def markdown(judged: list[Judged], left_out: list[str], algorithms: list[str], against: list[str], trials: int) -> str:
    parts = []
    for group in ("tables", "functions"):
        ones = [one for one in judged if one.task.group == group]
        if not ones:
            continue
        errors = sorted(one.error(trials) for one in ones)
        parts += [f"### {group.capitalize()}", summary_table(summary(ones, algorithms))]
        parts += [difference_table(differences(ones, algorithms, other), other) for other in against]
        parts += [kind_table(ones, algorithms, "kind"), kind_table(ones, algorithms, "family")]
        parts += [
            f"Standard error of the score 0 (random search's expectation): median {np.median(errors):.1f}, "
            f"largest {errors[-1]:.1f} points."
        ]
    if left_out:
        parts += [f"Left out because random search comes within {SATURATED:.0%} of the optimum: {', '.join(left_out)}."]
    reasons = {f"{a}: {why}" for one in judged for a, why in one.refused.items()}
    if reasons:
        parts += ["Refused: " + "; ".join(sorted(reasons))[:1500]]
    return "\n\n".join(parts)
