# SPDX-License-Identifier: Apache-2.0
"""GetSuggestions with 1,000 and 10,000 trials in the request, beside the parsing of the request.

    suggestions.py BUILD

Prints one JSON object for each algorithm and number of trials.
"""

import json
import pathlib
import sys
import tempfile

import servers

ALGORITHMS = ("random", "sobol", "tpe")
TRIALS = (1000, 10000)


def main() -> None:
    build = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with servers.hone([str(build / "bin/hone"), "suggestion"], folder) as (address, _):
            for algorithm in ALGORITHMS:
                for trials in TRIALS:
                    run = servers.measure(build / "benchmarks/suggestions", address, algorithm, trials, 21)
                    run["benchmark"] = "get_suggestions"
                    run["ratio_to_parsing"] = round(run["ms"] / run["parse_ms"], 2)
                    print(json.dumps(run), flush=True)


if __name__ == "__main__":
    main()
