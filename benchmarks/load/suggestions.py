# SPDX-License-Identifier: Apache-2.0
"""GetSuggestions with 1,000 and 10,000 trials in the request, beside the parsing of the request.

    suggestions.py BUILD

Prints one JSON object for each algorithm and number of trials: processor time of the whole server for one call, and of a
parse of the request, which do not depend on what else the machine does.
"""

import json
import pathlib
import sys
import tempfile

import servers

ALGORITHMS = ("random", "sobol", "tpe")
TRIALS = (1000, 10000)
CALLS = 21


def main() -> None:
    build = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with servers.hone([str(build / "bin/hone"), "suggestion"], folder) as (address, pid):
            for algorithm in ALGORITHMS:
                for trials in TRIALS:
                    client = build / "benchmarks/suggestions"
                    before = servers.processor_ms(pid)
                    servers.measure(client, address, algorithm, trials, 1)  # it is known from here on
                    known = servers.processor_ms(pid)
                    run = servers.measure(client, address, algorithm, trials, CALLS)
                    run["server_cpu_ms"] = round((servers.processor_ms(pid) - known) / CALLS, 2)
                    run["server_cpu_first_ms"] = round(known - before, 2)
                    run["benchmark"] = "get_suggestions"
                    run["ratio_to_parsing"] = round(run["server_cpu_ms"] / run["parse_ms"], 2)
                    print(json.dumps(run), flush=True)


if __name__ == "__main__":
    main()
