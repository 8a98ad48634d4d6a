# SPDX-License-Identifier: Apache-2.0
"""hone's algorithms, through the program ask_tell."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from play import Proposed, Refused
from space import Parameter, Task

GRID_LEVELS = 5  # the algorithm grid needs a finite space: every number gets so many values


def grid_levels(p: Parameter) -> list[str]:
    places = [(i + 0.5) / GRID_LEVELS for i in range(GRID_LEVELS)]
    return [str(value) for value in sorted({p.at(u) for u in places})]


def experiment(task: Task, algorithm: str, settings: dict[str, str], trials: int, parallel: int) -> dict[str, Any]:
    """Katib's Experiment, as hone reads it."""
    parameters = []
    for p in task.parameters:
        entry: dict[str, Any] = {"name": p.name}
        if p.kind == "word":
            entry |= {"parameterType": "categorical", "feasibleSpace": {"list": list(p.choices)}}
        elif algorithm == "grid":
            entry |= {"parameterType": "discrete", "feasibleSpace": {"list": grid_levels(p)}}
        else:
            space = {"min": repr(p.low), "max": repr(p.high)} | ({"distribution": "logUniform"} if p.is_log else {})
            entry |= {"parameterType": "int" if p.is_whole else "double", "feasibleSpace": space}
        if p.when:
            entry["activeWhen"] = {"parameter": p.when[0], "in": [str(value) for value in p.when[1]]}
        parameters.append(entry)
    names = [p.name for p in task.parameters]
    container = {"name": "main", "image": "none", "command": ["none"] + [f"${{trialParameters.{n}}}" for n in names]}
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": "quality"},
        "spec": {
            "objective": {"type": "minimize", "objectiveMetricName": "loss"},
            "algorithm": {
                "algorithmName": algorithm,
                "algorithmSettings": [{"name": k, "value": v} for k, v in settings.items()],
            },
            "maxTrialCount": trials,
            "parallelTrialCount": parallel,
            "parameters": parameters,
            "trialTemplate": {
                "primaryContainerName": "main",
                "trialParameters": [{"name": n, "reference": n} for n in names],
                "trialSpec": {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "spec": {"template": {"spec": {"containers": [container]}}},
                },
            },
        },
    }


class Driver:
    """The program ask_tell, which outlives the searches it is asked for."""

    def __init__(self, program: Path) -> None:
        self.process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"ask_tell ended with {self.process.wait()} at {json.dumps(question)[:300]}")
        return json.loads(line)

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class HoneSearch:
    def __init__(self, driver: Driver, spec: dict[str, Any], seed: int) -> None:
        self.driver = driver
        self.ended: str | None = None
        refused = driver.ask({"start": spec, "seed": seed}).get("refused")
        if refused:
            raise Refused("; ".join(refused))

    def ask(self, count: int) -> list[Proposed]:
        reply = self.driver.ask({"ask": count})
        self.ended = reply.get("exhausted")
        return [Proposed(trial["values"], trial["trial"]) for trial in reply["trials"]]

    def tell(self, proposed: Proposed, value: float | None) -> None:
        self.driver.ask({"tell": proposed.handle, "value": value})


def hone_version(program: Path) -> str:
    return subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout.strip()
