# SPDX-License-Identifier: Apache-2.0
# Everything a person or CI does with hone: `make help`.
JOBS ?= $(shell nproc)
EXPERIMENT ?= examples/digits/experiment.yaml
QUALITY ?= hone:random hone:sobol hone:tpe hone:multivariate-tpe hone:bayesianoptimization
RUN_DATA := build/run-data

.DEFAULT_GOAL := build
.PHONY: help setup configure build test run bench quality lint clean

help:
	@echo 'make setup   install the packages that hone needs (Debian, Ubuntu); quick when nothing is missing'
	@echo 'make build   build the programs into build/bin'
	@echo 'make run     build, then tune the example (EXPERIMENT=$(EXPERIMENT))'
	@echo 'make test    build everything and run all tests'
	@echo 'make bench   build the benchmarks and run them'
	@echo 'make quality compare the search algorithms, a few minutes (docs/quality.md)'
	@echo 'make lint    clang-format, clang-tidy on what changed, licence lines (LINT_BASE=commit, LINT_ALL=1)'
	@echo 'make clean   remove build/'
	@echo 'JOBS=n       how many jobs at once (default: one per processor)'

setup:
	@tools/setup.sh

configure: setup
	@cmake --preset release

build: configure
	@cmake --build build --target programs -j $(JOBS)

test: configure
	@tools/setup.sh --test
	@cmake --build build -j $(JOBS)
	@ctest --test-dir build --output-on-failure -j $(JOBS)

# Each run gets a data folder of its own, so that the same experiment can be run again.
run: build
	@mkdir -p $(RUN_DATA)
	@build/bin/hone run $(EXPERIMENT) --data-dir "$$(mktemp -d $(CURDIR)/$(RUN_DATA)/XXXXXX)"

bench: setup
	@tools/setup.sh --bench
	@cmake --preset release -DHONE_BENCHMARKS=ON
	@cmake --build build --target programs benchmarks -j $(JOBS)
	@benchmarks/run.sh

# Two seeds of the tasks without their variants, beside the kept runs of the peers.
quality: setup
	@cmake --preset release -DHONE_BENCHMARKS=ON
	@cmake --build build --target ask_tell -j $(JOBS)
	@/usr/bin/python3 benchmarks/quality/quality.py --variants base --seeds 2 --kept-peers \
	  --algorithms $(QUALITY) optuna:tpe optuna:multivariate-tpe optuna:gp --against optuna:multivariate-tpe optuna:gp

# clang-tidy looks at each file by itself.
lint: setup
	@cmake --preset release -DHONE_UNITY=OFF
	@tools/setup.sh --lint
	@JOBS=$(JOBS) tools/lint.sh

clean:
	@rm -rf build
