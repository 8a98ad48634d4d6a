#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a Python program with the first Python that has gRPC: yours, or the system's (Debian: python3-grpcio).
for python in python3 /usr/bin/python3; do
  if "$python" -c 'import grpc' 2>/dev/null; then
    exec "$python" "$@"
  fi
done
echo "no Python with gRPC; install the package grpcio or Debian's python3-grpcio" >&2
exit 1
