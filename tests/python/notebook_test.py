# SPDX-License-Identifier: Apache-2.0
"""The notebooks of examples/notebooks in a real kernel."""

from __future__ import annotations

import os
import pathlib
import tempfile
import unittest
from unittest import mock

from support import engines_of, eventually

NOTEBOOKS = pathlib.Path(__file__).resolve().parents[2] / "examples" / "notebooks"


class NotebookTest(unittest.TestCase):
    def test_it_runs_and_shows_progress_and_plots(self):
        try:
            import ipykernel  # noqa: F401
            import matplotlib  # noqa: F401
            import nbformat
            import pandas  # noqa: F401
            import sklearn  # noqa: F401
            from nbclient import NotebookClient
        except ImportError as missing:
            self.skipTest(f"{missing} (tools/setup.sh --test installs it)")
        with tempfile.TemporaryDirectory() as folder:
            folder = os.path.realpath(folder)
            here = {"HONE_DATA_DIR": folder, "NOTEBOOK_TRIALS": "12", "MPLBACKEND": ""}
            with mock.patch.dict(os.environ, here):
                os.environ.pop("MPLBACKEND")
                notebook = nbformat.read(NOTEBOOKS / "tune_digits.ipynb", as_version=4)
                NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
            eventually(lambda: not engines_of(folder), "the engine ends")
        outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
        kinds = [kind for out in outputs for kind in out.get("data", {})]
        self.assertGreaterEqual(kinds.count("image/png"), 4, kinds)
        shown = "".join(out["data"].get("text/html", "") for out in outputs if "data" in out)
        self.assertIn("12/12 trials", shown)
        self.assertIn("best value", shown)
        printed = "".join(out.get("text", "") for out in outputs)
        self.assertIn("of 12 stopped early", printed)
        self.assertFalse([out for out in outputs if out.get("name") == "stderr"], outputs)


if __name__ == "__main__":
    unittest.main()
