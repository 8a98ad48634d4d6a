#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A rule of early stopping of one's own as a service: by half time a trial must be within `slack` of the best one.

usage: stopper.py [HOST:PORT]     (127.0.0.1:6788; port 0: a free one, printed)
"""
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile

import grpc

PROTO = pathlib.Path(__file__).resolve().parents[2] / "api" / "proto" / "katib_v1beta1.proto"
OUT = tempfile.TemporaryDirectory()
ARGS = ["-I", str(PROTO.parent), "--python_out", OUT.name, "--grpc_python_out", OUT.name, str(PROTO)]
try:
    from grpc_tools import protoc
    protoc.main(["protoc", *ARGS])
except ImportError:
    subprocess.run(["protoc", "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin", *ARGS], check=True)
sys.path.insert(0, OUT.name)
import katib_v1beta1_pb2 as pb  # noqa: E402
import katib_v1beta1_pb2_grpc as stubs  # noqa: E402


class HalfTime(stubs.EarlyStoppingServicer):
    def ValidateEarlyStoppingSettings(self, request, context):
        if any(s.name != "slack" or float(s.value) < 0 for s in request.early_stopping.algorithm_settings):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the one setting is slack, a number >= 0")
        return pb.ValidateEarlyStoppingSettingsReply()

    def GetEarlyStoppingRules(self, request, context):
        goal, reply = request.experiment.spec.objective, pb.GetEarlyStoppingRulesReply()
        least = goal.type == pb.MINIMIZE
        pick = min if least else max
        settings = {s.name: s.value for s in request.experiment.spec.early_stopping.algorithm_settings}
        with grpc.insecure_channel(request.db_manager_address) as channel:  # what the trials reported
            logs = [stubs.DBManagerStub(channel).GetObservationLog(pb.GetObservationLogRequest(
                        trial_name=trial.name, metric_name=goal.objective_metric_name)).observation_log.metric_logs
                    for trial in request.trials if trial.status.condition == pb.TrialStatus.SUCCEEDED]
        halves = [[float(entry.metric.value) for entry in log[:(len(log) + 1) // 2]] for log in logs if log]
        if halves:
            best, slack = pick(map(pick, halves)), float(settings.get("slack", 0))
            reply.early_stopping_rules.add(
                name=goal.objective_metric_name, value=repr(best + slack if least else best - slack),
                comparison=pb.GREATER if least else pb.LESS, start_step=min(map(len, halves)))
        return reply

    def SetTrialStatus(self, request, context):
        print(f"stopped {request.trial_name}", flush=True)
        return pb.SetTrialStatusReply()


server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
stubs.add_EarlyStoppingServicer_to_server(HalfTime(), server)
port = server.add_insecure_port(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:6788")
server.start()
print(f"listening on 127.0.0.1:{port}", flush=True)
server.wait_for_termination()
