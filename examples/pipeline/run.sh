#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts a script beside this one with the first Python that has scikit-learn: $PYTHON, the one on the PATH, or the
# system's.
folder=$(dirname -- "$0")
script=$1
shift
for python in "${PYTHON:-python3}" python3 /usr/bin/python3; do
  if "$python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("sklearn") is None)' 2>/dev/null; then
    exec "$python" "$folder/$script" "$@"
  fi
done
echo "run.sh: no Python with scikit-learn found; install python3-sklearn or set PYTHON" >&2
exit 1
