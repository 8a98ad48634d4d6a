# SPDX-License-Identifier: Apache-2.0
"""The collector's parsers beside grep -E and Python over the same logs. Prints one JSON object for each log.

    parsers.py PARSE_LOG FOLDER
"""

import json
import pathlib
import random
import re
import subprocess
import sys
import time

MEGABYTES = 16
RUNS = 3
METRICS = ["accuracy", "loss"]
# The default filter, and the same in grep's dialect.
FILTER = r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)"
GREP_FILTER = r"([[:alnum:]_|-]+)\s*=\s*([+-]?[0-9]*(\.[0-9]+)?([Ee][+-]?[0-9]+)?)"


def text_line(rng: random.Random, step: int) -> str:
    return f"2026-01-02T03:04:05Z step={step} accuracy={rng.random():.6f} loss={rng.expovariate(1):.6e} lr = 0.001\n"


def chat_line(rng: random.Random, step: int) -> str:
    if step % 20 == 0:
        return text_line(rng, step)
    return f"[{step:07d}/1000000] {rng.randrange(100)}% |{'#' * (step % 40):40}| {rng.random():.2f}s/it eta={step % 60}s\n"


def json_line(rng: random.Random, step: int) -> str:
    return json.dumps(
        {
            "timestamp": 1760000000 + step,
            "step": step,
            "accuracy": rng.random(),
            "loss": f"{rng.expovariate(1):.6f}",
            "phase": "train",
            "lr": 0.001,
        }
    ) + "\n"


def write_log(file: pathlib.Path, make) -> None:
    rng = random.Random(1)
    size = step = 0
    with file.open("w", encoding="ascii") as out:
        while size < MEGABYTES * 1_000_000:
            size += out.write(make(rng, step))
            step += 1


def best(run) -> tuple[float, int]:
    """The shortest of some runs, and what they counted."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        count = run()
        times.append(time.perf_counter() - start)
    return min(times), count


def hone(program: str, form: str, file: pathlib.Path) -> tuple[float, int]:
    runs = [
        json.loads(subprocess.run([program, form, file, *METRICS], check=True, capture_output=True).stdout)
        for _ in range(RUNS)
    ]
    return min(run["seconds"] for run in runs), runs[0]["records"]


def python_re(file: pathlib.Path) -> int:
    pattern = re.compile(FILTER, re.ASCII)
    count = 0
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if any(metric in line for metric in METRICS):
                count += sum(found[0] in METRICS for found in pattern.findall(line))
    return count


def python_json(file: pathlib.Path) -> int:
    count = 0
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            values = json.loads(line)
            count += sum(metric in values for metric in METRICS)
    return count


def grep(file: pathlib.Path, *options: str) -> int:
    # Through a pipe: into /dev/null grep stops at the first match.
    found = subprocess.run(
        ["grep", "-E", *options, GREP_FILTER, file], env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, capture_output=True
    )
    return len(found.stdout)


def measure(program: str, folder: pathlib.Path, name: str, make, form: str, peers) -> None:
    file = folder / f"{name}.log"
    write_log(file, make)
    size = file.stat().st_size / 1e6
    seconds, records = hone(program, form, file)
    result = {"benchmark": f"parse_{name}", "megabytes": size, "records": records, "hone_mb_s": size / seconds}
    for peer, run in peers.items():
        peer_seconds, count = best(lambda: run(file))
        if peer.startswith("python") and count != records:
            sys.exit(f"{name}: hone found {records} values, {peer} {count}")
        result[f"{peer}_mb_s"] = size / peer_seconds
    file.unlink()
    print(json.dumps(result), flush=True)


def main() -> None:
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    text_peers = {
        "grep_o": lambda file: grep(file, "-o"),
        "grep_c": lambda file: grep(file, "-c"),
        "python_re": python_re,
    }
    measure(program, folder, "text_dense", text_line, "TEXT", text_peers)
    measure(program, folder, "text_chat", chat_line, "TEXT", text_peers)
    measure(program, folder, "json", json_line, "JSON", {"python_json": python_json})


if __name__ == "__main__":
    main()
