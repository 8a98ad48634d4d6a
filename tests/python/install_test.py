# SPDX-License-Identifier: Apache-2.0
"""What users install: the package in an environment of its own, the unit of systemd."""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

from support import DEADLINE

ROOT = pathlib.Path(__file__).resolve().parents[2]

STUDY = """
import hone
study = hone.create_study(direction="minimize", name="clean", data_dir="data")
study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=5)
print(len(study.trials), hone.__file__)
"""


class InstallTest(unittest.TestCase):
    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(os.path.realpath(holder.name))

    def run_there(self, *command: object) -> subprocess.CompletedProcess:
        """In the folder, without what the tests' own environment says of Python."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        words = [str(word) for word in command]
        return subprocess.run(
            words, cwd=self.folder, env=clean, capture_output=True, text=True, check=False
        )

    def test_pip_installs_the_package_into_an_empty_environment(self):
        shutil.copytree(ROOT / "python", self.folder / "source")  # pip leaves files beside it
        made = self.run_there(sys.executable, "-m", "venv", "venv")
        if made.returncode != 0:
            self.skipTest(f"this Python makes no environments: {made.stdout}{made.stderr}")
        python = self.folder / "venv/bin/python"
        installed = self.run_there(python, "-m", "pip", "install", "--quiet", "./source")
        # pip fetches setuptools to build with.
        if "No matching distribution found for setuptools" in installed.stderr:
            self.skipTest("pip reaches no package index")
        self.assertEqual(installed.returncode, 0, installed.stderr)
        study = self.run_there(python, "-c", STUDY)
        self.assertEqual(study.returncode, 0, study.stderr)
        trials, place = study.stdout.split()
        self.assertEqual(trials, "5")
        self.assertTrue(place.startswith(str(self.folder / "venv")), place)

    def unit(self) -> str:
        """The unit with the program that was built, which has no manual page here."""
        text = (ROOT / "examples/systemd/hone.service").read_text(encoding="utf-8")
        self.assertIn("ExecStart=/usr/bin/hone serve", text)
        program = os.path.realpath(os.environ["HONE_PROGRAM"])
        text = text.replace("/usr/bin/hone", program)
        return "".join(line for line in text.splitlines(True) if "Documentation=" not in line)

    def test_systemd_takes_the_unit(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("there is no systemd-analyze")
        unit = self.folder / "hone.service"
        unit.write_text(self.unit(), encoding="utf-8")
        verified = self.run_there("systemd-analyze", "verify", unit)
        self.assertEqual(verified.returncode, 0, verified.stderr)
        self.assertNotIn("hone.service", verified.stderr)  # warnings end with 0
        broken = self.folder / "broken.service"
        broken.write_text(self.unit().replace("Restart=", "Restrat="), encoding="utf-8")
        self.assertIn("Restrat", self.run_there("systemd-analyze", "verify", broken).stderr)

    def test_the_command_of_the_unit_serves_until_TERM(self):
        line = next(each for each in self.unit().splitlines() if each.startswith("ExecStart="))
        words = shlex.split(line.removeprefix("ExecStart="))
        for place in ("/var/lib/hone", "/run/hone"):
            self.assertTrue(any(place in word for word in words), place)
            words = [word.replace(place, str(self.folder)) for word in words]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as daemon:
            self.assertIn(b"listening on unix:", daemon.stdout.readline())
            daemon.terminate()
            self.assertEqual(daemon.wait(DEADLINE), 0)


if __name__ == "__main__":
    unittest.main()
