#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzzer, as many at once as there are processors, and fails if one finds something.
#   tests/fuzz/run.sh FOLDER SECONDS [NAME...]     FOLDER: of the fuzzers, such as build/fuzz/tests
# What is found is kept as FOLDER/NAME-crash-*; put it into tests/fuzz/corpus/NAME once it is mended.
# New inputs of interest are collected in FOLDER/NAME-corpus, beside the ones of the repository.
set -euo pipefail

readonly kFuzzers=$(cd "$1" && pwd)
readonly kSeconds=$2
shift 2
cd "$(dirname "$0")"

fuzz_one() {
  local fuzzers=$1 seconds=$2 name=$3
  local log=$fuzzers/$name.log options=(-seed=1 -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -timeout=25
    -print_final_stats=1 -artifact_prefix="$fuzzers/$name-")
  [ ! -f "dictionaries/$name.dict" ] || options+=(-dict="dictionaries/$name.dict")
  mkdir -p "$fuzzers/$name-corpus"
  if ! "$fuzzers/${name}_fuzz" "${options[@]}" "$fuzzers/$name-corpus" "corpus/$name" >"$log" 2>&1; then
    tail -n 60 "$log"
    echo "fuzz: $name found something; see above and $name-*" >&2
    return 1
  fi
  awk -v name="$name" '/cov:/ {for (i = 1; i < NF; ++i) if ($i == "cov:") cov = $(i + 1)}
    /number_of_executed_units/ {runs = $2} /average_exec_per_sec/ {rate = $2} /peak_rss_mb/ {rss = $2}
    END {printf "fuzz: %-12s %9d inputs, %6d a second, %5d edges, %4d MB\n", name, runs, rate, cov, rss}' "$log"
}
export -f fuzz_one

if [ "$#" -eq 0 ]; then
  for file in *_fuzz.cpp; do
    set -- "$@" "${file%_fuzz.cpp}"
  done
fi
printf '%s\n' "$@" | xargs -d '\n' -P "$(nproc)" -I '{}' bash -c 'fuzz_one "$@"' - "$kFuzzers" "$kSeconds" '{}'
