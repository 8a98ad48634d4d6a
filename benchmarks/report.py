# SPDX-License-Identifier: Apache-2.0
"""Turns the measurements of one run into the table of docs/benchmarks.md: figures, ratios, targets.

    report.py RESULTS.jsonl
"""

import json
import os
import platform
import subprocess
import sys


def machine() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True, check=False)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return (
        f"{os.cpu_count()} x {names[0] if names else platform.machine()}, Linux {platform.release().split('-')[0]}, "
        f"g++ {compiler.stdout.strip()}, Release, commit {commit.stdout.strip()}"
    )


def parser_rows(one: dict) -> list:
    """The collector's parsers beside their peers."""
    peers = {
        "python_re": "Python's re, same filter",
        "grep_o": "grep -oE, same filter",
        "grep_c": "grep -cE, which only counts lines",
        "python_json": "Python's json",
    }
    logs = {
        "parse_text_dense": "TEXT, values on every line",
        "parse_text_chat": "TEXT, values on every 20th line",
        "parse_json": "JSON lines",
    }
    rows = []
    for benchmark, log in logs.items():
        run = one[benchmark]
        rows.append((f"{log}: MB a second", f"{run['hone_mb_s']:.0f}", "-"))
        for peer, name in peers.items():
            peer_mb_s = run.get(f"{peer}_mb_s")
            if peer_mb_s:
                ratio = f"{run['hone_mb_s'] / peer_mb_s:.2f}"
                rows.append((f"... as a ratio to {name} ({peer_mb_s:.0f} MB a second)", ratio, "-"))
    return rows


def event_rows(run: dict) -> list:
    """Event files beside the tensorboard package: its bare reader, and the one that its pages use."""
    return [
        ("event files: MB a second", f"{run['hone_mb_s']:.0f}", "-"),
        (f"... as a ratio to tensorboard's reader ({run['tensorboard_mb_s']:.1f} MB a second)", f"{run['ratio']:.1f}", "20"),
        (
            f"... with what it makes of old summaries ({run['tensorboard_migrated_mb_s']:.1f} MB a second)",
            f"{run['ratio_migrated']:.1f}",
            "-",
        ),
    ]


def local_rows(runs: list) -> list:
    rows = []
    for run in runs:
        at_once = f"{run['in_flight']} at a time"
        rows.append((f"local trials a second, real processes, {at_once}", f"{run['trials_per_second']:.0f}", "-"))
        rows.append(("... as a ratio to the bare loop", f"{run['ratio_to_bare_loop']:.2f}", "0.7"))
    return rows


def latency_rows(run: dict | None) -> list[tuple[str, str, str]]:
    if run is None:  # results of before there was the benchmark
        return []
    return [
        (f"from a printed line to its row, {run['trials']} trials, p50 ms", f"{run['p50_ms']:.0f}", "-"),
        ("... p99 ms", f"{run['p99_ms']:.0f}", "<= 50"),
    ]


def stop_rows(run: dict | None) -> list[tuple[str, str, str]]:
    if run is None:  # results of before there was the benchmark
        return []
    return [
        (f"from a printed value to the stop signal, {run['trials']} trials, p50 ms", f"{run['p50_ms']:.0f}", "-"),
        ("... p99 ms", f"{run['p99_ms']:.0f}", "<= 50"),
    ]


def main() -> None:
    runs = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
    engine = [run for run in runs if run["benchmark"] == "engine_throughput"]
    small, large = engine[0], engine[-1]
    one = {run["benchmark"]: run for run in runs}
    sqlite, memory = one["optuna_sqlite"], one["optuna_memory"]
    validate = one["validate"]
    rows = [
        ("durable no-op trials a second", f"{small['trials_per_second']:.0f}", "5000"),
        (f"... over {large['trials']}", f"{large['trials_per_second']:.0f}", "5000"),
        (
            f"... as a ratio to Optuna {sqlite['version']} with SQLite ({sqlite['trials_per_second']:.0f} a second)",
            f"{small['trials_per_second'] / sqlite['trials_per_second']:.1f}",
            "20",
        ),
        (
            f"... as a ratio to Optuna in memory, nothing durable ({memory['trials_per_second']:.0f} a second)",
            f"{small['trials_per_second'] / memory['trials_per_second']:.2f}",
            "-",
        ),
        (
            f"... as a ratio to the disk's commits of one row ({small['disk_commits_per_second']:.0f} a second)",
            f"{small['trials_per_second'] / small['disk_commits_per_second']:.2f}",
            "-",
        ),
        ("events a trial in the ledger", f"{small['events_per_trial']:.2f}", "-"),
        (
            f"cost a trial, last tenth of {large['trials']} over the first",
            f"{large['last_tenth_over_first']:.2f}",
            "<= 1.5",
        ),
        (f"peak memory with {large['trials']} trials, MB", f"{large['peak_memory_mb']:.0f}", "< 400"),
        (f"seconds to load {large['trials']} trials again", f"{large['reload_seconds']:.2f}", "-"),
        *local_rows([run for run in runs if run["benchmark"] == "local_trials"]),
        ("hone validate, median ms", f"{validate['median_ms']:.1f}", "< 30"),
        *parser_rows(one),
        *event_rows(one["event_files"]),
        (f"rows a second from {one['ingest']['trials']} running trials", f"{one['ingest']['rows_per_second']}", "-"),
        (
            f"... as a ratio to bare SQLite from Python ({one['ingest']['sqlite_rows_per_second']} a second)",
            f"{one['ingest']['ratio_to_sqlite']:.2f}",
            "-",
        ),
        *latency_rows(one.get("line_latency")),
        *stop_rows(one.get("stop_latency")),
    ]
    print(f"Measured on {machine()}.\n")
    print("| what | figure | target |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
