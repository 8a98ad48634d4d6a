# SPDX-License-Identifier: Apache-2.0
"""Callers of a `hone serve` that asks for tokens: what each may do, over gRPC and HTTP.

security_client.py STUBS GRPC HTTP KIND; tokens and files come in the environment.
"""
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402
from api.proto.hone.v1 import hone_pb2 as pb  # noqa: E402
from api.proto.hone.v1 import hone_pb2_grpc as stubs  # noqa: E402

TIMEOUT = 60
GRPC, HTTP, KIND = sys.argv[2:5]
UNKNOWN = grpc.StatusCode.UNAUTHENTICATED
FORBIDDEN = grpc.StatusCode.PERMISSION_DENIED
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
HTTP_STATUS = {None: 200, UNKNOWN: 401, FORBIDDEN: 403, EXHAUSTED: 429,
               grpc.StatusCode.NOT_FOUND: 404}

DOCUMENT = """
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: %s, namespace: %s}
spec:
  runner: {kind: AskTell}
  objective: {type: minimize, objectiveMetricName: loss}
  algorithm: {algorithmName: random}
  parallelTrialCount: 4
  maxTrialCount: 20
  maxFailedTrialCount: 20
  parameters:
    - {name: x, parameterType: double, feasibleSpace: {min: "-5", max: "5"}}
"""


def token(name):
    return os.environ["TOKEN_" + name.upper()]


def tls():
    """What a client of TLS trusts and shows."""
    read = lambda name: open(os.environ[name], "rb").read() if name in os.environ else None  # noqa: E731
    return read("TLS_CA"), read("TLS_KEY"), read("TLS_CERT")


def channel():
    ca, key, certificate = tls()
    if ca is None:
        return grpc.insecure_channel(GRPC)
    return grpc.secure_channel(GRPC, grpc.ssl_channel_credentials(ca, key, certificate))


class Caller:
    def __init__(self, shown):
        self.metadata = [("authorization", "Bearer " + shown)] if shown else []
        self.shown = shown
        self.channel = channel()
        self.experiments = stubs.ExperimentsStub(self.channel)
        self.trials = stubs.TrialsStub(self.channel)
        self.workers = stubs.WorkersStub(self.channel)
        self.algorithms = stubs.AlgorithmsStub(self.channel)

    def code(self, call, request):
        """None: it was answered."""
        try:
            call(request, timeout=TIMEOUT, metadata=self.metadata)
        except grpc.RpcError as error:
            assert len(self.shown) < 20 or self.shown not in error.details()
            return error.code()
        return None

    def ask(self, name, namespace="default"):
        request = pb.AskRequest(experiment=name, namespace=namespace)
        return self.workers.Ask(request, timeout=TIMEOUT, metadata=self.metadata).trials[0]

    def http(self, method, path, body=None):
        """Status and answer."""
        request = urllib.request.Request(HTTP + path, body and body.encode(), method=method)
        if self.shown:
            request.add_header("Authorization", "Bearer " + self.shown)
        context = None
        if "TLS_CA" in os.environ:
            context = ssl.create_default_context(cafile=os.environ["TLS_CA"])
            if "TLS_CERT" in os.environ:
                context.load_cert_chain(os.environ["TLS_CERT"], os.environ["TLS_KEY"])
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT, context=context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            assert len(self.shown) < 20 or self.shown not in text
            return error.code, text


def create(caller, name, namespace="default"):
    """Over both, which must agree when they refuse."""
    document = DOCUMENT % (name, namespace)
    over_grpc = caller.code(caller.experiments.Create, pb.CreateExperimentRequest(document=document))
    over_http, text = caller.http("POST", "/api/v1/experiments", DOCUMENT % (name + "-http", namespace))
    assert over_http == HTTP_STATUS[over_grpc], (over_grpc, over_http, text)
    return over_grpc


def get(caller, name, namespace="default"):
    over_grpc = caller.code(caller.experiments.Get, pb.GetExperimentRequest(name=name, namespace=namespace))
    over_http, text = caller.http("GET", "/api/v1/experiments/%s?namespace=%s" % (name, namespace))
    assert over_http == HTTP_STATUS[over_grpc], (over_grpc, over_http, text)
    return over_grpc


def check_knock():
    """One call each, so that all of them are logged."""
    for name in ("wrong", "unknown", "expired", "revoked"):
        assert get(Caller(token(name)), "stranger") == UNKNOWN


