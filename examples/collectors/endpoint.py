#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains as examples/tiny/train.py does, and serves the metrics as Prometheus scrapes them.

The port is in METRICS_PORT. With the package prometheus_client two Gauges and start_http_server(port) do the same.
"""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

TRAIN = pathlib.Path(__file__).resolve().parent.parent / "tiny" / "train.py"
latest: dict[str, float] = {}  # nothing is served before there is something to tell


class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        lines = [f"# TYPE {name} gauge\n{name} {value}\n" for name, value in dict(latest).items()]
        body = "".join(lines).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """The scrapes are nothing for the trial's log."""


def main() -> None:
    server = http.server.ThreadingHTTPServer(("", int(os.environ["METRICS_PORT"])), Metrics)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [sys.executable, str(TRAIN), "--json", *sys.argv[1:]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as training:
        for line in training.stdout or ():
            latest.update(json.loads(line))
            time.sleep(0.3)  # an epoch of a real training takes longer than the time between two scrapes
    if training.returncode:
        sys.exit(training.returncode)


if __name__ == "__main__":
    main()
