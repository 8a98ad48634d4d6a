# SPDX-License-Identifier: Apache-2.0
"""Workers of `hone serve`, as somebody else would write them: only the generated stubs and grpcio.

daemon_client.py STUBS ADDRESS KIND [MORE]
"""
import json
import random
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402
from api.proto.hone.v1 import hone_pb2 as pb  # noqa: E402
from api.proto.hone.v1 import hone_pb2_grpc as stubs  # noqa: E402

TIMEOUT = 60
RETRIED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.RESOURCE_EXHAUSTED)

DOCUMENT = """
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: %s}
spec:
  runner: {kind: AskTell}
  objective: {type: minimize, objectiveMetricName: loss}
  algorithm: {algorithmName: %s}
  parallelTrialCount: %d
  maxTrialCount: %d
  maxFailedTrialCount: %d
  parameters:
    - {name: x, parameterType: double, feasibleSpace: {min: "-5", max: "5"}}
    - {name: layers, parameterType: int, feasibleSpace: {min: "1", max: "4"}}
    - {name: optimizer, parameterType: categorical, feasibleSpace: {list: [sgd, adam]}}
"""


class Client:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        grpc.channel_ready_future(self.channel).result(timeout=TIMEOUT)
        self.experiments = stubs.ExperimentsStub(self.channel)
        self.trials = stubs.TrialsStub(self.channel)
        self.workers = stubs.WorkersStub(self.channel)
        self.algorithms = stubs.AlgorithmsStub(self.channel)

    def create(self, name, algorithm="random", trials=12):
        document = DOCUMENT % (name, algorithm, min(trials, 8), trials, trials)
        return self.experiments.Create(pb.CreateExperimentRequest(document=document), timeout=TIMEOUT)

    def ask(self, name, count=1, lease=60.0, wait=30.0, worker="w"):
        request = pb.AskRequest(experiment=name, count=count, worker=worker)
        request.lease.FromMilliseconds(int(1000 * lease))
        request.wait.FromMilliseconds(int(1000 * wait))
        return self.workers.Ask(request, timeout=TIMEOUT)

    def report(self, trial, step, loss):
        request = pb.ReportRequest(trial=trial.trial, attempt=trial.attempt)
        request.values.add(name="loss", value=repr(loss), step=step)
        return self.workers.Report(request, timeout=TIMEOUT)

    def tell(self, trial, loss=None, state=pb.TellRequest.SUCCEEDED, message=""):
        request = pb.TellRequest(trial=trial.trial, attempt=trial.attempt, state=state, message=message)
        if loss is not None:
            request.values.add(name="loss", value=repr(loss))
        return self.workers.Tell(request, timeout=TIMEOUT).outcome

    def get(self, name):
        return self.experiments.Get(pb.GetExperimentRequest(name=name), timeout=TIMEOUT)

    def values(self, trial):
        return self.trials.Metrics(pb.GetMetricsRequest(trial=trial), timeout=TIMEOUT).values


def refusal(call, request):
    try:
        call(request, timeout=TIMEOUT)
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError("accepted: %s" % request)


def objective(parameters):
    return parameters["x"] ** 2 + parameters["layers"]