def check_strangers():
    """Nobody without a good token may do anything but see that the server lives."""
    for shown in ("", "hone", token("wrong"), token("unknown"), token("expired"), token("revoked"), "x" * 5000):
        caller = Caller(shown)
        assert create(caller, "stranger") == UNKNOWN, shown
        assert get(caller, "stranger") == UNKNOWN
        for call, request in (
                (caller.experiments.List, pb.ListExperimentsRequest()),
                (caller.experiments.Delete, pb.DeleteExperimentRequest(name="stranger")),
                (caller.trials.Get, pb.GetTrialRequest(trial="t")),
                (caller.algorithms.List, pb.ListAlgorithmsRequest()),
                (caller.workers.Ask, pb.AskRequest(experiment="stranger")),
                (caller.workers.Tell, pb.TellRequest(trial="t", attempt=1, state=1)),
                (lambda r, **more: list(caller.experiments.Watch(r, **more)), pb.WatchRequest()),
                (lambda r, **more: list(caller.trials.Logs(r, **more)), pb.GetLogsRequest(trial="t"))):
            assert caller.code(call, request) == UNKNOWN, request
        for method in ("Suggestion/GetSuggestions", "Suggestion/ValidateAlgorithmSettings",
                       "EarlyStopping/GetEarlyStoppingRules", "EarlyStopping/SetTrialStatus",
                       "EarlyStopping/ValidateEarlyStoppingSettings", "DBManager/ReportObservationLog",
                       "DBManager/GetObservationLog", "DBManager/DeleteObservationLog"):
            call = caller.channel.unary_unary("/api.v1.beta1." + method)
            assert caller.code(call, b"") == UNKNOWN, method
        for method, path in (("GET", "/api/v1/algorithms"), ("GET", "/metrics"), ("DELETE", "/api/v1/experiments/a"),
                             ("POST", "/api/v1/trials/t/tell"), ("HEAD", "/api/v1/experiments")):
            assert caller.http(method, path)[0] == 401, path
        for path in ("/healthz", "/readyz", "/api/v1/openapi.json"):
            assert caller.http("GET", path)[0] == 200, path


def check_roles():
    """Who may do what, and where."""
    viewer, editor, vision = Caller(token("viewer")), Caller(token("editor")), Caller(token("vision"))
    admin = Caller(token("admin"))
    assert create(viewer, "a") == FORBIDDEN
    assert create(editor, "a") is None
    assert create(editor, "b", "vision") == FORBIDDEN
    assert create(vision, "b", "vision") is None
    assert create(admin, "c", "vision") is None
    assert get(viewer, "a") is None and get(admin, "b", "vision") is None
    assert get(vision, "a") == FORBIDDEN and get(editor, "b", "vision") == FORBIDDEN
    assert get(editor, "nothing") == grpc.StatusCode.NOT_FOUND
    assert get(vision, "nothing") == FORBIDDEN  # whoever may not look cannot tell

    def seen(caller, namespace=""):
        request = pb.ListExperimentsRequest(namespace=namespace)
        return {e.name for e in caller.experiments.List(request, timeout=TIMEOUT, metadata=caller.metadata).experiments}

    assert seen(vision) == {"b", "b-http", "c", "c-http"} and seen(editor) == {"a", "a-http"}
    assert seen(admin) == {"a", "a-http", "b", "b-http", "c", "c-http"}
    assert vision.code(vision.experiments.List, pb.ListExperimentsRequest(namespace="default")) == FORBIDDEN
    listed = json.loads(vision.http("GET", "/api/v1/experiments")[1])
    assert {e["name"] for e in listed["experiments"]} == {"b", "b-http", "c", "c-http"}, listed

    events, watched = vision.experiments.Watch(pb.WatchRequest(), timeout=TIMEOUT, metadata=vision.metadata), set()
    for event in events:
        watched.add(event.name)
        if watched >= {"b", "c-http"}:
            events.cancel()
            break
    assert watched <= {"b", "b-http", "c", "c-http"}, watched

    trial = editor.ask("a").trial
    for call, request in ((vision.trials.Get, pb.GetTrialRequest(trial=trial)),
                          (vision.trials.Metrics, pb.GetMetricsRequest(trial=trial)),
                          (vision.trials.Kill, pb.KillTrialRequest(trial=trial)),
                          (vision.trials.Get, pb.GetTrialRequest(trial="nobody")),
                          (vision.trials.List, pb.ListTrialsRequest(experiment="a")),
                          (vision.experiments.Stop, pb.StopExperimentRequest(name="a")),
                          (vision.experiments.Resume, pb.ResumeExperimentRequest(name="a")),
                          (vision.experiments.EditBudget, pb.EditBudgetRequest(name="a", max_trial_count=30)),
                          (vision.experiments.Delete, pb.DeleteExperimentRequest(name="a")),
                          (vision.workers.Ask, pb.AskRequest(experiment="a")),
                          (vision.workers.Renew, pb.RenewRequest(trial=trial, attempt=1)),
                          (vision.workers.Report, pb.ReportRequest(trial=trial, attempt=1)),
                          (vision.workers.Tell, pb.TellRequest(trial=trial, attempt=1, state=1)),
                          (lambda r, **more: list(vision.trials.Logs(r, **more)), pb.GetLogsRequest(trial=trial)),
                          (lambda r, **more: list(vision.experiments.Watch(r, **more)), pb.WatchRequest(name="a"))):
        assert vision.code(call, request) == FORBIDDEN, request
    # Nor may a question come along that would not be let in by itself.
    given = vision.ask("b", "vision")
    told = pb.TellRequest(trial=given.trial, attempt=given.attempt, state=2, next=pb.AskRequest(experiment="a"))
    assert vision.code(vision.workers.Tell, told) == FORBIDDEN
    told.next.namespace, told.next.experiment = "vision", "b"
    worker = Caller(given.token)
    assert worker.code(worker.workers.Tell, told) == FORBIDDEN
    assert vision.code(vision.workers.Tell, told) is None
    for call, request in ((viewer.trials.Kill, pb.KillTrialRequest(trial=trial)),
                          (viewer.experiments.Delete, pb.DeleteExperimentRequest(name="a")),
                          (viewer.workers.Tell, pb.TellRequest(trial=trial, attempt=1, state=1))):
        assert viewer.code(call, request) == FORBIDDEN, request
    assert viewer.code(viewer.workers.Ask, pb.AskRequest(experiment="a")) == FORBIDDEN
    assert viewer.code(viewer.trials.Get, pb.GetTrialRequest(trial=trial)) is None
    assert vision.code(vision.trials.Get, pb.GetTrialRequest(trial=trial)) == FORBIDDEN
    assert vision.http("GET", "/api/v1/trials/" + trial)[0] == 403
    assert viewer.http("GET", "/metrics")[0] == 200
    logs = "/api.v1.beta1.DBManager/GetObservationLog"
    assert vision.code(vision.channel.unary_unary(logs), b"") == FORBIDDEN  # it knows no namespaces
    assert admin.code(admin.channel.unary_unary(logs), b"") is None
    assert editor.code(editor.experiments.Delete, pb.DeleteExperimentRequest(name="a-http")) is None


