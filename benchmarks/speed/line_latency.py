# SPDX-License-Identifier: Apache-2.0
"""From a printed line to its row: how long, with 100 trials that print at once, and what it costs.

    line_latency.py HONE FOLDER [TRIALS] [SECONDS]

Each trial prints the time every 0.2 s as its metric; the row's own time is when it was committed, as
another process sees it that looks at the database every 2 ms. Prints one JSON object: milliseconds at
p50, p99 and at most, and the CPU seconds of the engine for each second.
"""

import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import time

import one_parameter

SCRIPT = """
touch r$HONE_TRIAL_NAME
until [ -e go ]; do sleep 0.2; done
for i in $(seq "$1"); do
  sleep 0.2
  echo at=$EPOCHREALTIME
done
"""


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def new_rows(connection: sqlite3.Connection, last: dict[int, int]) -> list[float]:
    """What the new rows of each trial say; `last` is the number of its last row."""
    query = "SELECT id, CAST(text AS REAL) FROM observations WHERE trial = ? AND id > ? ORDER BY id"
    printed: list[float] = []
    for trial, known in list(last.items()):
        for number, at in connection.execute(query, (trial, known)):
            printed.append(at)
            last[trial] = number
    return printed


def measure(engine: subprocess.Popen[bytes], database: pathlib.Path, seconds: float) -> list[float]:
    delays: list[float] = []
    end = time.time() + seconds
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        last = dict(connection.execute("SELECT trial, max(id) FROM observations GROUP BY trial").fetchall())
        while time.time() < end and engine.poll() is None:
            printed = new_rows(connection, last)
            now = time.time()
            delays.extend(now - at for at in printed)
            time.sleep(0.002)
    return sorted(delays)


def main() -> None:
    hone, folder = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    trials = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 10.0
    container = one_parameter.container(["bash", "-c", SCRIPT, "trial"], str(int(seconds * 10)), one_parameter.X)
    one_parameter.write(
        folder / "latency.yaml",
        one_parameter.job(container),
        trials=trials,
        parallel=trials,
        objective={"type": "maximize", "objectiveMetricName": "at"},
    )
    data = folder / "data"
    command = [hone, "run", "latency.yaml", "--data-dir", str(data), "--cpus", str(trials)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as engine:
        while len(list(folder.glob("r*"))) < trials:
            time.sleep(0.1)
        (folder / "go").touch()
        time.sleep(1.0)
        before = cpu_seconds(engine.pid)
        delays = measure(engine, data / "hone.db", seconds)
        cpu = (cpu_seconds(engine.pid) - before) / seconds
        engine.terminate()
    milliseconds = [round(delay * 1e3, 1) for delay in delays]
    print(json.dumps({
        "benchmark": "line_latency",
        "trials": trials,
        "rows": len(delays),
        "p50_ms": milliseconds[len(delays) // 2],
        "p99_ms": milliseconds[len(delays) * 99 // 100],
        "most_ms": milliseconds[-1],
        "engine_cpu": round(cpu, 3),
    }))


if __name__ == "__main__":
    main()