def check_life(client):
    """Two workers, all endings, everything read back."""
    made = client.create("life", "tpe", trials=12)
    assert made.phase == "Running" and made.object["metadata"]["name"] == "life", made
    code, details = refusal(client.experiments.Create,
                            pb.CreateExperimentRequest(document=DOCUMENT % ("life", "tpe", 8, 12, 12)))
    assert code == grpc.StatusCode.ALREADY_EXISTS, details

    pruned = client.ask("life").trials[0]
    assert sorted(pruned.parameters) == ["layers", "optimizer", "x"], pruned
    assert not client.report(pruned, 1, 30.0).stop
    assert client.tell(pruned, state=pb.TellRequest.PRUNED) == pb.TellResponse.RECORDED
    failed = client.ask("life").trials[0]
    assert failed.trial != pruned.trial
    assert client.tell(failed, state=pb.TellRequest.FAILED, message="out of luck") == pb.TellResponse.RECORDED
    taken = client.ask("life").trials[0]
    assert client.tell(taken, state=pb.TellRequest.PREEMPTED) == pb.TellResponse.RECORDED
    again = client.ask("life").trials[0]
    assert (again.trial, again.attempt) == (taken.trial, taken.attempt + 1), again
    assert client.report(again, 0, 9.0).stop is False
    assert client.report(again, 1, 9.0).stop is False
    assert client.report(again, 2, 9.0).stop is False
    assert client.tell(again, objective(again.parameters)) == pb.TellResponse.RECORDED

    def work():
        while True:
            answer = client.ask("life", worker=threading.current_thread().name)
            if answer.ended:
                return
            for trial in answer.trials:
                loss = objective(trial.parameters)
                for step in range(3):
                    assert not client.report(trial, step, loss + 3 - step).stop
                assert client.tell(trial, loss) == pb.TellResponse.RECORDED
                assert client.tell(trial, loss) == pb.TellResponse.ALREADY_RECORDED

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(TIMEOUT)
        assert not worker.is_alive()

    done = client.get("life")
    assert done.phase == "Succeeded" and done.trials == 12 and done.succeeded == 10, done
    short = client.experiments.Get(pb.GetExperimentRequest(name="life", without_object=True), timeout=TIMEOUT)
    assert not short.HasField("object") and short.succeeded == 10, short
    for method in ("", "fanova", "ped-anova"):
        request = pb.ImportanceRequest(name="life", method=method)
        report = client.experiments.Importance(request, timeout=TIMEOUT)
        assert {p.parameter for p in report.parameters} == {"x", "layers", "optimizer"}, report
        assert report.method == (method or "fanova") and report.trials > 0, report
    listed, token = [], ""
    while True:
        page = client.trials.List(pb.ListTrialsRequest(experiment="life", page_size=5, page_token=token), timeout=TIMEOUT)
        listed.extend(page.trials)
        token = page.next_page_token
        if not token:
            break
    assert [t.number for t in listed] == list(range(1, 13))
    phases = {t.name: t.phase for t in listed}
    assert phases[pruned.trial] == "EarlyStopped" and phases[failed.trial] == "Failed", phases
    best = client.trials.Get(pb.GetTrialRequest(trial=done.best_trial), timeout=TIMEOUT)
    good = [float(t.objective) for t in listed if t.phase == "Succeeded"]
    assert float(best.objective) == min(good), (best, good)
    rows = client.values(best.name)
    assert [row.step for row in rows if row.HasField("step")] == [0, 1, 2] and len(rows) == 4, rows
    events = client.experiments.Watch(pb.WatchRequest(position=0, name="life"), timeout=TIMEOUT)
    kinds = []
    for event in events:
        kinds.append(event.kind)
        if event.kind == "ExperimentEnded":
            events.cancel()
            break
    assert kinds[0] == "ExperimentCreated" and kinds.count("TrialSucceeded") == 10, kinds

    names = [a.name for a in client.algorithms.List(pb.ListAlgorithmsRequest(), timeout=TIMEOUT).algorithms]
    assert "tpe" in names
    client.experiments.Delete(pb.DeleteExperimentRequest(name="life"), timeout=TIMEOUT)
    code, _ = refusal(client.experiments.Get, pb.GetExperimentRequest(name="life"))
    assert code == grpc.StatusCode.NOT_FOUND


def check_stop(client):
    """Stopping an experiment takes its trials from the workers; resuming gives them again."""
    client.create("stop")
    trial = client.ask("stop").trials[0]
    client.experiments.Stop(pb.StopExperimentRequest(name="stop"), timeout=TIMEOUT)
    told = client.report(trial, 1, 1.0)
    assert told.stop and told.late
    code, details = refusal(client.workers.Ask, pb.AskRequest(experiment="stop"))
    assert code == grpc.StatusCode.FAILED_PRECONDITION and "resume" in details, details
    client.experiments.Resume(pb.ResumeExperimentRequest(name="stop"), timeout=TIMEOUT)
    again = client.ask("stop").trials[0]
    assert (again.trial, again.attempt) == (trial.trial, 2), again
    assert client.tell(trial, 1.0) == pb.TellResponse.LATE
    assert client.tell(again, 2.0) == pb.TellResponse.RECORDED
    assert [(row.attempt, row.value) for row in client.values(trial.trial)] == [(1, "1.0"), (1, "1.0"), (2, "2.0")]
    killed = client.ask("stop").trials[0]
    client.trials.Kill(pb.KillTrialRequest(trial=killed.trial), timeout=TIMEOUT)
    deadline = time.monotonic() + TIMEOUT  # the kill is recorded when it is answered, and carried out after that
    step = 1
    while not client.report(killed, step, 1.0).stop:
        assert time.monotonic() < deadline, "a killed trial was never told to stop"
        step += 1


