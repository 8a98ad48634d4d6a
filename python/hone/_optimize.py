# SPDX-License-Identifier: Apache-2.0
"""The loop of `Study.optimize`."""

from __future__ import annotations

import contextlib
import math
import threading
import time
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Callable, Union

from hone._errors import (
    HoneError,
    InvalidArgument,
    SpaceError,
    StudyEnded,
    TrialPreempted,
    TrialStopped,
)
from hone._progress import Progress
from hone._stages import Outcome

if TYPE_CHECKING:
    from hone._study import Study
    from hone._trial import Trial

Objective = Callable[["Trial"], Union[float, Sequence[float]]]
Callback = Callable[["Study", "Trial"], None]
_LOOK_SECONDS = 0.1
_LONGEST_MESSAGE = 2000


class Optimizer:
    """One call of `optimize`."""

    def __init__(
        self,
        study: Study,
        objective: Objective,
        n_trials: int | None,
        timeout: float | None,
        n_jobs: int,
        catch: tuple[type[Exception], ...],
        callbacks: Sequence[Callback],
        show_progress: bool,
    ) -> None:
        if n_trials is not None and n_trials < 0:
            raise InvalidArgument(f"n_trials: must be >= 0, not {n_trials}")
        if n_jobs < 1:
            raise InvalidArgument(f"n_jobs: must be >= 1, not {n_jobs}")
        self._study = study
        self._objective = objective
        self._left = n_trials
        self._until = None if timeout is None else time.monotonic() + timeout
        self._n_jobs = n_jobs
        self._catch = catch
        self._callbacks = callbacks
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._first = threading.Lock()  # held while the space is not known
        self._under_way: set[Trial] = set()
        self._error: BaseException | None = None
        self._progress = Progress(study, n_trials) if show_progress else None

    def run(self) -> None:
        """Until its end.

        Raises:
            Exception: What the objective or a callback raised.
            TrialPreempted: After the trial is given back, or all that are under way if a signal
                handler raised it elsewhere than in an objective.
            KeyboardInterrupt: After the trials under way are killed.
        """
        self._study._stopping.clear()
        if self._n_jobs == 1:
            try:
                self._work()
            except KeyboardInterrupt:
                self._interrupt()
                raise
            if isinstance(self._error, TrialPreempted):
                self._give_back()
        else:
            self._run_threads()
        if self._progress is not None:
            self._progress.finish()
        if self._error is not None:
            raise self._error

    def _run_threads(self) -> None:
        # Daemons, because an objective that runs cannot be interrupted and must not hold up the
        # end of the process after Ctrl-C.
        threads = [
            threading.Thread(target=self._work_in_thread, name=f"hone-job-{i}", daemon=True)
            for i in range(self._n_jobs)
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(_LOOK_SECONDS)
        except KeyboardInterrupt:
            self._interrupt()
            raise
        except TrialPreempted:  # of a signal handler: this thread calls no objective
            self._give_back()
            raise

    def _work_in_thread(self) -> None:
        try:
            self._work()
        finally:
            self._study._transport.close()  # this thread's connection

    def _interrupt(self) -> None:
        for trial in self._leave():
            self._study._kill(trial, "interrupted")
        for trial in self._study._take_ready():  # asked for, and not begun
            with contextlib.suppress(HoneError):  # its lease ends anyway
                self._study._tell(trial, Outcome("PREEMPTED"))

    def _give_back(self) -> None:
        for trial in self._leave() + self._study._take_ready():
            with contextlib.suppress(HoneError):  # its lease ends anyway
                self._study._tell(trial, Outcome("PREEMPTED"))

    def _leave(self) -> list[Trial]:
        """Begins no more, and lets go of the trials under way."""
        self._study._stopping.set()
        with self._lock:
            trials = list(self._under_way)
            self._under_way.clear()
        return trials

    def _work(self) -> None:
        try:
            more = self._take()
            while more:
                more = self._one()
        except StudyEnded:
            return
        except Exception as error:
            with self._lock:
                self._error = self._error or error
            self._study._stopping.set()

    def _take(self) -> bool:
        late = self._until is not None and time.monotonic() >= self._until
        if late or self._study._stopping.is_set():
            return False
        with self._lock:
            if self._left is None:
                return True
            self._left -= 1
            return self._left >= 0

    def _one(self) -> bool:
        """One trial. Returns whether another one is to follow."""
        if self._study._by_run and not self._study._stages:
            with self._first:
                if not self._study._stages:
                    return self._run_one()
        return self._run_one()

    def _run_one(self) -> bool:
        trials = self._study._ask_some(1)
        while not trials:
            if self._study._stopping.is_set():
                return False
            if self._until is not None and time.monotonic() >= self._until:
                return False
            trials = self._study._ask_some(1)
        trial = trials[0]
        with self._lock:
            self._under_way.add(trial)
        outcome, error = self._evaluate(trial)
        with self._lock:
            if trial not in self._under_way:  # it was interrupted
                return False
        # Callbacks may end it, so they are waited for before another trial is asked for.
        more = error is None and not self._callbacks and self._take()
        self._study._tell(trial, outcome, then_ask=more)
        with self._lock:
            self._under_way.discard(trial)
        with self._one_at_a_time:
            for callback in self._callbacks:
                callback(self._study, trial)
            if self._progress is not None:
                self._progress.told(trial, outcome)
        if error is not None:
            raise error
        return more or (bool(self._callbacks) and self._take())

    def _evaluate(self, trial: Trial) -> tuple[Outcome, Exception | None]:
        """What came of it, and what is to be raised once that is told."""
        try:
            values = self._objective(trial)
        except TrialStopped:
            return Outcome("PRUNED", None, "", tuple(trial._reports)), None
        except TrialPreempted as error:
            return Outcome("PREEMPTED", None, str(error), tuple(trial._reports)), error
        except SpaceError as error:  # the objective is wrong, not the trial
            return Outcome("FAILED", None, _said(error)), error
        except Exception as error:
            state = "OUT_OF_MEMORY" if _is_out_of_memory(error) else "FAILED"
            return Outcome(state, None, _said(error)), (
                None if isinstance(error, self._catch) else error
            )
        listed = list(values) if isinstance(values, (list, tuple)) else [values]
        try:
            finite = all(math.isfinite(float(value)) for value in listed)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            finite = False
        reports = tuple(trial._reports)
        if not finite:
            why = f"the objective returned {values!r}, which is no finite number"
            warnings.warn(f"{trial.name}: {why}; the trial failed", stacklevel=2)
            return Outcome("FAILED", None, why, reports), None
        try:
            return Outcome("SUCCEEDED", self._study._numbers(values), "", reports), None
        except InvalidArgument as error:
            return Outcome("FAILED", None, _said(error)), error


def _is_out_of_memory(error: Exception) -> bool:
    """Python's and numpy's, and by its name that of torch and cupy, which are not imported here."""
    kinds = type(error).__mro__
    return MemoryError in kinds or any(kind.__name__ == "OutOfMemoryError" for kind in kinds)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE]
