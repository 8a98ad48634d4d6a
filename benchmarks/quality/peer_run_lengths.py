# SPDX-License-Identifier: Apache-2.0
"""pycma with BIPOP restarts on the functions of run_lengths.cpp, in the same format.

python3 benchmarks/quality/peer_pycma.py [instances]   (needs numpy and cma)

As in BBOB, pycma starts each run uniformly in [-4, 4]^d with sigma 2 and knows no bounds.
"""

import math
import sys
import warnings

import cma
import numpy as np

INSTANCES = int(sys.argv[1]) if len(sys.argv) > 1 else 5
TARGETS = [10.0 ** (2 - k) for k in range(11)]
PHI = (1 + math.sqrt(5)) / 2


def fraction(x):
    return x - math.floor(x)


def shift(d, instance):
    step = (instance + 3) * 0.7548776662466927
    return np.array([-4 + 8 * fraction(instance * PHI + step * (i + 1)) for i in range(d)])


def rotation(d, instance):
    q = np.zeros((d, d))
    for c in range(d):
        for r in range(d):
            q[r, c] = fraction(1e4 * math.sin((1 + r + c * d) * 12.9898 + instance * 78.233)) - 0.5
        for b in range(c):
            q[:, c] -= q[:, b].dot(q[:, c]) * q[:, b]
        q[:, c] /= np.linalg.norm(q[:, c])
    return q


def share(d):
    return np.arange(d) / max(d - 1, 1)


def rosenbrock(z):
    y = max(1.0, math.sqrt(len(z)) / 8) * z + 1
    return np.sum(100 * (y[:-1] ** 2 - y[1:]) ** 2 + (y[:-1] - 1) ** 2)


def schaffers(z):
    s = np.hypot(z[:-1], z[1:])
    return np.mean(np.sqrt(s) * (1 + np.sin(50 * s**0.2) ** 2)) ** 2


def ackley(z):
    waves = np.mean(np.cos(2 * np.pi * z))
    return -20 * np.exp(-0.2 * math.sqrt(np.mean(z * z))) - np.exp(waves) + 20 + math.e


def ellipsoid(z):
    return np.sum(1e6 ** share(len(z)) * z * z)


def rastrigin(z):
    return z.dot(z) + 10 * np.sum(1 - np.cos(2 * np.pi * z))


FUNCTIONS = [
    ("sphere", lambda z: z.dot(z), False),
    ("ellipsoid", ellipsoid, False),
    ("ellipsoid-rotated", ellipsoid, True),
    ("rosenbrock", rosenbrock, False),
    ("rosenbrock-rotated", rosenbrock, True),
    ("rastrigin", rastrigin, False),
    ("rastrigin-rotated", rastrigin, True),
    ("bent-cigar-rotated", lambda z: z[0] ** 2 + 1e6 * np.sum(z[1:] ** 2), True),
    (
        "different-powers-rotated",
        lambda z: math.sqrt(np.sum(np.abs(z) ** (2 + 4 * share(len(z))))),
        True,
    ),
    ("discus-rotated", lambda z: 1e6 * z[0] ** 2 + np.sum(z[1:] ** 2), True),
    ("sharp-ridge-rotated", lambda z: z[0] ** 2 + 100 * np.linalg.norm(z[1:]), True),
    ("ackley-rotated", ackley, True),
    ("schaffers-rotated", schaffers, True),
]


def run_lengths(value, rotated, d, instance):
    """Evaluations to each target; 0: not reached."""
    offset = shift(d, instance)
    turn = rotation(d, instance) if rotated else np.eye(d)
    lengths = [0] * len(TARGETS)
    used = 0

    def evaluate(x):
        nonlocal used
        result = float(value(turn.dot(np.asarray(x) - offset)))
        used += 1
        if used <= 1000 * d:
            for k, target in enumerate(TARGETS):
                if not lengths[k] and result <= target:
                    lengths[k] = used
        return result

    rng = np.random.RandomState(instance)
    options = {
        "ftarget": 1e-8,
        "maxfevals": 1000 * d,
        "seed": instance,
        "verbose": -9,
        "verb_log": 0,
    }
    cma.fmin2(
        evaluate, lambda: rng.uniform(-4, 4, d), 2, options=options, restarts=50, bipop=True
    )
    return lengths


def main():
    warnings.simplefilter("ignore")
    all_solved, everything, all_area = 0, 0, 0.0
    for d in (2, 5, 10):
        for name, value, rotated in FUNCTIONS:
            solved, area = 0, 0.0
            for instance in range(1, INSTANCES + 1):
                lengths = run_lengths(value, rotated, d, instance)
                solved += lengths[-1] > 0
                area += sum(1 - math.log(n) / math.log(1000 * d) for n in lengths if n)
            area /= INSTANCES * len(TARGETS)
            print(f"{name:26s} {d:3d} {solved:3d} of {INSTANCES}  area {area:.3f}", flush=True)
            all_solved, everything = all_solved + solved, everything + INSTANCES
            all_area += area * INSTANCES
    percent = 100 * all_solved / everything
    print(f"solved {all_solved} of {everything} ({percent:.1f} %), area {all_area / everything:.4f}")


if __name__ == "__main__":
    main()
