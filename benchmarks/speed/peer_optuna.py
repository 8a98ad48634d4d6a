# SPDX-License-Identifier: Apache-2.0
"""No-op trials a second of Optuna: the peer of engine_throughput.

    peer_optuna.py {sqlite|memory} TRIALS [FOLDER]

Random search over 8 floats, 1 objective, one process. Prints one JSON object.
"""

import json
import os
import sys
import tempfile
import time

import optuna


def objective(trial: optuna.Trial) -> float:
    for i in range(8):
        trial.suggest_float(f"x{i}", 0.0, 1.0)
    return 0.5


def main() -> None:
    kind, trials = sys.argv[1], int(sys.argv[2])
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory(dir=sys.argv[3] if len(sys.argv) > 3 else None) as folder:
        storage = f"sqlite:///{os.path.join(folder, 'optuna.db')}" if kind == "sqlite" else None
        study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=1))
        start = time.perf_counter()
        study.optimize(objective, n_trials=trials)
        seconds = time.perf_counter() - start
    print(
        json.dumps(
            {
                "benchmark": f"optuna_{kind}",
                "version": optuna.__version__,
                "trials": trials,
                "trials_per_second": trials / seconds,
            }
        )
    )


if __name__ == "__main__":
    main()
