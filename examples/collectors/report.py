#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains as examples/tiny/train.py does and reports each epoch with ReportObservationLog of Katib's DBManager.

With --result FILE it does not train: it waits for that file, an object of metrics in JSON, and reports it. Katib's
package does all of this with report_metrics; here the message is put together by hand, so that only gRPC is needed.
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import time

import grpc

TRAIN = pathlib.Path(__file__).resolve().parent.parent / "tiny" / "train.py"


def field(number: int, data: bytes) -> bytes:
    """A text or message in Protocol Buffers' encoding; shorter than 2 MiB."""
    length = len(data)
    digits = []
    while length >= 0x80:
        digits.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([number << 3 | 2, *digits, length]) + data


def report(metrics: dict[str, float]) -> None:
    now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z").encode()
    log = b""
    for name, value in metrics.items():
        metric = field(1, name.encode()) + field(2, str(value).encode())
        log += field(1, field(1, now) + field(2, metric))
    request = field(1, os.environ["KATIB_TRIAL_NAME"].encode()) + field(2, log)
    with grpc.insecure_channel(os.environ["HONE_DB_MANAGER_ADDRESS"]) as channel:
        channel.unary_unary("/api.v1.beta1.DBManager/ReportObservationLog")(request, timeout=10)


def main() -> None:
    if sys.argv[1].startswith("--result="):
        result = pathlib.Path(sys.argv[1].removeprefix("--result="))
        while not result.exists():
            time.sleep(0.1)
        report(json.loads(result.read_text()))
        return
    command = [sys.executable, str(TRAIN), "--json", *sys.argv[1:]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as training:
        for line in training.stdout or ():
            report(json.loads(line))
    if training.returncode:
        sys.exit(training.returncode)


if __name__ == "__main__":
    main()
