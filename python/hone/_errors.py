# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, as types."""

from __future__ import annotations


class HoneError(Exception):
    """The base of all errors of this package."""


class InvalidArgument(HoneError, ValueError):
    """Something given is not allowed; the message says what and what to do."""


class SpaceError(InvalidArgument):
    """A parameter is asked for in another way than before, or is not in the declared space."""


class NotFound(HoneError, LookupError):
    """There is no such study or trial."""


class AlreadyExists(HoneError):
    """There is a study of this name already."""


class NotNow(HoneError):
    """What was asked for is not possible now; the message says what to do first."""


class Unavailable(HoneError, ConnectionError):
    """The engine cannot be reached or does not answer in time."""


class EngineError(HoneError):
    """The engine could not be started, or failed to answer."""


class NotAllowed(HoneError, PermissionError):
    """The token may not do this, or there is none that is good (`Unauthenticated`)."""


class Unauthenticated(NotAllowed):
    """The server does not know who asks: no token was shown, or none that is good."""


class NoResult(HoneError):
    """No trial has a result yet."""


class StudyEnded(HoneError):
    """The study gives no more trials; the message says why."""


class TrialStopped(HoneError):
    """Raised by an objective to end its trial early, after ``trial.should_stop()``."""


class TrialPreempted(HoneError):
    """Raised where the worker is taken away: its trial goes to another, `optimize` ends.

    To be raised by an objective, or by a signal handler.
    """


def error_of(status: int, message: str) -> HoneError:
    """The error of an HTTP status."""
    kinds: dict[int, type[HoneError]] = {
        400: InvalidArgument,
        401: Unauthenticated,
        403: NotAllowed,
        404: NotFound,
        413: InvalidArgument,
        409: NotNow,
        429: Unavailable,
        503: Unavailable,
        504: Unavailable,
    }
    return kinds.get(status, EngineError)(message)
