# SPDX-License-Identifier: Apache-2.0
"""Studies: asking for trials and telling what came of them."""

from __future__ import annotations

import contextlib
import html
import math
import random
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, Union, overload

from hone._engine import EmbeddedEngine
from hone._errors import (
    HoneError,
    InvalidArgument,
    NoResult,
    NotNow,
    SpaceError,
    StudyEnded,
)
from hone._growth import find_new, grow, retire
from hone._http import Json, Transport, quoted
from hone._importance import Method, importance
from hone._leases import beat
from hone._optimize import Callback, Objective, Optimizer
from hone._reading import result_of, rows_of
from hone._space import Choice, Space
from hone._stages import (
    WIRE_STATES,
    Outcome,
    Past,
    Stage,
    TellState,
    key_of,
    question,
    told_values,
)
from hone._trial import Trial, TrialResult

if TYPE_CHECKING:
    import pandas

_LEASE_SECONDS = 60
_WAIT_SECONDS = 20
_LOOK_SECONDS = 1.0  # how late it may be seen that another process goes on with another stage
Values = Union[float, Sequence[float]]


class Study:
    """A study: made by `create_study` and `load_study`.

    It may be used by several threads, and the same study by several processes. Closing it (or
    leaving its `with` block, or the end of the process) ends the engine that was started for it.
    """

    def __init__(
        self,
        transport: Transport,
        engine: EmbeddedEngine | None,
        base: Json,
        first: Stage | None,
        seed: int | None,
        lease: int = _LEASE_SECONDS,
    ) -> None:
        """For `create_study` and `load_study`."""
        objective = base["spec"]["objective"]
        others = objective.get("additionalObjectives", [])
        self.name: str = base["metadata"]["name"]
        self.directions: tuple[str, ...] = (objective["type"], *(o["type"] for o in others))
        self._metrics = (
            objective["objectiveMetricName"],
            *(other["metricName"] for other in others),
        )
        self._transport = transport
        self._engine = engine
        self._base = base
        self._stages: list[Stage] = [] if first is None else [first]
        self._by_run = first is None or first.by_run
        self._looked_at = -math.inf  # for stages
        self._rng = random.Random(seed)
        self._lock = threading.RLock()
        self._ready: deque[Trial] = deque()
        self._open: weakref.WeakSet[Trial] = weakref.WeakSet()
        self._asked_params: dict[str, dict[str, Choice]] = {}  # of trials that are over
        self._lease_seconds = lease
        self._stopping = threading.Event()
        self._closed = threading.Event()
        self._heart: threading.Thread | None = None
        self._release: Callable[[], object] = lambda: None
        if engine is not None:
            self._release = weakref.finalize(self, engine.release)

    # ---- asking and telling

    @overload
    def ask(self, n: None = None) -> Trial: ...
    @overload
    def ask(self, n: int) -> list[Trial]: ...
    def ask(self, n: int | None = None) -> Trial | list[Trial]:
        """A trial, or with `n` a list of 1 to `n`: as many as there are now.

        Waits while others have all trials that the study can give.

        Raises:
            StudyEnded: There will be no more.
        """
        if n is not None and not 1 <= n <= 100:
            raise InvalidArgument(f"n: must be 1 to 100, not {n}")
        while True:
            trials = self._ask_some(n or 1)
            if trials:
                return trials if n is not None else trials[0]
            if self._closed.is_set():
                raise NotNow("the study is closed")

    def tell(
        self,
        trial: Trial,
        values: Values | None = None,
        *,
        state: TellState = "succeeded",
        message: str = "",
    ) -> str:
        """Tells what came of a trial. Answered once it is on disk.

        Args:
            trial: One that `ask` gave to this process.
            values: The objective's value, or one for each objective; none unless it succeeded.
            state: "succeeded", "failed", "stopped": given up early, with what was reported,
                "out_of_memory": failed, and the search learns that these values do, or "preempted":
                another worker gets it as its next attempt, and nothing counts against it.
            message: Why it failed, for people.

        Returns:
            "recorded"; "already recorded" if it had ended, as by `hone kill`; "late" if its lease
            was over and it was given to another worker.

        Raises:
            InvalidArgument: The values are not finite numbers, one for each objective.
        """
        if state not in WIRE_STATES:
            raise InvalidArgument(f"state: must be one of {', '.join(WIRE_STATES)}, not {state!r}")
        if trial.over:
            raise NotNow(f"{trial.name} was told already")
        numbers = None if values is None else self._numbers(values)
        if state == "succeeded" and numbers is None:
            raise InvalidArgument("values: a trial that succeeded has one for each objective")
        reports = tuple(trial._reports)
        return self._tell(trial, Outcome(WIRE_STATES[state], numbers, message, reports))

    def optimize(
        self,
        objective: Objective,
        n_trials: int | None = None,
        *,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: tuple[type[Exception], ...] = (),
        callbacks: Sequence[Callback] = (),
        show_progress: bool = False,
    ) -> None:
        """Calls the objective with trial after trial and tells what it returns.

        An exception of the objective makes its trial failed, and ends `optimize` unless it is one
        of `catch`; `MemoryError` and torch's alike are told as "out_of_memory". `TrialStopped` ends
        the trial early, `TrialPreempted` gives it back and is raised again. A value that is no
        finite number makes the trial failed, with a warning. Ctrl-C kills the trials under way.

        Args:
            objective: Takes a `Trial`, returns a number, or one for each objective.
            n_trials: So many trials are run by this call; none: until time or study are over.
            timeout: Seconds after which no further trial is begun.
            n_jobs: So many threads call the objective at once. Of a study without a declared
                space, the very first trial runs alone: it begins the space.
            catch: Exceptions of the objective to go on after.
            callbacks: Called with the study and the trial after each, one at a time.
            show_progress: A line on stderr, or a live table in a notebook.
        """
        Optimizer(self, objective, n_trials, timeout, n_jobs, catch, callbacks, show_progress).run()

    def stop(self) -> None:
        """Lets `optimize` end after the trials under way; to be called by callbacks."""
        self._stopping.set()

    # ---- results

    @property
    def direction(self) -> str:
        """Of a study with a single objective: minimize or maximize."""
        if len(self.directions) > 1:
            raise NotNow("direction: the study has several objectives; see directions")
        return self.directions[0]

    @property
    def space(self) -> Space:
        """The parameters that are known so far."""
        self._refresh()
        return dict(self._stages[-1].space) if self._stages else {}

    @property
    def trials(self) -> list[TrialResult]:
        """All trials of the study, of all processes, in the order of their beginning."""
        self._refresh()
        out: list[TrialResult] = []
        for stage in list(self._stages):
            for row in rows_of(self, stage):
                if int(row["number"]) > stage.copies:
                    out.append(result_of(self, stage, row, len(out)))
        return out

    @property
    def best_trial(self) -> TrialResult:
        """The best trial by the engine's rules; of several objectives, use `best_trials`.

        Raises:
            NoResult: There is none yet.
        """
        if len(self.directions) > 1:
            raise NotNow("best_trial: the study has several objectives; see best_trials")
        self._refresh()
        names = {self._get(stage)["bestTrial"] for stage in self._stages}
        sign = 1.0 if self.directions[0] == "minimize" else -1.0
        found = [
            (sign * t.value, t) for t in self.trials if t.name in names and t.value is not None
        ]
        if not found:
            raise NoResult(f"{self.name}: no trial has a result yet")
        return min(found, key=lambda pair: pair[0])[1]

    @property
    def best_value(self) -> float:
        """The value of `best_trial`."""
        value = self.best_trial.value
        assert value is not None
        return value

    @property
    def best_params(self) -> dict[str, Choice]:
        """The parameters of `best_trial`."""
        return dict(self.best_trial.params)

    @property
    def best_trials(self) -> list[TrialResult]:
        """The trials that no other one beats in every objective."""
        if self._base["spec"]["objective"].get("outcomeConstraints"):
            raise NotNow("best_trials: the study has outcomeConstraints; use `hone pareto`")
        signs = [1.0 if direction == "minimize" else -1.0 for direction in self.directions]
        rated = [
            ([sign * value for sign, value in zip(signs, t.values)], t)
            for t in self.trials
            if t.state == "succeeded" and t.values is not None
        ]

        def beaten(mine: list[float]) -> bool:
            return any(
                other != mine and all(a <= b for a, b in zip(other, mine)) for other, _ in rated
            )

        return [trial for mine, trial in rated if not beaten(mine)]

    def trials_dataframe(self) -> pandas.DataFrame:
        """The trials as a table: a column for each parameter, `params_NAME`. Needs pandas."""
        import pandas

        rows = []
        for trial in self.trials:
            row: dict[str, Any] = {"number": trial.number, "name": trial.name, "state": trial.state}
            for index, _ in enumerate(self.directions):
                column = "value" if len(self.directions) == 1 else f"values_{index}"
                row[column] = None if trial.values is None else trial.values[index]
            row.update(
                started_at=trial.started_at, ended_at=trial.ended_at, duration=trial.duration
            )
            row.update({f"params_{name}": value for name, value in trial.params.items()})
            rows.append(row)
        return pandas.DataFrame(rows)

    def importance(self, method: Method = "fanova") -> dict[str, float]:
        """The share of each parameter in the variance of the objective, greatest first.

        The engine or the server computes it from the present stage of the study.

        Args:
            method: "fanova", or "ped-anova": what tells the best tenth of the trials from all.

        Raises:
            NoResult: There are fewer than ten trials with a value, or all have the same.
        """
        return importance(self, method)

    # ---- life

    def close(self) -> None:
        """Gives up what this process has of the study. The study itself stays."""
        self._closed.set()
        self._stopping.set()
        if self._heart is not None and self._heart is not threading.current_thread():
            self._heart.join(timeout=_WAIT_SECONDS)
        self._transport.close()
        self._release()

    def __enter__(self) -> Study:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Study({self.name!r}, {'/'.join(self.directions)}, {self._transport.address})"

    def _repr_html_(self) -> str:
        trials = self.trials
        lines = [f"{len(trials)} trials"]
        with contextlib.suppress(HoneError):
            best = self.best_trial
            lines.append(f"best value <b>{best.value:.6g}</b> by {html.escape(best.name)}")
            lines += [
                f"{html.escape(name)} = {html.escape(str(value))}"
                for name, value in best.params.items()
            ]
        return f"<b>{html.escape(self.name)}</b><br>" + "<br>".join(lines)

    # ---- inside

    def _call(self, method: str, path: str, body: object = None, *, again: bool = True) -> Json:
        if self._closed.is_set():
            raise NotNow("the study is closed")
        return self._transport.call(method, path, body, again=again)

    def _get(self, stage: Stage) -> Json:
        return self._call("GET", f"/api/v1/experiments/{quoted(stage.name)}")

    def _numbers(self, values: Values) -> tuple[float, ...]:
        listed = list(values) if isinstance(values, (list, tuple)) else [values]
        try:
            numbers = tuple(float(value) for value in listed)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise InvalidArgument(f"values: must be numbers, not {values!r}") from None
        if len(numbers) != len(self.directions):
            raise InvalidArgument(
                f"values: must be one for each of {len(self.directions)} objectives, not {values!r}"
            )
        if not all(math.isfinite(number) for number in numbers):
            raise InvalidArgument(f"values: must be finite, not {values!r}")
        return numbers

    def _refresh(self) -> None:
        """Finds the stages that other processes have begun."""
        if self._by_run:
            find_new(self)

    def _goes_on(self, stage: Stage | None) -> bool:
        """Whether another trial may be of this stage, as of a moment ago."""
        if self._by_run and time.monotonic() - self._looked_at > _LOOK_SECONDS:
            self._refresh()
        return bool(self._stages) and stage is self._stages[-1]

    def _ask_some(self, count: int) -> list[Trial]:
        self._refresh()
        with self._lock:
            if self._ready:
                return [self._ready.popleft()]
            if not self._stages:
                return [Trial(self, None, {}, self._fresh_rng())]
            stage = self._stages[-1]
        try:
            return self._ask_stage(stage, count, _WAIT_SECONDS)
        except NotNow:
            self._refresh()
            if stage is self._stages[-1]:
                raise
            return []  # it has gone on as another stage

    def _ask_stage(self, stage: Stage, count: int, wait: int) -> list[Trial]:
        path = f"/api/v1/experiments/{quoted(stage.name)}/ask"
        answer = self._call("POST", path, question(count, self._lease_seconds, wait))
        if answer.get("ended"):
            raise StudyEnded(f"{self.name}: {answer.get('reason')}")
        return self._given(stage, answer)

    def _given(self, stage: Stage, answer: Json) -> list[Trial]:
        """The trials of an answer, without those of which it is known what comes of them."""
        trials = []
        for given in answer["trials"]:
            trial = Trial(self, stage, given, self._fresh_rng())
            past = stage.known.get(key_of(stage.space, given["parameters"]))
            if past is not None:
                self._post_outcome(trial, past, {})
                continue
            self._open.add(trial)
            trials.append(trial)
        self._start_heart()
        return trials

    def _fresh_rng(self) -> random.Random:
        with self._lock:
            return random.Random(self._rng.getrandbits(64))

    def _take_ready(self) -> list[Trial]:
        """Those that nobody has begun."""
        with self._lock:
            trials = list(self._ready)
            self._ready.clear()
        return trials

    def _tell(self, trial: Trial, outcome: Outcome, *, then_ask: bool = False) -> str:
        """What came of it. `then_ask`: this worker goes on; the same call may ask for a trial."""
        if outcome.state == "PREEMPTED" and trial._stage is None:
            trial.over = True  # the engine does not know of it: there is nothing to hand on
            return "recorded"
        if not trial.by_run or outcome.state == "PREEMPTED":
            then_ask = then_ask and not trial.by_run
            return self._post_outcome(trial, outcome, {}, then_ask=then_ask)
        if trial._stage is None:
            if not trial.params:
                raise SpaceError(
                    "the trial asked for no parameter: call trial.suggest_..., or give space= to "
                    "create_study"
                )
            grow(self, dict(trial._domains), Past(trial.params, outcome))
            trial.over = True
            return "recorded"
        new = {n: d for n, d in trial._domains.items() if n not in trial._stage.space}
        then_ask = then_ask and not new and self._goes_on(trial._stage)
        params = {} if set(trial.params) == set(trial._given) else trial.params
        said = self._post_outcome(trial, outcome, params, then_ask=then_ask)
        if new and said == "recorded":
            grow(self, new, None)
        retire(self, trial._stage)
        return said

    def _post_outcome(
        self,
        trial: Trial,
        outcome: Outcome,
        params: Mapping[str, Choice],
        *,
        then_ask: bool = False,
    ) -> str:
        values = told_values(self._metrics, outcome, params, reported=trial._reports != [])
        body = {
            "attempt": trial._attempt,
            "state": outcome.state,
            "values": values,
            "message": outcome.message,
        }
        stage = trial._stage
        if then_ask and stage is not None:
            body["next"] = {
                "experiment": stage.name,
                **question(1, self._lease_seconds, _WAIT_SECONDS),
            }
        answer = self._call("POST", f"/api/v1/trials/{quoted(trial.name)}/tell", body)
        trial.over = True
        self._open.discard(trial)
        if stage is not None and "next" in answer:
            fresh = self._given(stage, answer["next"])
            with self._lock:
                self._ready.extend(fresh)
        return str(answer["outcome"]).lower().replace("_", " ")

    def _kill(self, trial: Trial, reason: str) -> None:
        trial.over = True
        self._open.discard(trial)
        if trial.name:
            with contextlib.suppress(HoneError):  # its lease ends anyway
                self._call(
                    "POST",
                    f"/api/v1/trials/{quoted(trial.name)}/kill",
                    {"reason": reason},
                    again=False,
                )

    # ---- leases

    def _start_heart(self) -> None:
        with self._lock:
            if self._heart is not None and self._heart.is_alive():
                return
            self._heart = threading.Thread(
                target=beat,
                args=(weakref.ref(self), self._closed, self._lease_seconds / 3),
                name="hone-leases",
                daemon=True,
            )
            self._heart.start()
