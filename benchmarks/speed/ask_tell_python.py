# SPDX-License-Identifier: Apache-2.0
"""Round trips of ask and tell in one process: the Python client beside Optuna with SQLite.

    ask_tell_python.py TRIALS [FOLDER]

Random search over 2 floats, 1 worker, every result on disk before the next question. Needs the package hone on the
PYTHONPATH, HONE_PROGRAM, and Optuna. Prints one JSON object: milliseconds for a round trip, and the ratio.
"""

import json
import os
import sys
import tempfile
import time

import hone
import optuna


def round_trip_ms(study, trials: int, ask) -> float:
    """The mean of so many, after a few to warm up."""
    for _ in range(20):
        study.tell(ask(), 0.5)
    start = time.perf_counter()
    for _ in range(trials):
        study.tell(ask(), 0.5)
    return 1000 * (time.perf_counter() - start) / trials


def of_hone(trials: int, folder: str) -> float:
    space = {"x": hone.Float(0, 1), "y": hone.Float(0, 1)}
    with hone.create_study(data_dir=folder, space=space, algorithm="random", seed=1) as study:
        return round_trip_ms(study, trials, study.ask)


def of_optuna(trials: int, folder: str) -> float:
    storage = f"sqlite:///{os.path.join(folder, 'optuna.db')}"
    study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=1))

    def ask():
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        trial.suggest_float("y", 0, 1)
        return trial

    return round_trip_ms(study, trials, ask)


def main() -> None:
    trials = int(sys.argv[1])
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        ours, theirs = of_hone(trials, folder), of_optuna(trials, folder)
    result = {"name": "ask_tell_python", "trials": trials, "hone_ms": round(ours, 3)}
    print(json.dumps({**result, "optuna_sqlite_ms": round(theirs, 3), "ratio": round(theirs / ours, 2)}))


if __name__ == "__main__":
    main()
