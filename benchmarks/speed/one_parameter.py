# SPDX-License-Identifier: Apache-2.0
"""The experiment that the measurements beside this file run: random search over one number `x`."""

import json
import pathlib
from typing import Any

X = "${trialParameters.x}"
Object = dict[str, Any]


def container(command: list[str], *args: str, image: str = "none") -> Object:
    return {"name": "main", "image": image, "command": command, "args": list(args)}


def job(container: Object) -> Object:
    """As a trialSpec."""
    pod = {"spec": {"containers": [container]}}
    return {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": pod}}


def write(
    file: pathlib.Path, trial: Object, *, trials: int, parallel: int, template: Object | None = None, **spec: Any
) -> None:
    """The experiment has the file's name.

    trial: the trialSpec, which uses X; template: what else is in the trialTemplate; spec: in the spec, where its
    objective is the least `loss` if nothing is said.
    """
    experiment = {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": file.stem},
        "spec": {
            "objective": {"type": "minimize", "objectiveMetricName": "loss"},
            "algorithm": {"algorithmName": "random"},
            "parallelTrialCount": parallel,
            "maxTrialCount": trials,
            "parameters": [{"name": "x", "parameterType": "double", "feasibleSpace": {"min": "0", "max": "1"}}],
            "trialTemplate": {
                "primaryContainerName": "main",
                "trialParameters": [{"name": "x", "reference": "x"}],
                "trialSpec": trial,
            }
            | (template or {}),
        }
        | spec,
    }
    file.write_text(json.dumps(experiment, indent=2))