def check_lease(client):
    """A worker that dies loses its trial to another one; what it says later is kept as late."""
    client.create("lease", trials=2)
    lost = client.ask("lease", lease=1.0).trials[0]
    assert not client.report(lost, 1, 9.0).stop  # renews it for a minute
    request = pb.RenewRequest(trial=lost.trial, attempt=lost.attempt)
    request.lease.FromSeconds(1)
    assert not client.workers.Renew(request, timeout=TIMEOUT).stop
    other = client.ask("lease", count=2).trials
    if len(other) == 1:
        other.extend(client.ask("lease").trials)
    again = [t for t in other if t.trial == lost.trial][0]
    assert again.attempt == 2, again
    assert client.workers.Renew(request, timeout=TIMEOUT).stop
    assert client.tell(lost, 5.0) == pb.TellResponse.LATE
    for trial in other:
        assert client.tell(trial, 1.0) == pb.TellResponse.RECORDED
    assert client.ask("lease").ended
    assert {(row.attempt, row.value) for row in client.values(lost.trial)} == {(1, "9.0"), (1, "5.0"), (2, "1.0")}


def insist(call, *args):
    """Until it is answered, as workers do when the daemon is started anew."""
    while True:
        try:
            return call(*args)
        except grpc.RpcError as error:
            if error.code() not in RETRIED:
                raise
            time.sleep(0.02)


def check_storm(client):
    """Four workers while somebody kills the daemon again and again: what was told is there, once."""
    total = int(sys.argv[4])
    client.create("storm", trials=total)
    acknowledged, lock = {}, threading.Lock()
    randoms = random.Random(5)

    def work():
        while True:
            answer = insist(client.ask, "storm", 1, 2.0, 1.0)
            if answer.ended:
                return
            for trial in answer.trials:
                with lock:
                    loss = randoms.random()
                insist(client.report, trial, 1, loss)
                outcome = insist(client.tell, trial, loss)
                with lock:
                    if outcome != pb.TellResponse.LATE:
                        assert trial.trial not in acknowledged, "given twice"
                        acknowledged[trial.trial] = (trial.attempt, loss)
                    print(len(acknowledged), flush=True)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(TIMEOUT)
        assert not worker.is_alive()
    done = client.get("storm")
    assert done.phase == "Succeeded" and done.succeeded == total == len(acknowledged), (done.succeeded, len(acknowledged))
    listed = client.trials.List(pb.ListTrialsRequest(experiment="storm", page_size=1000), timeout=TIMEOUT).trials
    for trial in listed:
        attempt, loss = acknowledged[trial.name]
        assert (trial.attempt, float(trial.objective)) == (attempt, loss), trial
        rows = [row for row in client.values(trial.name) if row.attempt == attempt and row.HasField("step")]
        assert len(rows) == 1, rows


