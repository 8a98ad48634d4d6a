# SPDX-License-Identifier: Apache-2.0
"""What a trial costs as a process, job of two, container or pipeline, beside a bare script of the same.

    trial_kinds.py HONE [TRIALS]

Prints one JSON object: seconds of each, start of `hone run` included, and the ratios. The container
is busybox, imported by tests/support/test_image.sh into a storage of its own; without podman there
are only processes. The pipeline has three steps, a file handed from the first to the second, and no
cache. Trials run one at a time, so that the ratio is of what one costs.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import one_parameter

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "localhost/hone-bench:1"
SCRIPT = "echo loss=1"

# Three steps, the first of which hands a file to the second.
DATA = {"name": "data", "path": "/tmp/data"}
PIPELINE = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Workflow",
    "metadata": {"annotations": {"hone/cache": "false"}},
    "spec": {
        "entrypoint": "main",
        "templates": [
            {
                "name": "main",
                "steps": [
                    [{"name": "first", "template": "first"}],
                    [
                        {
                            "name": "second",
                            "template": "second",
                            "arguments": {
                                "artifacts": [{"name": "data", "from": "{{steps.first.outputs.artifacts.data}}"}]
                            },
                        }
                    ],
                    [{"name": "third", "template": "third"}],
                ],
            },
            {
                "name": "first",
                "outputs": {"artifacts": [DATA]},
                "container": {"command": ["sh", "-c", "echo data > /tmp/data"]},
            },
            {
                "name": "second",
                "inputs": {"artifacts": [DATA]},
                "container": {"command": ["sh", "-c", "cat /tmp/data"]},
            },
            {
                "name": "third",
                "metadata": {"labels": {"role": "last"}},
                "container": {"command": ["sh", "-c", SCRIPT], "args": [one_parameter.X]},
            },
        ],
    },
}
PIPELINE_TEMPLATE = {
    "primaryPodLabels": {"role": "last"},
    "successCondition": 'status.[@this].#(phase=="Succeeded")#',
    "failureCondition": 'status.[@this].#(phase=="Failed")#',
}


def timed(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - start


def two_bare(trials: int, environment: dict[str, str]) -> float:
    one = f"sh -c '{SCRIPT}' > /dev/null"
    return timed(["bash", "-c", f"for i in $(seq {trials}); do {one} & {one}; wait; done"], environment)


def replica() -> dict[str, object]:
    pod = {"spec": {"containers": [one_parameter.container(["sh", "-c", SCRIPT], one_parameter.X)]}}
    return {"replicas": 1, "restartPolicy": "Never", "template": pod}


def job_of_two() -> dict[str, object]:
    replicas = {"Master": replica(), "Worker": replica()}
    return {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "spec": {"pytorchReplicaSpecs": replicas}}


def with_hone(
    hone: str, file: Path, trials: int, environment: dict[str, str], trial: dict[str, object], **spec: object
) -> float:
    """Seconds of a whole `hone run`."""
    one_parameter.write(file, trial, trials=trials, parallel=1, **spec)
    return timed([hone, "run", str(file), "--data-dir", str(file.parent / "data"), "--cpus", "1"], environment)


def bare_pipelines(trials: int, folder: str, environment: dict[str, str]) -> float:
    steps = [f"echo data > {folder}/out", f"cat {folder}/out", SCRIPT]
    once = "; ".join(f"sh -c '{step}' > /dev/null" for step in steps)
    return timed(["bash", "-c", f"for i in $(seq {trials}); do {once}; done"], environment)


def bare(start: str, trials: int, environment: dict[str, str]) -> float:
    loop = f"for i in $(seq {trials}); do {start} sh -c '{SCRIPT}' > /dev/null; done"
    return timed(["bash", "-c", loop], environment)


def podman_environment(folder: str) -> dict[str, str]:
    storage = f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/images"\nrunroot = "{folder}/run"\n'
    Path(folder, "storage.conf").write_text(storage)
    return os.environ | {"CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf"}


def limits() -> str:
    """What podman needs where hone's limits are low; hone gives the same."""
    files, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    processes = 32768 if most == resource.RLIM_INFINITY else min(most, 32768)
    return f"--ulimit nofile={files}:{most_files} --ulimit nproc={processes}:{processes}"


def main() -> None:
    hone, trials = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20
    result: dict[str, object] = {"benchmark": "trial_kinds", "trials": trials}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment = podman_environment(folder)
        kinds = {"Local": ("process", "")}
        image = subprocess.run(
            [str(ROOT / "tests/support/test_image.sh"), IMAGE],
            env=environment,
            capture_output=True,
            check=False,
        )
        if image.returncode == 0:
            flags = f"--rm --network none --pull never --log-driver passthrough {limits()}"
            kinds["Container"] = ("container", f"podman run {flags} {IMAGE}")
        for kind, (word, start) in kinds.items():
            alone = bare(start, trials, environment)
            job = one_parameter.job(one_parameter.container(["sh", "-c", SCRIPT], one_parameter.X, image=IMAGE))
            tuned = with_hone(hone, Path(folder, f"{word}.yaml"), trials, environment, job, runner={"kind": kind})
            result[f"{word}_s"] = tuned / trials
            result[f"{word}_bare_s"] = alone / trials
            result[f"{word}_ratio_to_bare"] = tuned / alone
        alone = two_bare(trials, environment)
        tuned = with_hone(hone, Path(folder, "two.yaml"), trials, environment, job_of_two())
        result |= {"job_s": tuned / trials, "job_bare_s": alone / trials, "job_ratio_to_bare": tuned / alone}
        alone = bare_pipelines(trials, folder, environment)
        tuned = with_hone(
            hone, Path(folder, "pipeline.yaml"), trials, environment, PIPELINE, template=PIPELINE_TEMPLATE
        )
        result["pipeline_s"] = tuned / trials
        result["pipeline_bare_s"] = alone / trials
        result["pipeline_ratio_to_bare"] = tuned / alone
    print(json.dumps(result))


if __name__ == "__main__":
    main()
