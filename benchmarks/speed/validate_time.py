# SPDX-License-Identifier: Apache-2.0
"""Time of `hone validate FILE`, start to end. Prints one JSON object.

    validate_time.py HONE [FILE]

Without FILE, an experiment of 1 MB is made: thousands of parameters with their placeholders. Beside
the wall time stands the CPU time, which other work on the machine does not disturb. `half` is the
same for half as many parameters: a ratio well above 2 would mean that something is quadratic.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 20
PARAMETERS_OF_1_MB = 4700

HEAD = """apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata:
  name: big
spec:
  objective:
    type: minimize
    objectiveMetricName: loss
  algorithm:
    algorithmName: random
  maxTrialCount: 12
  parameters:
"""
TEMPLATE = """  trialTemplate:
    primaryContainerName: main
    trialParameters:
"""
JOB = """    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: main
                image: none
                command: ["true"]
                args:
"""
PARAMETER = """    - name: p{0:05d}
      parameterType: double
      feasibleSpace:
        min: "0.{0:05d}1"
        max: "2.5"
"""
TRIAL_PARAMETER = """      - name: p{0:05d}
        reference: p{0:05d}
"""
ARGUMENT = """                  - --p{0:05d}=${{trialParameters.p{0:05d}}}
"""


def big_experiment(parameters: int) -> str:
    def each(form: str) -> str:
        return "".join(form.format(i) for i in range(parameters))

    return HEAD + each(PARAMETER) + TEMPLATE + each(TRIAL_PARAMETER) + JOB + each(ARGUMENT)


def measure(hone: str, file: str) -> dict[str, float]:
    wall, cpu = [], []
    for _ in range(RUNS):
        start, before = time.perf_counter(), os.times()
        subprocess.run([hone, "validate", file], check=True, capture_output=True)
        after = os.times()
        wall.append(1000 * (time.perf_counter() - start))
        user = after.children_user - before.children_user
        system = after.children_system - before.children_system
        cpu.append(1000 * (user + system))
    return {
        "bytes": os.path.getsize(file),
        "median_ms": statistics.median(wall),
        "min_ms": min(wall),
        "max_ms": max(wall),
        "median_cpu_ms": statistics.median(cpu),
    }


def measure_made(hone: str, parameters: int) -> dict[str, float]:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(big_experiment(parameters))
        file.flush()
        return measure(hone, file.name)


def main() -> None:
    hone = sys.argv[1]
    result: dict[str, object] = {"benchmark": "validate", "runs": RUNS}
    if len(sys.argv) > 2:
        result |= measure(hone, sys.argv[2])
    else:
        result |= measure_made(hone, PARAMETERS_OF_1_MB)
        result["half"] = measure_made(hone, PARAMETERS_OF_1_MB // 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
