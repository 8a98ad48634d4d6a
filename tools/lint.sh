#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Formatting of every C++ file, types and style of the Python client, the licence line of every source file, and
# clang-tidy on what changed.
#   LINT_BASE=COMMIT  changed since when (default: where this branch left origin/main, else the last commit)
#   LINT_ALL=1        clang-tidy on everything
#   JOBS=N            how many at once (default: one per processor)
# Needs build/tools (tools/setup.sh --lint) and a configured build/ (make configure).
set -euo pipefail
cd "$(dirname "$0")/.."

readonly kFormat=build/tools/bin/clang-format
readonly kTidy=build/tools/bin/clang-tidy
readonly kBuild=build
readonly kJobs=${JOBS:-$(nproc)}
failed=0

# Tracked files and new ones, without those deleted in the working tree.
source_files() {
  git ls-files --cached --others --exclude-standard -- "$@" | sort -u |
    while IFS= read -r file; do [ ! -f "$file" ] || printf '%s\n' "$file"; done
}

say() { echo "lint: $*" >&2; }

check_format() {
  if ! source_files '*.h' '*.cpp' '*.cu' | xargs -d '\n' -r -P "$kJobs" -n 40 "$kFormat" --dry-run -Werror; then
    say "the files above are not formatted: $kFormat -i FILE"
    failed=1
  fi
}

check_licence() {
  local file
  while IFS= read -r file; do
    if ! head -n 2 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0'; then
      say "$file: no SPDX line at its top"
      failed=1
    fi
  done < <(source_files '*.h' '*.cpp' '*.cu' '*.c' '*.cmake' '*CMakeLists.txt' '*Makefile' '*.sh' '*.py' '*.sql' '*.proto' \
    '*.ts' '*.tsx' .ci/run)
}

# The client's types and style; its tests have the style alone.
check_python() {
  local tools=$PWD/build/tools/bin
  if ! (cd python && "$tools/ruff" check --quiet . ../tests/python && "$tools/ruff" format --check --quiet . ../tests/python &&
    "$tools/mypy" --no-error-summary); then
    say "python: see above; build/tools/bin/ruff format FILE mends the layout"
    failed=1
  fi
}

base_commit() {
  if [ -n "${LINT_BASE:-}" ]; then
    git rev-parse --verify --quiet "$LINT_BASE^{commit}" && return
    say "LINT_BASE=$LINT_BASE is not a commit here; taking the default"
  fi
  local base
  base=$(git merge-base origin/main HEAD 2>/dev/null || true)
  if [ -n "$base" ] && [ "$base" != "$(git rev-parse HEAD)" ]; then
    echo "$base"
  else
    git rev-parse --verify --quiet HEAD~1 || git hash-object -t tree /dev/null
  fi
}

# What to look at for a changed header: the source of the same name, else one source that includes it.
source_of_header() {
  local header=$1
  if [ -f "${header%.h}.cpp" ]; then
    echo "${header%.h}.cpp"
  else
    source_files '*.cpp' | xargs -d '\n' -r grep -lF "#include \"$header\"" | head -n 1 || true
  fi
}

changed_sources() {
  local file
  {
    git diff --name-only --diff-filter=d "$(base_commit)"
    git ls-files --others --exclude-standard
  } | sort -u | while IFS= read -r file; do
    case "$file" in
      *.cpp) echo "$file" ;;
      *.h) source_of_header "$file" ;;
    esac
  done | sort -u
}

# Only what the build knows how to compile.
known_sources() {
  local file
  while IFS= read -r file; do
    ! grep -qF "\"file\": \"$PWD/$file\"" "$kBuild/compile_commands.json" || echo "$file"
  done
}

tidy_one() {
  local output
  # g++ made the precompiled headers of the tests; clang reads what they are made of.
  if ! output=$("$1" -p "$2" --quiet --extra-arg=-Wno-ignored-gch "$3" 2>/dev/null); then
    printf '%s\n' "$output"
    echo "lint: clang-tidy: $3" >&2
    return 1
  fi
}
export -f tidy_one

check_tidy() {
  local sources
  if [ "${LINT_ALL:-0}" = 1 ]; then
    mapfile -t sources < <(source_files '*.cpp' | known_sources)
  else
    mapfile -t sources < <(changed_sources | known_sources)
  fi
  say "clang-tidy on ${#sources[@]} files"
  if [ "${#sources[@]}" -gt 0 ] &&
    ! printf '%s\n' "${sources[@]}" |
      xargs -d '\n' -P "$kJobs" -I '{}' bash -c 'tidy_one "$@"' - "$kTidy" "$kBuild" '{}'; then
    failed=1
  fi
}

check_format
check_licence
check_python
check_tidy
if [ "$failed" -ne 0 ]; then
  say "failed"
  exit 1
fi
say "ok"
