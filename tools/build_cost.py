#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Processor seconds that a build takes without a compiler cache, by folder.

tools/build_cost.py build/asan base_tests core_tests   what these targets need; without: everything
tools/build_cost.py --every 4 build                    compiles each fourth file of a folder, and
                                                       estimates the rest

Compiles again what a complete build was made of, one file at a time, into a temporary folder. User
and system time, so that a busy machine matters little.
"""

import argparse
import collections
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path


def needed(build: Path, targets: list[str]) -> set[str] | None:
    """The object files behind the targets; None for all of them."""
    if not targets:
        return None
    inputs = subprocess.run(
        ["ninja", "-C", build, "-t", "inputs", *targets], check=True, capture_output=True, text=True
    )
    return {line for line in inputs.stdout.splitlines() if line.endswith((".o", ".gch", ".pch"))}


def compilations(build: Path, targets: list[str]) -> dict[str, list[tuple[str, str]]]:
    """Of each folder: (object, command without the cache); precompiled headers by themselves."""
    wanted = needed(build, targets)
    folders = collections.defaultdict(list)
    for entry in json.loads((build / "compile_commands.json").read_text()):
        command = re.sub(r"^\S+ -E env (\w+=\S+ )*(\S*/ccache )?", "", entry["command"])
        made = re.search(r" -o (\S+)", command)[1]
        if wanted is None or made in wanted:
            folder = made.split("/CMakeFiles/")[0]
            parts = folder.split("/")
            folder = "/".join(parts[: 2 if parts[0] == "tests" else 1])
            folders["precompiled headers" if "cmake_pch" in made else folder].append(
                (made, command)
            )
    return folders


def seconds(build: Path, made: str, command: str, scratch: str) -> float:
    """User and system time of one compilation."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = os.path.join(scratch, "object.o")
    ran = subprocess.run(
        command.replace(f" -o {made}", f" -o {output}"),
        shell=True,
        cwd=build,
        capture_output=True,
        text=True,
    )
    if ran.returncode != 0:
        sys.exit(
            f"build_cost: {made} does not compile; is the build complete?\n{ran.stderr[:2000]}"
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints a row for each folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--every", type=int, default=1, help="compile one of so many files of a folder"
    )
    parser.add_argument("--files", action="store_true", help="say what each file takes")
    parser.add_argument("build", type=Path)
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_args()

    whole = 0.0
    print(f"{'folder':24} {'files':>5} {'compiled':>8} {'seconds':>8}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for folder, files in sorted(compilations(arguments.build, arguments.targets).items()):
            sample = files[arguments.every // 2 :: arguments.every] or files[:1]
            taken = 0.0
            for made, command in sample:
                one = seconds(arguments.build, made, command, scratch)
                taken += one
                if arguments.files:
                    print(f"  {one:6.1f} {made}", flush=True)
            estimate = taken / len(sample) * len(files)
            whole += estimate
            print(f"{folder:24} {len(files):5} {len(sample):8} {estimate:8.0f}", flush=True)
    print(f"{'all':24} {'':5} {'':8} {whole:8.0f}")


if __name__ == "__main__":
    main()
