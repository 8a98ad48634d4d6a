# SPDX-License-Identifier: Apache-2.0
"""Live progress of `optimize`: a line on stderr, or a table that a notebook renews."""

from __future__ import annotations

import html
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hone._stages import Outcome
    from hone._study import Study
    from hone._trial import Trial

_SHOWN = 8


class Progress:
    """Of one call of `optimize`."""

    def __init__(self, study: Study, n_trials: int | None) -> None:
        self._study = study
        self._goal = "" if n_trials is None else f"/{n_trials}"
        self._done = 0
        self._best: float | None = None
        self._rows: list[tuple[str, str, str]] = []
        self._handle: Any = None
        if _in_notebook():
            from IPython.display import HTML, display

            self._html = HTML
            self._handle = display(HTML("..."), display_id=True)

    def told(self, trial: Trial, outcome: Outcome) -> None:
        """One more is over."""
        self._done += 1
        value = "-" if outcome.values is None else ", ".join(f"{v:.6g}" for v in outcome.values)
        if outcome.values is not None and len(outcome.values) == 1:
            mine = outcome.values[0]
            better = min if self._study.directions[0] == "minimize" else max
            self._best = mine if self._best is None else better(self._best, mine)
        self._rows.append((outcome.state.lower(), value, _short(trial.params)))
        if self._handle is not None:
            self._handle.update(self._html(self._table()))
            return
        ends = "\r" if sys.stderr.isatty() else "\n"
        print(f"{self._line()}: {value}", end=ends, file=sys.stderr, flush=True)

    def finish(self) -> None:
        """Leaves the line."""
        if self._handle is None and sys.stderr.isatty() and self._done > 0:
            print(file=sys.stderr)

    def _line(self) -> str:
        best = "" if self._best is None else f", best {self._best:.6g}"
        return f"{self._study.name}: {self._done}{self._goal} trials{best}"

    def _table(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows[-_SHOWN:]
        )
        return f"{html.escape(self._line())}<table>{rows}</table>"


def _short(params: dict[str, Any]) -> str:
    return " ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in params.items()
    )


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"