def check_refusals(client):
    """Each bad request has its code and says what is wrong; random bytes hurt nobody."""
    client.create("refuse")
    given = client.ask("refuse").trials[0]
    bad = grpc.StatusCode.INVALID_ARGUMENT
    cases = [
        (client.experiments.Create, pb.CreateExperimentRequest(document="{"), bad, "document"),
        (client.experiments.Create, pb.CreateExperimentRequest(), bad, ""),
        (client.experiments.Get, pb.GetExperimentRequest(name="nobody"), grpc.StatusCode.NOT_FOUND, "nobody"),
        (client.experiments.List, pb.ListExperimentsRequest(page_size=5000), bad, "page_size"),
        (client.experiments.List, pb.ListExperimentsRequest(page_token="x"), bad, "page_token"),
        (client.experiments.List, pb.ListExperimentsRequest(page_token="7"), bad, "page_token"),
        (client.trials.List, pb.ListTrialsRequest(experiment="refuse", page_token="-1"), bad, "page_token"),
        (client.experiments.Importance, pb.ImportanceRequest(name="refuse", method="x"), bad, "method"),
        (client.experiments.Importance, pb.ImportanceRequest(name="refuse"), grpc.StatusCode.FAILED_PRECONDITION, "10"),
        (stubs.TokensStub(client.channel).Create, pb.CreateTokenRequest(namespaces=["a"]),
         grpc.StatusCode.FAILED_PRECONDITION, "hone token create"),
        (client.experiments.EditBudget, pb.EditBudgetRequest(name="refuse"), bad, "max_trial_count"),
        (client.workers.Ask, pb.AskRequest(experiment="nobody"), grpc.StatusCode.NOT_FOUND, "nobody"),
        (client.workers.Ask, pb.AskRequest(experiment="refuse", count=101), bad, "count"),
        (client.workers.Tell, pb.TellRequest(trial=given.trial, attempt=1), bad, "state"),
        (client.workers.Tell, pb.TellRequest(trial=given.trial, attempt=7, state=1), bad, "attempt"),
        (client.workers.Tell, pb.TellRequest(trial="nobody", attempt=1, state=1), grpc.StatusCode.NOT_FOUND, "nobody"),
        (client.workers.Report,
         pb.ReportRequest(trial=given.trial, attempt=1, values=[pb.MetricValue(value="1")]), bad, "values[0].name"),
    ]
    for call, request, code, word in cases:
        got, details = refusal(call, request)
        assert got == code and word in details, (request, got, details)

    randoms = random.Random(11)
    for service, methods in (("Experiments", "Create Get List Stop Resume EditBudget Importance Delete"),
                             ("Trials", "List Get Metrics Kill"), ("Algorithms", "List"), ("Tokens", "Create List Revoke"),
                             ("Workers", "Ask Renew Report Tell")):
        for method in methods.split():
            call = client.channel.unary_unary("/hone.v1.%s/%s" % (service, method))
            for length in (1, 2, 5, 17, 300):
                try:
                    call(randoms.randbytes(length), timeout=TIMEOUT)
                except grpc.RpcError as error:
                    assert error.code() not in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN,
                                                grpc.StatusCode.UNIMPLEMENTED), (method, error)
    assert client.get("refuse").phase == "Running"

    def page(token=""):
        request = pb.ListExperimentsRequest(page_size=2, page_token=token)
        reply = client.experiments.List(request, timeout=TIMEOUT)
        return [e.name for e in reply.experiments], reply.next_page_token

    whole = [e.name for e in client.experiments.List(pb.ListExperimentsRequest(), timeout=TIMEOUT).experiments]
    shown, token = page()
    client.create("newcomer")
    assert shown == whole[:2] and page(token)[0] == whole[2:4], whole
    client.experiments.Delete(pb.DeleteExperimentRequest(name=shown[1]), timeout=TIMEOUT)
    assert page(token)[0] == whole[2:4], whole


def check_next(client):
    """An end and the next question in one call: both are answered, and the search knows the end."""
    client.create("next", algorithm="tpe", trials=4)

    def tell(trial, state=pb.TellRequest.SUCCEEDED, loss=1.0, **question):
        request = pb.TellRequest(trial=trial.trial, attempt=trial.attempt, state=state)
        request.values.add(name="loss", value=repr(loss))
        request.next.experiment = question.pop("experiment", "next")
        request.next.wait.FromSeconds(question.pop("wait", 10))
        for name, value in question.items():
            setattr(request.next, name, value)
        return request

    def send(*args, **question):
        return client.workers.Tell(tell(*args, **question), timeout=TIMEOUT)

    first = client.ask("next").trials[0]
    for wrong, field in ((tell(first, count=101), "next.count"), (tell(first, wait=61), "next.wait")):
        code, text = refusal(client.workers.Tell, wrong)
        assert code == grpc.StatusCode.INVALID_ARGUMENT and field in text, (code, text)
    assert client.get("next").succeeded == 0  # nothing of a refused call is taken
    answer = send(first, request_id="one")
    assert answer.outcome == pb.TellResponse.RECORDED and len(answer.next.trials) == 1
    again = send(first, request_id="one")  # as if the answer had been lost
    assert again.outcome == pb.TellResponse.ALREADY_RECORDED and again.next.trials == answer.next.trials
    second = answer.next.trials[0]
    assert second.trial != first.trial and client.get("next").succeeded == 1
    pruned = send(second, state=pb.TellRequest.PRUNED)
    assert pruned.outcome == pb.TellResponse.RECORDED and len(pruned.next.trials) == 1
    # Where there is no such experiment the end counts all the same, and Ask says what is wrong.
    third = pruned.next.trials[0]
    nowhere = send(third, experiment="nowhere")
    assert nowhere.outcome == pb.TellResponse.RECORDED and not nowhere.HasField("next")
    last = client.ask("next").trials[0]
    ended = send(last)
    assert ended.outcome == pb.TellResponse.RECORDED and ended.next.ended and not ended.next.trials, ended


