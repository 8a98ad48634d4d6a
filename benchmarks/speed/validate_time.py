# SPDX-License-Identifier: Apache-2.0
"""Wall time of `hone validate FILE`, start to end, over 50 runs. Prints one JSON object.

    validate_time.py HONE FILE
"""

import json
import statistics
import subprocess
import sys
import time

RUNS = 50


def main() -> None:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([sys.argv[1], "validate", sys.argv[2]], check=True, capture_output=True)
        times.append(1000 * (time.perf_counter() - start))
    print(
        json.dumps(
            {
                "benchmark": "validate",
                "runs": RUNS,
                "median_ms": statistics.median(times),
                "max_ms": max(times),
            }
        )
    )


if __name__ == "__main__":
    main()
