# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Python client share: a folder, other processes, and waiting."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import hone

DEADLINE = 60.0


def eventually(condition, what: str) -> None:
    """Waits until the condition holds."""
    until = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not in {DEADLINE} s: {what}")
        time.sleep(0.02)


def engines_of(folder: str) -> list[int]:
    """The processes of `hone serve` for a data folder."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and b"serve" in words and os.fsencode(folder) in words:
            found.append(int(entry.name))
    return found


def script(text: str, *arguments: str) -> subprocess.Popen:
    """Another Python process that runs a text."""
    return subprocess.Popen(
        [sys.executable, "-c", text, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Daemon:
    """A `hone serve` of its own."""

    def __init__(self, folder: str, *options: str) -> None:
        self.process = subprocess.Popen(
            [
                os.environ["HONE_PROGRAM"],
                *("serve", "--data-dir", folder),
                *("--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"),
                *options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        line = self.process.stdout.readline()
        self.address = "http://" + line.removeprefix("HTTP on ").strip()

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(DEADLINE)
        self.process.stdout.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE)


class FolderTest(unittest.TestCase):
    """With a data folder that is empty for each class."""

    @classmethod
    def setUpClass(cls) -> None:
        cls._folder = tempfile.TemporaryDirectory()
        cls.folder = os.path.realpath(cls._folder.name)
        cls.addClassCleanup(cls._folder.cleanup)
        # One engine for all studies of the class.
        cls.keeper = hone.create_study(name="keeper", data_dir=cls.folder)
        cls.addClassCleanup(cls.keeper.close)

    def study(self, *args, **options) -> hone.Study:
        made = hone.create_study(*args, data_dir=self.folder, **options)
        self.addCleanup(made.close)
        return made
