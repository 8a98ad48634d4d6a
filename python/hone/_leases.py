# SPDX-License-Identifier: Apache-2.0
"""What the thread does that renews leases."""

from __future__ import annotations

import contextlib
import threading
import weakref
from typing import TYPE_CHECKING

from hone._errors import HoneError

if TYPE_CHECKING:
    from hone._study import Study


def beat(study_ref: weakref.ref[Study], closed: threading.Event, pause: float) -> None:
    """Renews the trials' leases each `pause` seconds, until the study is closed or collected."""
    study = study_ref()
    transport = None if study is None else study._transport
    del study
    while not closed.wait(pause):
        study = study_ref()
        if study is None:
            break
        for trial in list(study._open):
            with contextlib.suppress(HoneError):  # the next time, or its worker is told
                trial.renew()
        del study
    if transport is not None:
        transport.close()
