# SPDX-License-Identifier: Apache-2.0
"""Metrics of a trial that hone started as a job."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime, timezone

from hone._errors import InvalidArgument

_NAME = re.compile(r"[\w-]+\Z")


def report_metrics(*, to: str | None = None, format: str = "text", **metrics: float) -> None:
    """Writes values as the collectors of an experiment read them, as ``report_metrics(loss=0.3)``.

    Args:
        to: The file of a File collector, which is appended to; none: standard output.
        format: "text" or "json", as ``collector`` or ``fileSystemPath.format`` of the experiment
            says. In text a name has letters, digits, ``_`` and ``-``; for others use json:
            ``report_metrics(format="json", **{"val/loss": 0.3})``.
        **metrics: Values by the names of the experiment's metrics.

    Raises:
        InvalidArgument: A name or a format that no collector reads.
    """
    now = datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    numbers = {name: float(value) for name, value in metrics.items()}
    if format == "json":
        text = json.dumps({**numbers, "timestamp": now}) + "\n"
    elif format == "text":
        for name in numbers:
            if not _NAME.match(name):
                raise InvalidArgument(f"{name}: such a name needs format='json'")
        text = "".join(f"{now} {name}={value!r}\n" for name, value in numbers.items())
    else:
        raise InvalidArgument(f"format: must be text or json, not {format!r}")
    if to is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    with open(to, "a", encoding="utf-8") as file:
        file.write(text)