def check_tokens():
    """Admins of all namespaces make, list and revoke tokens over the wire; nobody else does."""
    viewer, editor, admin = Caller(token("viewer")), Caller(token("editor")), Caller(token("admin"))
    request = pb.CreateTokenRequest(name="made", role="editor", namespaces=["default"])
    for caller in (viewer, editor):
        tokens = stubs.TokensStub(caller.channel)
        assert caller.code(tokens.Create, request) == FORBIDDEN
        assert caller.code(tokens.List, pb.ListTokensRequest()) == FORBIDDEN
        assert caller.code(tokens.Revoke, pb.RevokeTokenRequest(id="00000000")) == FORBIDDEN
        assert caller.http("GET", "/api/v1/tokens")[0] == 403
    tokens = stubs.TokensStub(admin.channel)
    for wrong in (pb.CreateTokenRequest(role="king", namespaces=["a"]), pb.CreateTokenRequest(), pb.CreateTokenRequest(
            namespaces=[""])):
        assert admin.code(tokens.Create, wrong) == grpc.StatusCode.INVALID_ARGUMENT, wrong
    made = tokens.Create(request, timeout=TIMEOUT, metadata=admin.metadata)
    assert made.token.role == "editor" and made.token.state == "valid" and made.token.expires_at.seconds > 0
    owner = Caller(made.secret)
    assert create(owner, "by-made") is None and create(owner, "by-made", "vision") == FORBIDDEN
    status, text = admin.http("GET", "/api/v1/tokens")
    assert status == 200 and made.secret not in text
    assert made.token.id in {t["id"] for t in json.loads(text)["tokens"]}
    assert json.loads(admin.http("DELETE", "/api/v1/tokens/" + made.token.id)[1])["state"] == "revoked"
    assert get(owner, "by-made") == UNKNOWN
    missing = admin.code(tokens.Revoke, pb.RevokeTokenRequest(id="00000000"))
    assert missing == grpc.StatusCode.NOT_FOUND, missing
    for name in ("by-made", "by-made-http"):
        assert admin.code(admin.experiments.Delete, pb.DeleteExperimentRequest(name=name)) is None


