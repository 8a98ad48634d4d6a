# SPDX-License-Identifier: Apache-2.0
"""Round trips of ask and tell with one daemon, 1 and 8 workers, on SQLite and PostgreSQL, beside Optuna.

    ask_tell.py BUILD FOLDER SECONDS

FOLDER: on the disk to measure. Random search, each result on disk before it is answered. Optuna's workers are
processes that share its storage: the same databases, and its gRPC proxy in front of PostgreSQL. To be run by a
Python that has optuna, psycopg2 and grpcio. Prints one JSON object for each pair.
"""

import json
import multiprocessing
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import optuna
import servers

WORKERS = (1, 8)


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


def hone_rate(build: pathlib.Path, folder: pathlib.Path, store: list[str], workers: int, seconds: str) -> float:
    data = ["--data-dir", str(folder / f"hone{len(store)}-{workers}")]
    with servers.hone([str(build / "bin/hone"), "serve", *data, *store], folder) as (address, _):
        run = servers.measure(build / "tests/serve_load", address, "0", "0", workers, seconds, "-1", "1")
        return run["per_second"]


def compare(kind, build, folder, store, target, create_at, seconds) -> None:
    for workers in WORKERS:
        peer = optuna_rate(kind, target, create_at, workers, float(seconds))
        ours = hone_rate(build, folder, store, workers, seconds)
        result = {"benchmark": "ask_tell", "store": kind, "workers": workers, "hone_per_second": ours}
        result["optuna_per_second"] = round(peer, 1)
        result["ratio"] = round(ours / peer, 1)
        print(json.dumps(result), flush=True)


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    build, seconds = pathlib.Path(sys.argv[1]), sys.argv[3]
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
                    compare(kind, build, folder, store, target, create_at, seconds)
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