def check_rest(client):
    """The same over HTTP, and nothing that is sent makes it a fault of the server's."""
    base = "http://" + sys.argv[4]

    def call(method, path, body=None):
        request = urllib.request.Request(base + path, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    assert call("GET", "/healthz") == (200, b"ok\n") and call("GET", "/readyz")[0] == 200
    assert b"hone_trials_leased 0" in call("GET", "/metrics")[1]
    api = json.loads(call("GET", "/api/v1/openapi.json")[1])
    for header, value in (("Origin", "http://elsewhere.example"), ("Host", "elsewhere.example"), ("Origin", "null")):
        page = urllib.request.Request(base + "/api/v1/experiments", headers={header: value})
        try:
            urllib.request.urlopen(page, timeout=TIMEOUT)
            raise AssertionError(f"answered a page with {header}: {value}")
        except urllib.error.HTTPError as error:
            assert error.code == 403, error.code
    code, _ = call("POST", "/api/v1/experiments", (DOCUMENT % ("rest", "sobol", 1, 2, 1)).encode())
    assert code == 200
    given = json.loads(call("POST", "/api/v1/experiments/rest/ask", b"{}")[1])["trials"][0]
    told = {"attempt": given["attempt"], "state": "SUCCEEDED", "values": [{"name": "loss", "value": "0.5"}]}
    path = "/api/v1/trials/" + given["trial"]
    both = json.dumps({**told, "next": {"experiment": "rest", "wait": "10s"}}).encode()
    answer = json.loads(call("POST", path + "/tell", both)[1])
    assert answer["outcome"] == "RECORDED"
    assert json.loads(call("GET", path)[1])["objective"] == "0.5"
    last = json.dumps({**told, "attempt": answer["next"]["trials"][0]["attempt"]}).encode()
    path = "/api/v1/trials/" + answer["next"]["trials"][0]["trial"]
    assert json.loads(call("POST", path + "/tell", last)[1])["outcome"] == "RECORDED"
    assert json.loads(call("POST", "/api/v1/experiments/rest/ask", b"{}")[1])["ended"]

    randoms = random.Random(3)
    for pattern, operations in api["paths"].items():
        for method in list(operations) + ["patch"]:
            for _ in range(4):
                filled = pattern
                while "{" in filled:
                    word = "%%%02x%d" % (randoms.randrange(256), randoms.randrange(99))
                    filled = filled[:filled.index("{")] + word + filled[filled.index("}") + 1:]
                body = randoms.choice([b"", b"{", b"[]", b'{"attempt": "x"}', b"\xff\x00", randoms.randbytes(50)])
                query = randoms.choice(["", "?pageSize=-1", "?pageSize=%41", "?x=%", "?page_token=9e9", "?name=%ff"])
                code, _ = call(method.upper(), filled + query, None if method == "get" else body)
                assert code < 500, (method, filled, query, body, code)
    assert client.get("rest").phase == "Succeeded"


def main():
    kinds = {"life": check_life, "stop": check_stop, "lease": check_lease, "storm": check_storm,
             "next": check_next, "refusals": check_refusals, "rest": check_rest}
    kinds[sys.argv[3]](Client(sys.argv[2]))
    print("ok")


main()
