# SPDX-License-Identifier: Apache-2.0
"""hone's algorithms behind `hone suggestion`, as Katib's controller asks them: every request shows the experiment and its
trials, and nothing else comes back. Trials have names at random and times in whole seconds."""

from __future__ import annotations

import contextlib
import datetime
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from play import Proposed
from space import Task

ROOT = Path(__file__).parents[2]
METHOD = "/api.v1.beta1.Suggestion/GetSuggestions"
BEGIN = datetime.datetime(2026, 1, 1)
LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # of the names that Katib makes


class Service:
    """A process of `hone suggestion`."""

    def __init__(self, address: str, messages: Any) -> None:
        import grpc

        self.messages = messages
        self.ask = grpc.insecure_channel(address).unary_unary(
            METHOD,
            request_serializer=messages.GetSuggestionsRequest.SerializeToString,
            response_deserializer=messages.GetSuggestionsReply.FromString,
        )


@contextlib.contextmanager
def service(program: Path) -> Iterator[Service]:
    with tempfile.TemporaryDirectory() as folder:
        proto = ROOT / "api" / "proto"
        subprocess.run(["protoc", "-I", proto, "--python_out", folder, "katib_v1beta1.proto"], check=True)
        sys.path.insert(0, folder)
        import katib_v1beta1_pb2

        command = [str(program), "suggestion", "--listen", "127.0.0.1:0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert server.stdout
            yield Service(server.stdout.readline().split()[-1], katib_v1beta1_pb2)
        finally:
            server.terminate()
            server.wait()


def stamp(seconds: int) -> str:
    return (BEGIN + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class KatibSearch:
    """Numbers only. A batch starts within a second, its trials end in any order."""

    ended = None

    def __init__(
        self,
        service: Service,
        task: Task,
        algorithm: str,
        settings: dict[str, str],
        seed: int,
        trials: int,
        parallel: int,
    ) -> None:
        pb = service.messages
        self.service = service
        self.random = random.Random(seed)
        self.request = pb.GetSuggestionsRequest()
        experiment = self.request.experiment
        experiment.name = f"{task.name.replace('_', '-')}-{seed}"
        spec = experiment.spec
        spec.objective.type = pb.MINIMIZE
        spec.objective.objective_metric_name = "loss"
        spec.algorithm.algorithm_name = algorithm
        for name, value in (settings | {"random_state": str(seed)}).items():
            spec.algorithm.algorithm_settings.add(name=name, value=value)
        spec.parallel_trial_count = parallel
        spec.max_trial_count = trials
        for p in task.parameters:
            one = spec.parameter_specs.parameters.add(name=p.name, parameter_type=pb.INT if p.is_whole else pb.DOUBLE)
            one.feasible_space.min, one.feasible_space.max = repr(p.low), repr(p.high)
            one.feasible_space.distribution = pb.LOG_UNIFORM if p.is_log else pb.UNIFORM
        self.now = 0

    def ask(self, count: int) -> list[Proposed]:
        pb = self.service.messages
        self.now += 60
        self.request.current_request_number = count
        self.request.total_request_number = len(self.request.trials) + count
        batch = []
        for one in self.service.ask(self.request, timeout=60).parameter_assignments:
            name = f"{self.request.experiment.name}-{''.join(self.random.choices(LETTERS, k=8))}"
            trial = self.request.trials.add(name=name)
            trial.spec.objective.CopyFrom(self.request.experiment.spec.objective)
            trial.spec.parameter_assignments.assignments.extend(one.assignments)
            trial.status.condition = pb.TrialStatus.RUNNING
            trial.status.start_time = stamp(self.now)
            values = {assignment.name: assignment.value for assignment in one.assignments}
            batch.append(Proposed(values, trial))
        return batch

    def tell(self, proposed: Proposed, value: float | None) -> None:
        status = proposed.handle.status
        status.completion_time = stamp(self.now + self.random.randrange(1, 50))
        status.condition = self.service.messages.TrialStatus.FAILED
        if value is not None:
            status.condition = self.service.messages.TrialStatus.SUCCEEDED
            status.observation.metrics.add(name="loss", value=repr(value))
