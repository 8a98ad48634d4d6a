# SPDX-License-Identifier: Apache-2.0
"""Rows a second from 100 trials that run and print at once, through the real program, beside bare SQLite.

    ingest.py HONE FOLDER
"""

import json
import pathlib
import sqlite3
import subprocess
import sys
import time

import one_parameter

TRIALS = 100
ROWS = 2000  # of each trial

SCRIPT = f"touch r$HONE_TRIAL_NAME; while [ ! -e go ]; do sleep 0.1; done; seq -f loss=%g 1 {ROWS}"

def count(database: pathlib.Path) -> int:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return int(connection.execute("SELECT count(*) FROM observations").fetchone()[0])


def hone_rows_per_second(hone: str, folder: pathlib.Path) -> float:
    trial = one_parameter.job(one_parameter.container(["sh", "-c", SCRIPT], one_parameter.X))
    one_parameter.write(folder / "ingest.yaml", trial, trials=TRIALS, parallel=TRIALS)
    data = folder / "data"
    command = [hone, "run", "ingest.yaml", "--data-dir", str(data), "--cpus", str(TRIALS)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as engine:
        while len(list(folder.glob("r*"))) < TRIALS:
            time.sleep(0.1)
        start = time.perf_counter()
        (folder / "go").touch()
        while engine.poll() is None and count(data / "hone.db") < TRIALS * ROWS:
            time.sleep(0.02)
        seconds = time.perf_counter() - start
    rows = count(data / "hone.db")
    assert rows == TRIALS * ROWS, rows
    return rows / seconds


def bare_rows_per_second(folder: pathlib.Path) -> float:
    """The same rows into a table of the same columns, a trial's at once, durable at each commit."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE observations (id INTEGER PRIMARY KEY, trial INTEGER, attempt INTEGER, metric TEXT, step REAL, "
        "at INTEGER, text TEXT, number REAL)"
    )
    start = time.perf_counter()
    for trial in range(TRIALS):
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO observations (trial, attempt, metric, step, at, text, number) VALUES (?, 1, 'loss', NULL, NULL, ?, ?)",
            [(trial, str(row), float(row)) for row in range(ROWS)],
        )
        connection.execute("COMMIT")
    return TRIALS * ROWS / (time.perf_counter() - start)


def main() -> None:
    folder = pathlib.Path(sys.argv[2])
    ours = hone_rows_per_second(str(pathlib.Path(sys.argv[1]).resolve()), folder)
    bare = bare_rows_per_second(folder)
    print(json.dumps({
        "benchmark": "ingest",
        "trials": TRIALS,
        "rows": TRIALS * ROWS,
        "rows_per_second": round(ours),
        "sqlite_rows_per_second": round(bare),
        "ratio_to_sqlite": round(ours / bare, 2),
    }))


if __name__ == "__main__":
    main()