def check_trials():
    """A trial's token reports for that trial, and does nothing else."""
    editor = Caller(token("editor"))
    assert create(editor, "own") is None
    mine, other = editor.ask("own"), editor.ask("own")
    assert mine.token and other.token and mine.token != other.token
    worker = Caller(mine.token)

    def values(trial):
        return [pb.MetricValue(name="loss", value="1.5", step=1)], trial.trial, trial.attempt

    def report(trial):
        rows, name, attempt = values(trial)
        return worker.code(worker.workers.Report, pb.ReportRequest(trial=name, attempt=attempt, values=rows))

    assert report(mine) is None and report(other) == FORBIDDEN
    assert worker.code(worker.workers.Renew, pb.RenewRequest(trial=mine.trial, attempt=1)) is None
    assert worker.code(worker.workers.Renew, pb.RenewRequest(trial=other.trial, attempt=1)) == FORBIDDEN
    for call, request in ((worker.workers.Ask, pb.AskRequest(experiment="own")),
                          (worker.experiments.Get, pb.GetExperimentRequest(name="own")),
                          (worker.experiments.List, pb.ListExperimentsRequest()),
                          (worker.trials.Get, pb.GetTrialRequest(trial=mine.trial)),
                          (worker.trials.Kill, pb.KillTrialRequest(trial=mine.trial))):
        assert worker.code(call, request) == FORBIDDEN, request
    end = {"attempt": 1, "state": "SUCCEEDED", "values": [{"name": "loss", "value": "1.25"}]}
    assert worker.http("POST", "/api/v1/trials/%s/tell" % other.trial, json.dumps(end))[0] == 403
    assert worker.http("POST", "/api/v1/trials/%s/tell" % mine.trial, json.dumps(end))[0] == 200
    forged = Caller(mine.token.replace(mine.trial, other.trial))
    request = pb.TellRequest(trial=other.trial, attempt=1, state=1)
    assert forged.code(forged.workers.Tell, request) == UNKNOWN
    given = json.loads(editor.http("POST", "/api/v1/experiments/own/ask", "{}")[1])["trials"][0]
    assert Caller(given["token"]).http("POST", "/api/v1/trials/%s/renew" % given["trial"], '{"attempt": 1}')[0] == 200


def check_limits():
    """Five requests a second, one stream, two experiments of a namespace, 1 MiB."""
    editor = Caller(token("editor"))

    def slowly(call, *arguments):
        time.sleep(0.25)
        return call(*arguments)

    make = lambda name: editor.code(editor.experiments.Create,  # noqa: E731
                                    pb.CreateExperimentRequest(document=DOCUMENT % (name, "default")))
    assert make("one") is None and slowly(make, "two") is None
    assert slowly(make, "three") == EXHAUSTED
    assert slowly(editor.http, "POST", "/api/v1/experiments", DOCUMENT % ("three", "default"))[0] == 429
    asked = (editor.code(editor.algorithms.List, pb.ListAlgorithmsRequest()) for _ in range(100))
    assert EXHAUSTED in asked
    asked = (editor.http("GET", "/api/v1/algorithms")[0] for _ in range(100))
    assert 429 in asked
    time.sleep(1)
    first = editor.experiments.Watch(pb.WatchRequest(), timeout=TIMEOUT, metadata=editor.metadata)
    next(first)
    second = lambda r, **more: list(editor.experiments.Watch(r, **more))  # noqa: E731
    assert editor.code(second, pb.WatchRequest()) == EXHAUSTED
    first.cancel()
    big = "x" * (1 << 20)
    assert slowly(editor.code, editor.experiments.Create, pb.CreateExperimentRequest(document=big)) == EXHAUSTED


def check_revoked():
    """A stream ends when its token does."""
    viewer = Caller(token("viewer"))
    events = viewer.experiments.Watch(pb.WatchRequest(), timeout=TIMEOUT, metadata=viewer.metadata)
    print("watching", flush=True)
    try:
        for _ in events:
            pass
    except grpc.RpcError as error:
        assert error.code() == UNKNOWN, error
        return
    raise AssertionError("the stream ended as if all were well")


def check_tls():
    """The same over TLS; without what it asks for nobody gets in."""
    assert create(Caller(token("editor")), "secret") is None
    assert get(Caller(""), "secret") == UNKNOWN


def check_get_secret():
    """With a certificate of its own, too."""
    assert get(Caller(token("editor")), "secret") is None


def check_no_tls():
    """Whoever speaks plain text, trusts another authority or shows no certificate of his is not served."""
    request = pb.GetExperimentRequest(name="secret")
    assert Caller(token("editor")).code(Caller(token("editor")).experiments.Get, request) == grpc.StatusCode.UNAVAILABLE
    try:
        Caller(token("editor")).http("GET", "/healthz")
    except (OSError, urllib.error.URLError, ValueError) as error:
        print(error)
        return
    raise AssertionError("it was answered")


globals()["check_" + KIND]()
