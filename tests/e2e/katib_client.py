#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks Katib's services of hone as Katib's controller does: health, validation, then rounds of suggestions.

usage: katib_client.py STUBS HOST:PORT suggestion HOST:PORT ALGORITHM...   (two processes of the service)
       katib_client.py STUBS HOST:PORT db-manager RUN     (1, 2: with the same data folder)
       katib_client.py STUBS HOST:PORT earlystop DB-MANAGER
       katib_client.py STUBS HOST:PORT drain              (says "under way"; then the service may be told to end)
STUBS is the folder of the code that protoc and grpc_python_plugin made of api/proto.
"""

import datetime
import random
import sys

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402
from api.proto import katib_v1beta1_pb2 as pb  # noqa: E402
from api.proto import katib_v1beta1_pb2_grpc as stubs  # noqa: E402

BEGIN = datetime.datetime(2026, 1, 31, 12, 0, 0)
ROUNDS = 20
TIMEOUT = 60
OTHER = None  # a channel to a second process of the same service


def health(channel, service):
    """The status by number, as grpc.health.v1 writes it; raises NOT_FOUND for unknown names."""
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    reply = check(b"\x0a" + bytes([len(service)]) + service.encode(), timeout=TIMEOUT)
    return reply[1] if reply else 0


def services_by_reflection(channel):
    info = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    list_services = b"\x3a\x00"
    return b"".join(info(iter([list_services]), timeout=TIMEOUT))


def code_of(call, *args):
    try:
        call(*args, timeout=TIMEOUT)
    except grpc.RpcError as error:
        return error.code(), error.details()
    return grpc.StatusCode.OK, ""


def experiment(algorithm, settings=None, stepped=False):
    result = pb.Experiment(name="exp-" + algorithm)
    spec = result.spec
    spec.objective.type = pb.MAXIMIZE
    spec.objective.objective_metric_name = "accuracy"
    spec.algorithm.algorithm_name = algorithm
    settings = dict(settings or {})
    if algorithm in ("hyperband", "bohb", "asha"):
        settings.update(r_l="4", eta="2", resource_name="layers")
    for name, value in settings.items():
        spec.algorithm.algorithm_settings.add(name=name, value=value)
    spec.parallel_trial_count = 3
    spec.max_trial_count = 3 * ROUNDS
    parameters = spec.parameter_specs.parameters
    lr = parameters.add(name="lr", parameter_type=pb.DOUBLE)
    lr.feasible_space.MergeFrom(pb.FeasibleSpace(min="0.01", max="0.03", distribution=pb.UNIFORM))
    if stepped:
        lr.feasible_space.step = "0.005"
    layers = parameters.add(name="layers", parameter_type=pb.INT)
    layers.feasible_space.MergeFrom(pb.FeasibleSpace(min="1", max="5", distribution=pb.UNIFORM))
    batch = parameters.add(name="batch", parameter_type=pb.DISCRETE)
    batch.feasible_space.list.extend(["32", "64", "128"])
    optimizer = parameters.add(name="optimizer", parameter_type=pb.CATEGORICAL)
    optimizer.feasible_space.MergeFrom(
        pb.FeasibleSpace(list=["sgd", "adam", "ftrl"], distribution=pb.UNIFORM))
    return result


def check_values(values):
    assert list(values) == ["lr", "layers", "batch", "optimizer"], values
    assert 0.01 <= float(values["lr"]) <= 0.03, values
    assert values["layers"] in "1 2 3 4 5".split(), values
    assert values["batch"] in ("32", "64", "128"), values
    assert values["optimizer"] in ("sgd", "adam", "ftrl"), values


class Controller:
    """Keeps trials as Katib does and shows all of them with each request."""

    def __init__(self, channel, spec, seed):
        self.suggest = stubs.SuggestionStub(channel).GetSuggestions
        self.suggest_again = stubs.SuggestionStub(OTHER or channel).GetSuggestions
        self.spec = spec
        self.trials = []
        self.given = 0
        self.clock = 0
        self.random = random.Random(seed)

    def now(self):
        self.clock += 1
        return (BEGIN + datetime.timedelta(seconds=self.clock)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def request(self, count):
        shown = [t for t in self.trials if t.status.condition != pb.TrialStatus.METRICSUNAVAILABLE]
        self.random.shuffle(shown)  # Katib promises no order
        return pb.GetSuggestionsRequest(experiment=self.spec, trials=shown, current_request_number=count,
                                        total_request_number=self.given + count)

    def ask(self, count):
        reply = self.suggest(self.request(count), timeout=TIMEOUT)
        # As after a conflict; every fifth time of a process that never saw the experiment, or not lately: a restart.
        ask = self.suggest_again if self.given % 15 == 0 else self.suggest
        again = ask(self.request(count), timeout=TIMEOUT)
        assert reply.parameter_assignments == again.parameter_assignments
        assert len(reply.parameter_assignments) == count
        return reply

    def start(self, reply):
        settings = self.spec.spec.algorithm.algorithm_settings
        known = {setting.name: setting for setting in settings}
        for setting in reply.algorithm.algorithm_settings:  # put over those of the experiment
            (known.get(setting.name) or settings.add(name=setting.name)).value = setting.value
        for given in reply.parameter_assignments:
            values = {item.name: item.value for item in given.assignments}
            check_values(values)
            suffix = "".join(self.random.choices("bcdfghjklmnpqrstvwxz2456789", k=8))
            trial = pb.Trial(name=given.trial_name or self.spec.name + "-" + suffix)
            trial.spec.parameter_assignments.assignments.extend(given.assignments)
            trial.status.condition = pb.TrialStatus.CREATED
            self.trials.append(trial)
        self.given += len(reply.parameter_assignments)

    def advance(self):
        """Each trial goes one step on: created, running, and some end."""
        for trial in self.trials:
            status = trial.status
            if status.condition == pb.TrialStatus.CREATED:
                status.condition = pb.TrialStatus.RUNNING
                status.start_time = self.now()
            elif status.condition == pb.TrialStatus.RUNNING and self.random.random() < 0.8:
                self.end(trial)

    def end(self, trial):
        status = trial.status
        status.condition = self.random.choices(
            [pb.TrialStatus.SUCCEEDED, pb.TrialStatus.FAILED, pb.TrialStatus.EARLYSTOPPED, pb.TrialStatus.KILLED,
             pb.TrialStatus.METRICSUNAVAILABLE], [16, 1, 1, 1, 1])[0]
        if status.condition != pb.TrialStatus.EARLYSTOPPED:
            status.completion_time = self.now()
        if status.condition in (pb.TrialStatus.SUCCEEDED, pb.TrialStatus.EARLYSTOPPED):
            values = {item.name: item.value for item in trial.spec.parameter_assignments.assignments}
            accuracy = 1 - abs(float(values["lr"]) - 0.02) * 10 - abs(int(values["layers"]) - 3) / 10
            status.observation.metrics.add(name="accuracy", value=repr(accuracy))
            status.observation.metrics.add(name="loss", value="unavailable")

    def best(self):
        return max(float(m.value) for t in self.trials for m in t.status.observation.metrics if m.name == "accuracy")


def drive(channel, spec):
    """20 rounds of up to three suggestions; a controller has no other state than its trials."""
    controller = Controller(channel, spec, seed=7)
    for _ in range(ROUNDS):
        controller.start(controller.ask(3))
        controller.advance()
    return controller


def ask_with_many_trials(channel, spec):
    """One request that shows 1,000 trials."""
    suggest = stubs.SuggestionStub(channel).GetSuggestions
    controller = Controller(channel, spec, seed=1)
    while len(controller.trials) < 1000:
        controller.start(suggest(controller.request(250), timeout=TIMEOUT))
        for trial in controller.trials[-250:]:
            trial.status.start_time = controller.now()
            controller.end(trial)
    assert len(suggest(controller.request(3), timeout=TIMEOUT).parameter_assignments) == 3


def check_drain(channel):
    """Requests that take a while, of as many experiments; all get their answer although the service ends."""
    requests = []
    for number in range(6):
        spec = experiment("bayesianoptimization")
        spec.name += str(number)
        controller = Controller(channel, spec, seed=number)
        for _ in range(150):
            trial = pb.Trial(name="trial-%d" % len(controller.trials))
            for name, value in (("lr", repr(controller.random.uniform(0.01, 0.03))), ("layers", "3"), ("batch", "32"),
                                ("optimizer", "sgd")):
                trial.spec.parameter_assignments.assignments.add(name=name, value=value)
            trial.status.start_time = controller.now()
            controller.trials.append(trial)
            controller.end(trial)
        requests.append(controller.request(2))
    suggest = stubs.SuggestionStub(channel).GetSuggestions
    answers = [suggest.future(request, timeout=TIMEOUT) for request in requests]
    answers[0].result()
    print("under way", flush=True)
    for answer in answers:
        assert len(answer.result().parameter_assignments) == 2


def check_grid_is_complete(channel):
    controller = drive(channel, experiment("grid", stepped=True))
    seen = [tuple(a.value for a in t.spec.parameter_assignments.assignments) for t in controller.trials]
    assert len(set(seen)) == len(seen) == 3 * ROUNDS, "the grid repeated itself"


def check_suggestion(channel):
    for name in ("", "manager.v1beta1.Suggestion", "grpc.health.v1.Health"):
        assert health(channel, name) == 1, name
    try:
        health(channel, "nobody")
        raise AssertionError("an unknown service is healthy")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND
    assert b"api.v1.beta1.Suggestion" in services_by_reflection(channel)

    validate = stubs.SuggestionStub(channel).ValidateAlgorithmSettings
    bad = pb.ValidateAlgorithmSettingsRequest(experiment=experiment("tpe", {"gamma": "2"}))
    code, details = code_of(validate, bad)
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "gamma" in details and "0 < real < 1" in details, details

    global OTHER
    OTHER = grpc.insecure_channel(sys.argv[4])
    for algorithm in sys.argv[5:]:
        spec = experiment(algorithm, {"random_state": "3"}, stepped=algorithm == "grid")
        validate(pb.ValidateAlgorithmSettingsRequest(experiment=spec), timeout=TIMEOUT)
        print(algorithm, "best", drive(channel, spec).best())
        if algorithm != "bayesianoptimization":  # a Gaussian process of 1,000 points takes its time
            ask_with_many_trials(channel, experiment(algorithm, stepped=algorithm == "grid"))
    check_grid_is_complete(channel)


def check_db_manager(channel):
    assert health(channel, "") == 1
    assert health(channel, "api.v1.beta1.DBManager") == 1
    assert b"api.v1.beta1.DBManager" in services_by_reflection(channel)
    stub = stubs.DBManagerStub(channel)
    log = pb.ObservationLog()
    for step in range(100):
        log.metric_logs.add(time_stamp="2026-01-31T12:%02d:%02dZ" % divmod(step, 60)).metric.MergeFrom(
            pb.Metric(name="loss", value=repr(1 / (1 + step))))
    trial = "trial-" + sys.argv[4]
    kept = stub.GetObservationLog(pb.GetObservationLogRequest(trial_name="trial-1"), timeout=TIMEOUT).observation_log
    assert len(kept.metric_logs) == (0 if sys.argv[4] == "1" else 100), "of the run before"
    stub.ReportObservationLog(pb.ReportObservationLogRequest(trial_name=trial, observation_log=log), timeout=TIMEOUT)
    request = pb.GetObservationLogRequest(trial_name=trial, metric_name="loss")
    assert stub.GetObservationLog(request, timeout=TIMEOUT).observation_log == log
    log.metric_logs[0].time_stamp = "noon"
    code, details = code_of(stub.ReportObservationLog,
                            pb.ReportObservationLogRequest(trial_name=trial, observation_log=log))
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "metric_logs[0].time_stamp" in details, details


def check_earlystop(channel):
    """Rules from what a real db-manager knows of the trials."""
    for name in ("", "api.v1.beta1.EarlyStopping", "grpc.health.v1.Health"):
        assert health(channel, name) == 1, name
    assert b"api.v1.beta1.EarlyStopping" in services_by_reflection(channel)
    stub = stubs.EarlyStoppingStub(channel)
    validate = stub.ValidateEarlyStoppingSettings

    def rule_of(name, **settings):
        spec = pb.EarlyStoppingSpec(algorithm_name=name)
        for key, value in settings.items():
            spec.algorithm_settings.add(name=key, value=value)
        return pb.ValidateEarlyStoppingSettingsRequest(early_stopping=spec)

    good = rule_of("medianstop", min_trials_required="2", start_step="3")
    validate(good, timeout=TIMEOUT)
    for bad, part in ((rule_of("medianstop", start_step="0"), "start_step"), (rule_of("medianstop", steps="1"), "steps"),
                      (rule_of("asha"), "judges trials against each other"), (rule_of("nobody"), "nobody")):
        code, details = code_of(validate, bad)
        assert code == grpc.StatusCode.INVALID_ARGUMENT and part in details, (code, details)

    with grpc.insecure_channel(sys.argv[4]) as logs:
        report = stubs.DBManagerStub(logs).ReportObservationLog
        for number, values in enumerate(((0.1, 0.2, 0.3, 9), (0.5, 0.5, 0.5), (0.8, 0.9, 1.0, 1.1), ("unavailable",))):
            log = pb.ObservationLog()
            for step, value in enumerate(values):
                log.metric_logs.add(time_stamp="2026-01-31T12:00:%02dZ" % step).metric.MergeFrom(
                    pb.Metric(name="accuracy", value=str(value)))
            report(pb.ReportObservationLogRequest(trial_name="early-%d" % number, observation_log=log), timeout=TIMEOUT)

    spec = experiment("random")
    spec.spec.early_stopping.CopyFrom(good.early_stopping)
    request = pb.GetEarlyStoppingRulesRequest(experiment=spec, db_manager_address=sys.argv[4])

    def add(number, condition=pb.TrialStatus.SUCCEEDED):
        request.trials.add(name="early-%d" % number).status.condition = condition

    def rules():
        first = stub.GetEarlyStoppingRules(request, timeout=TIMEOUT)
        assert first == stub.GetEarlyStoppingRules(request, timeout=TIMEOUT)  # as after a conflict
        return first.early_stopping_rules

    add(0)
    add(1, pb.TrialStatus.RUNNING)
    assert not rules(), "one trial has succeeded, two are required"
    request.trials[1].status.condition = pb.TrialStatus.SUCCEEDED
    add(3)  # has no value at all
    (rule,) = rules()
    assert rule.name == "accuracy" and rule.comparison == pb.LESS and rule.start_step == 3, rule
    assert abs(float(rule.value) - 0.35) < 1e-9, rule  # of 0.2 and 0.5, their first three
    add(2)
    (rule,) = rules()
    assert abs(float(rule.value) - 0.5) < 1e-9, rule

    spec.spec.objective.type = pb.MINIMIZE
    request.experiment.CopyFrom(spec)
    assert rules()[0].comparison == pb.GREATER
    request.db_manager_address = "127.0.0.1:1"
    code, details = code_of(stub.GetEarlyStoppingRules, request)
    assert code == grpc.StatusCode.UNAVAILABLE and "db-manager" in details, (code, details)
    request.db_manager_address = ""
    code, details = code_of(stub.GetEarlyStoppingRules, request)
    assert code == grpc.StatusCode.INVALID_ARGUMENT and "db_manager_address" in details, (code, details)
    code, details = code_of(stub.SetTrialStatus, pb.SetTrialStatusRequest(trial_name="early-0"))
    assert code == grpc.StatusCode.UNIMPLEMENTED and "early-0" in details, (code, details)
    noise = random.Random(5)
    for method in ("GetEarlyStoppingRules", "ValidateEarlyStoppingSettings", "SetTrialStatus"):
        call = channel.unary_unary("/api.v1.beta1.EarlyStopping/" + method)
        for _ in range(100):
            code, details = code_of(call, noise.randbytes(noise.randrange(60)))
            assert code in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAVAILABLE,
                            grpc.StatusCode.UNIMPLEMENTED), (code, details)


def main():
    with grpc.insecure_channel(sys.argv[2]) as channel:
        grpc.channel_ready_future(channel).result(timeout=TIMEOUT)
        {"suggestion": check_suggestion, "db-manager": check_db_manager,
         "earlystop": check_earlystop, "drain": check_drain}[sys.argv[3]](channel)
    print("ok")


main()
