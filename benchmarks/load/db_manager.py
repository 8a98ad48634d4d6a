# SPDX-License-Identifier: Apache-2.0
"""DBManager.ReportObservationLog on PostgreSQL with fsync on, beside clients that insert the same rows.

    db_manager.py BUILD FOLDER SECONDS

FOLDER: on the disk to measure. Prints one JSON object for each transport, number of clients and of rows in a call: over
TCP, as Katib's clients come, and over a Unix socket, as the plain clients reach PostgreSQL here. The limit of calls is
gRPC's own: `empty_calls_per_second` are reports without rows, which never reach the database.
"""

import json
import pathlib
import sys
import tempfile

import servers

CLIENTS = (1, 16)
ROWS = (1, 10, 100, 1000)


def measure(client: pathlib.Path, manager: list[str], folder: pathlib.Path, url: str, seconds: str, listen: str) -> None:
    with servers.hone(manager, folder, listen) as (address, _):
        empty = {n: servers.measure(client, "grpc", address, n, 0, seconds)["calls_per_second"] for n in CLIENTS}
        plain = {}
        for rows in ROWS:
            for clients in CLIENTS:
                plain[clients] = servers.measure(client, "sql", url, clients, rows, seconds)["rows_per_second"]
                ours = servers.measure(client, "grpc", address, clients, rows, seconds)
                result = {"benchmark": "report_observation_log", "over": listen.split(":")[0], "clients": clients}
                result["rows"] = rows
                result["calls_per_second"] = ours["calls_per_second"]
                result["rows_per_second"] = ours["rows_per_second"]
                result["plain_rows_per_second"] = plain[clients]
                result["ratio_to_plain"] = round(ours["rows_per_second"] / plain[clients], 2)
                result["ratio_to_one_plain"] = round(ours["rows_per_second"] / plain[1], 2)
                result["empty_calls_per_second"] = empty[clients]
                result["ratio_to_empty_calls"] = round(ours["calls_per_second"] / empty[clients], 2)
                print(json.dumps(result), flush=True)


def main() -> None:
    build, seconds = pathlib.Path(sys.argv[1]), sys.argv[3]
    client = build / "benchmarks/report_log"
    with tempfile.TemporaryDirectory(dir=sys.argv[2]) as name:
        folder = pathlib.Path(name)
        with servers.postgres(folder) as url:
            manager = [str(build / "bin/hone"), "db-manager", "--store", url, "--data-dir", str(folder / "data")]
            for listen in ("127.0.0.1:0", f"unix:{folder / 'manager.sock'}"):
                measure(client, manager, folder, url, seconds, listen)


if __name__ == "__main__":
    main()
