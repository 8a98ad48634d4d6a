# SPDX-License-Identifier: Apache-2.0
"""Processor time of one generation of cmaes and pycma, as cma_generation.cpp measures it.

OMP_NUM_THREADS=1 python3 benchmarks/speed/peer_cma.py   (needs numpy, cmaes and cma)
"""

import time
import warnings

import cma
import cmaes
import numpy as np


def seconds_a_generation(generation, least=3.0):
    generation()
    start, count = time.process_time(), 0
    while time.process_time() - start < least:
        generation()
        count += 1
    return (time.process_time() - start) / count


def of_cmaes(d, weights):
    optimizer = cmaes.CMA(mean=np.ones(d), sigma=0.3, seed=1)

    def generation():
        points = [optimizer.ask() for _ in range(optimizer.population_size)]
        optimizer.tell([(x, float(weights.dot(x * x))) for x in points])

    return generation


def of_pycma(d, weights, separable):
    options = {"verbose": -9, "verb_log": 0, "seed": 1, "CMA_diagonal": separable}
    optimizer = cma.CMAEvolutionStrategy(np.ones(d), 0.3, options)

    def generation():
        points = optimizer.ask()
        optimizer.tell(points, [float(weights.dot(x * x)) for x in points])

    return generation


def main():
    warnings.simplefilter("ignore")
    for d in (10, 100, 1000):
        weights = 1 + 1e3 * np.arange(d) / (d - 1)
        peers = [
            ("pycma", of_pycma(d, weights, False)),
            ("pycma, separable", of_pycma(d, weights, True)),
        ]
        if d <= 100:
            peers.insert(0, ("cmaes", of_cmaes(d, weights)))
        for name, generation in peers:
            print(f"{name:18s} {d:5d} {1e3 * seconds_a_generation(generation):10.3f} ms", flush=True)


if __name__ == "__main__":
    main()
