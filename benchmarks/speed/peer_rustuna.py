# SPDX-License-Identifier: Apache-2.0
"""Time of whole searches by Rustuna's TPE from empty: the peer of tpe_ask.

    python3 -m venv VENV && VENV/bin/pip install rustuna==0.2.0
    VENV/bin/python benchmarks/speed/peer_rustuna.py [TRIALS DIMENSIONS]

Numbers in [0, 1], one trial after the other, in memory, one thread. Prints one JSON object a line; seconds are
processor time.
"""

import importlib.metadata
import json
import os
import sys
import time

for threads in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS"):  # before the library reads them
    os.environ[threads] = "1"

import rustuna


def search(multivariate: bool, trials: int, dimensions: int) -> float:
    def objective(trial: rustuna.Trial) -> float:
        return sum((trial.suggest_float(f"x{i}", 0.0, 1.0) - 0.3) ** 2 for i in range(dimensions))

    sampler = rustuna.samplers.TPESampler(seed=1, multivariate=multivariate)
    study = rustuna.create_study(sampler=sampler)
    start = time.process_time()
    study.optimize(objective, n_trials=trials)
    return time.process_time() - start


def main() -> None:
    trials, dimensions = (int(number) for number in sys.argv[1:3] or (1000, 10))
    for multivariate in (True, False):
        seconds = search(multivariate, trials, dimensions)
        print(
            json.dumps(
                {
                    "benchmark": "rustuna_multivariate" if multivariate else "rustuna_univariate",
                    "version": importlib.metadata.version("rustuna"),
                    "trials": trials,
                    "dimensions": dimensions,
                    "seconds": round(seconds, 3),
                }
            )
        )


if __name__ == "__main__":
    main()
