# SPDX-License-Identifier: Apache-2.0
"""Round trips of ask and tell with one daemon, 1 and 8 workers, on SQLite and PostgreSQL, beside Optuna.

    ask_tell.py BUILD FOLDER SECONDS [BEFORE]

FOLDER: on the disk to measure. Random search, each result on disk before it is answered. Optuna's workers are
processes that share its storage: the same databases, and its gRPC proxy in front of PostgreSQL. To be run by a
Python that has optuna, psycopg2 and grpcio. Prints one JSON object for each pair. `two_commits_per_second` is the limit of
one worker, whose round trip is two commits, one after the other (the proposal; the values and the end): a bare client
that makes pairs of commits of one row in the same database, once before hone's turn and once after it. With BEFORE, the
build folder of an older program, that one has a turn, too. Each of hone's rates comes with the daemon's processor time
for one round trip. hone's workers put the next question into what they tell; `apart` is with two calls for a round trip, as
before.
"""

import contextlib
import json
import multiprocessing
import pathlib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

import optuna
import psycopg2
import servers

WORKERS = (1, 8)
APART, TOGETHER = "-1", "-2"  # of serve_load


def work(kind: str, target: str, name: str, until: float, done) -> None:
    """One worker of Optuna: it counts what it told before the time is over."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if kind == "proxy":
        host, port = target.split(":")
        storage = optuna.storages.GrpcStorageProxy(host=host, port=int(port))
    else:
        storage = optuna.storages.RDBStorage(target, engine_kwargs={"connect_args": {"timeout": 100}} if kind == "sqlite" else {})
    study = optuna.load_study(study_name=name, storage=storage, sampler=optuna.samplers.RandomSampler())
    count = 0
    while time.time() < until:
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, 0.5)
        count += 1
    done.put(count)


def optuna_rate(kind: str, target: str, create_at: str, workers: int, seconds: float) -> float:
    name = f"{kind}{workers}"
    optuna.create_study(study_name=name, storage=create_at)
    done = multiprocessing.Queue()
    warm_up = 3.0
    until = time.time() + warm_up + seconds
    arguments = (kind, target, name, until, done)
    processes = [multiprocessing.Process(target=work, args=arguments) for _ in range(workers)]
    for process in processes:
        process.start()
    counts = [done.get() for _ in processes]
    for process in processes:
        process.join()
    return sum(counts) / seconds  # in its favour: what it did while others still started counts, too


def hone_rate(build: pathlib.Path, folder: pathlib.Path, store: list[str], workers: int, seconds: str, calls: str) -> tuple[float, float]:
    """Round trips a second, and milliseconds of the daemon's processor time for each."""
    with tempfile.TemporaryDirectory(dir=folder) as data:
        fresh = ["--store", fresh_database(store[1], pathlib.Path(data).name)] if store else []
        command = [str(build / "bin/hone"), "serve", "--data-dir", data, *fresh]
        with servers.hone(command, folder) as (address, pid):
            began = servers.processor_ms(pid)
            run = servers.measure(build / "tests/serve_load", address, "0", "0", workers, seconds, calls, "1")
            return run["per_second"], round((servers.processor_ms(pid) - began) / run["told"], 2)


def fresh_database(url: str, name: str) -> str:
    """The URL of a new one; programs of two versions do not share one."""
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f'CREATE DATABASE "{name}"')
    return url.replace("/postgres?", f"/{name}?")


def pairs_of_commits(connection, insert: str, seconds: float) -> float:
    """How many times a second a client can make two commits of a row, one after the other."""
    cursor = connection.cursor()
    count, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        for _ in range(2):
            cursor.execute(insert, ("x" * 100,))
            connection.commit()
        count += 1
    return count / seconds


def two_commits(store: list[str], folder: pathlib.Path, seconds: float) -> float:
    if store:
        connection = psycopg2.connect(store[1])
        insert = "INSERT INTO bare VALUES (%s)"
    else:
        connection = sqlite3.connect(folder / "bare.db")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        insert = "INSERT INTO bare VALUES (?)"
    with contextlib.closing(connection):
        connection.cursor().execute("CREATE TABLE IF NOT EXISTS bare (text TEXT)")
        connection.commit()
        return pairs_of_commits(connection, insert, seconds)


def compare(kind, builds, folder, store, target, create_at, seconds) -> None:
    for workers in WORKERS:
        peer = optuna_rate(kind, target, create_at, workers, float(seconds))
        before = two_commits(store, folder, float(seconds) / 2)
        turns = [(builds[0], TOGETHER), *((build, APART) for build in builds)]
        rates = [hone_rate(build, folder, store, workers, seconds, calls) for build, calls in turns]
        ours = rates[0][0]
        bare = (before + two_commits(store, folder, float(seconds) / 2)) / 2
        result = {"benchmark": "ask_tell", "store": kind, "workers": workers, "hone_per_second": ours}
        result["hone_processor_ms"] = rates[0][1]
        result["apart_per_second"], result["apart_processor_ms"] = rates[1]
        if len(rates) > 2:
            result["before_per_second"], result["before_processor_ms"] = rates[2]
        result["optuna_per_second"] = round(peer, 1)
        result["ratio"] = round(ours / peer, 1)
        result["two_commits_per_second"] = round(bare, 1)
        result["ratio_to_two_commits"] = round(ours / bare, 2)
        print(json.dumps(result), flush=True)


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    builds = [pathlib.Path(word) for word in (sys.argv[1], *sys.argv[4:])]
    seconds = sys.argv[3]
    with tempfile.TemporaryDirectory(dir=sys.argv[2]) as name:
        folder = pathlib.Path(name)
        with servers.postgres(folder) as url:
            with_driver = url.replace("postgresql://", "postgresql+psycopg2://").replace("/postgres?", "/peer?")
            proxy, at = run_proxy(with_driver)
            sqlite = f"sqlite:///{folder / 'optuna.db'}"
            plans = (("sqlite", [], sqlite, sqlite), ("postgres", ["--store", url], with_driver, with_driver),
                     ("proxy", ["--store", url], at, with_driver))
            try:
                for kind, store, target, create_at in plans:
                    compare(kind, builds, folder, store, target, create_at, seconds)
            finally:
                proxy.terminate()


def run_proxy(url: str) -> tuple[subprocess.Popen, str]:
    """Optuna's storage proxy over PostgreSQL, in a process of its own, and its address."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    code = (
        "import optuna, sys; "
        "optuna.storages.run_grpc_proxy_server("
        "optuna.storages.RDBStorage(sys.argv[1]), host='localhost', port=int(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, url, str(port)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL), f"localhost:{port}"


if __name__ == "__main__":
    main()
