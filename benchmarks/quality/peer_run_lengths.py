# SPDX-License-Identifier: Apache-2.0
"""Peers with restarts on the functions of run_lengths.cpp, in the same format.

peer_run_lengths.py pycma | cmaes [instances]   (in build/quality-venv)

pycma: BIPOP. cmaes: IPOP, as its README has it. As in BBOB both start each run uniformly in [-4, 4]^d with sigma 2 and
know no bounds.
"""

import math
import sys
import warnings

import bbob
import numpy as np

TARGETS = [10.0 ** (2 - k) for k in range(11)]


class Counted:
    """Evaluations to each target; 0: not reached."""

    def __init__(self, function, most):
        self.function, self.most = function, most
        self.lengths = [0] * len(TARGETS)
        self.used = 0

    def __call__(self, x):
        result = self.function(x)
        self.used += 1
        if self.used <= self.most:
            for k, target in enumerate(TARGETS):
                if not self.lengths[k] and result <= target:
                    self.lengths[k] = self.used
        return result

    def over(self):
        return self.used >= self.most or self.lengths[-1] > 0


def pycma(counted, d, instance):
    import cma

    rng = np.random.RandomState(instance)
    options = {
        "ftarget": TARGETS[-1],
        "maxfevals": counted.most,
        "seed": instance,
        "verbose": -9,
        "verb_log": 0,
    }
    cma.fmin2(counted, lambda: rng.uniform(-4, 4, d), 2, options=options, restarts=50, bipop=True)


def cmaes_ipop(counted, d, instance):
    import cmaes

    rng = np.random.RandomState(instance)
    size = None
    while not counted.over():
        optimizer = cmaes.CMA(mean=rng.uniform(-4, 4, d), sigma=2, seed=int(rng.randint(2**31)), population_size=size)
        while not optimizer.should_stop() and not counted.over():
            points = [optimizer.ask() for _ in range(optimizer.population_size)]
            optimizer.tell([(x, counted(x)) for x in points])
        size = 2 * optimizer.population_size


def main(peer, instances):
    warnings.simplefilter("ignore")
    search = {"pycma": pycma, "cmaes": cmaes_ipop}[peer]
    all_solved, everything, all_area = 0, 0, 0.0
    for d in (2, 5, 10):
        for name, value, rotated in bbob.FUNCTIONS:
            solved, area = 0, 0.0
            for instance in range(1, instances + 1):
                counted = Counted(bbob.instance_of(value, rotated, d, instance), 1000 * d)
                search(counted, d, instance)
                solved += counted.lengths[-1] > 0
                area += sum(1 - math.log(n) / math.log(1000 * d) for n in counted.lengths if n)
            area /= instances * len(TARGETS)
            print(f"{name:26s} {d:3d} {solved:3d} of {instances}  area {area:.3f}", flush=True)
            all_solved, everything = all_solved + solved, everything + instances
            all_area += area * instances
    percent = 100 * all_solved / everything
    print(f"solved {all_solved} of {everything} ({percent:.1f} %), area {all_area / everything:.4f}")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("pycma", "cmaes"):
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5)
