#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the benchmarks and prints their figures as ratios to a peer or a limit taken in the same run.
#   benchmarks/run.sh [FOLDER]   FOLDER: on the disk to measure (default: build/bench-data)
# Each line of build/benchmarks/results.jsonl is one measurement. Nothing else should load the machine.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly kFolder=${1:-build/bench-data}
readonly kResults=build/benchmarks/results.jsonl
readonly kPython=build/bench-venv/bin/python
mkdir -p "$kFolder"
: >"$kResults"

measure() {
  echo "bench: $*" >&2
  "$@" | tee -a "$kResults" >&2
}

measure build/benchmarks/engine_throughput 10000 64 "$kFolder"
measure build/benchmarks/engine_throughput 100000 64 "$kFolder"
for in_flight in 4 8; do
  sleep 40 # ext4 looks for a while at inodes that were deleted, before it gives them out again
  measure build/benchmarks/local_trials 1000 "$in_flight" "$kFolder"
done
measure "$kPython" benchmarks/speed/peer_optuna.py sqlite 500 "$kFolder"
measure "$kPython" benchmarks/speed/peer_optuna.py memory 10000 "$kFolder"
measure python3 benchmarks/speed/validate_time.py build/bin/hone examples/digits/experiment.yaml
measure python3 benchmarks/speed/parsers.py build/benchmarks/parse_log "$kFolder"
measure "$kPython" benchmarks/speed/event_files.py build/benchmarks/parse_log "$(mktemp -d -p "$kFolder")"
measure python3 benchmarks/speed/ingest.py build/bin/hone "$(mktemp -d -p "$kFolder")"
measure python3 benchmarks/speed/line_latency.py build/bin/hone "$(mktemp -d -p "$kFolder")"
measure python3 benchmarks/speed/stop_latency.py build/bin/hone "$(mktemp -d -p "$kFolder")"
python3 benchmarks/report.py "$kResults"
