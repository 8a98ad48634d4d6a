# SPDX-License-Identifier: Apache-2.0
"""Results that need not be computed again, and the record of who looked at what.

A file of results belongs to an algorithm, its version, a fingerprint of the suite, a budget and a number of parallel
trials. If one of these changes, the file is another one.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import play
import scoring
from space import Task

HERE = Path(__file__).parent
LOOKS = HERE / "LOOKS.md"


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def commit() -> str:
    """Short, with a plus sign if files of the repository were changed since."""
    changed = git("status", "--porcelain", "--untracked-files=no")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if changed else "")


class Store:
    """Runs of one algorithm under fixed conditions, one a line."""

    def __init__(self, folder: Path, key: dict[str, Any]) -> None:
        self.key = key
        text = json.dumps(key, sort_keys=True)
        name = key["algorithm"].replace(":", "_").replace("=", "_").replace(",", "_")
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.jsonl"
        self.runs: dict[tuple[str, int], dict[str, Any]] = {}
        if self.path.exists():
            lines = self.path.read_text(encoding="utf-8").splitlines()
            if json.loads(lines[0]) != key:
                raise ValueError(f"{self.path}: its first line is not the key it is named after")
            for line in lines[1:]:
                run = json.loads(line)
                self.runs[run["task"], run["seed"]] = run
        else:
            self.path.write_text(text + "\n", encoding="utf-8")

    def add(self, run: dict[str, Any]) -> None:
        self.runs[run["task"], run["seed"]] = run
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(run, separators=(",", ":")) + "\n")


def kept(folder: Path, key: dict[str, Any]) -> Store:
    """The runs of whatever version there is. @raises FileNotFoundError: there is not exactly one."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            full = json.loads(file.readline())
        if all(full.get(name) == value for name, value in key.items()):
            found.append(full)
    if len(found) != 1:
        raise FileNotFoundError(f"{folder} has {len(found)} files with runs of {key}; there must be one")
    return Store(folder, found[0])


def run_record(search: Callable[[], play.Search], task: Task, seed: int, trials: int, parallel: int) -> dict[str, Any]:
    where = {"task": task.name, "seed": seed}
    try:
        run = play.play(search(), task, seed, trials, parallel)
    except play.Refused as refused:
        return where | {"refused": str(refused)}
    return where | {name: value for name, value in asdict(run).items() if value is not None}


class Baselines:
    """Random search's expectation for each task, kept by the suite's fingerprint."""

    def __init__(self, folder: Path, fingerprint: str, trials: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"random-{fingerprint}-{trials}-{scoring.POOL}.json"
        self.trials = trials
        self.known = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}

    def of(self, task: Task) -> scoring.Baseline:
        if task.name not in self.known:
            self.known[task.name] = asdict(scoring.random_baseline(task, self.trials))
            fresh = self.path.with_suffix(".new")
            fresh.write_text(json.dumps(self.known), encoding="utf-8")
            fresh.replace(self.path)
        return scoring.Baseline(**self.known[task.name])


class LookRefused(Exception):
    """A look that the rules do not allow."""


LOOKS_HEAD = """# Looks at the parts that are kept back

`quality.py` adds a line before it runs anything on `validate` or `release`, and asks why. Each look wears the part out
a little: what was chosen after it has seen it. `release` may be looked at once for each version of hone.

| when (UTC) | part | hone | commit | trials x parallel | seeds | algorithms | why |
|---|---|---|---|---|---|---|---|
"""


def record_look(split: str, hone_version: str, budget: str, seeds: int, algorithms: list[str], why: str) -> None:
    if not why.strip():
        raise LookRefused(f"a look at {split} is recorded in {LOOKS.name}: say --why")
    text = LOOKS.read_text(encoding="utf-8") if LOOKS.exists() else LOOKS_HEAD
    if split == "release" and f"| release | {hone_version} |" in text:
        raise LookRefused(f"release was looked at for hone {hone_version} already: see {LOOKS.name}")
    when = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M")
    cells = [when, split, hone_version, commit(), budget, str(seeds), ", ".join(algorithms), why.replace("|", "/")]
    LOOKS.write_text(text + "| " + " | ".join(cells) + " |\n", encoding="utf-8")
