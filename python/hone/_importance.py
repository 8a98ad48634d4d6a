# SPDX-License-Identifier: Apache-2.0
"""Importance of parameters, from the engine's own command."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from hone._engine import program
from hone._errors import EngineError, NoResult, NotNow

if TYPE_CHECKING:
    from hone._study import Study

_LONGEST_SECONDS = 120


def importance(study: Study) -> dict[str, float]:
    """See `Study.importance`."""
    if study._engine is None:
        raise NotNow(
            "importance: the server does not serve it; run `hone importance` where its data is"
        )
    study._refresh()
    if not study._stages:
        raise NotNow("importance: no trial has a result yet")
    name = study._stages[-1].name
    run = subprocess.run(
        [program(), "importance", name, "--data-dir", str(study._engine.data_dir), "-o", "json"],
        capture_output=True,
        text=True,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    if "importance needs" in run.stderr:
        raise NoResult(run.stderr.strip())
    if run.returncode != 0:
        raise EngineError(f"hone importance: {run.stderr.strip()}")
    rows = json.loads(run.stdout)["items"]
    shares = {str(row["parameter"]): float(row["importance"]) for row in rows}
    return dict(sorted(shares.items(), key=lambda pair: -pair[1]))
