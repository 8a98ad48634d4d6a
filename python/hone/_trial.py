# SPDX-License-Identifier: Apache-2.0
"""Trials: those under way, and those that are listed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hone._errors import InvalidArgument, NotNow, SpaceError
from hone._http import Json, quoted
from hone._space import Categorical, Choice, Domain, Float, Int, contains, draw, value_of
from hone._stages import Stage

if TYPE_CHECKING:
    from hone._study import Study


@dataclass(frozen=True)
class TrialResult:
    """A trial as the engine has it.

    Attributes:
        name: Names it everywhere, as in `hone explain NAME`.
        number: Its place in the study, from 0.
        state: waiting, running, succeeded, failed, stopped (early) or killed.
        params: Values by name; what it did not ask for is left out.
        values: One for each objective; none without a result.
        message: Why it ended badly.
        started_at: None before its start.
        ended_at: None before its end.
        ending: Why it ended badly, in a word: ExitCode, OutOfMemory, Lost, Timeout, ...
    """

    name: str
    number: int
    state: str
    params: Mapping[str, Choice]
    values: tuple[float, ...] | None
    message: str
    started_at: datetime | None
    ended_at: datetime | None
    ending: str = ""

    @property
    def value(self) -> float | None:
        """The value of the first objective."""
        return None if self.values is None else self.values[0]

    @property
    def duration(self) -> float | None:
        """Seconds from its start to its end."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


class Trial:
    """A trial in the hands of this process. Made by `Study.ask` and `Study.optimize`.

    While the object lives and the study is open, its lease is renewed by a thread of the study.
    It is for one thread at a time.
    """

    def __init__(self, study: Study, stage: Stage | None, given: Json, rng: random.Random):
        self._study = study
        self._stage = stage
        self._rng = rng
        self._stop = False
        self.over = False
        self.name = str(given.get("trial", ""))
        self._attempt = int(given.get("attempt", 0))
        space: Mapping[str, Domain] = {} if stage is None else stage.space
        self._given: dict[str, Choice] = {
            name: value_of(space[name], _text(value))
            for name, value in given.get("parameters", {}).items()
        }
        self._asked: dict[str, Choice] = {} if self.by_run else dict(self._given)
        self._domains: dict[str, Domain] = {}
        self._reports: list[tuple[float | None, float]] = []

    @property
    def by_run(self) -> bool:
        """Whether the space is defined by what trials ask for."""
        return self._stage is None or self._stage.by_run

    @property
    def params(self) -> dict[str, Choice]:
        """Values by name. Of a study without a declared space, what was suggested so far."""
        return dict(self._asked)

    def suggest_float(
        self, name: str, low: float, high: float, *, log: bool = False, step: float | None = None
    ) -> float:
        """A real number from `low` to `high`.

        Raises:
            SpaceError: It was asked for with another range before, or is not in the declared space.
        """
        return float(self._suggest(name, Float(float(low), float(high), log, step)))  # type: ignore[arg-type]

    def suggest_int(
        self, name: str, low: int, high: int, *, log: bool = False, step: int = 1
    ) -> int:
        """A whole number from `low` to `high`. Raises as `suggest_float`."""
        return int(self._suggest(name, Int(low, high, log, step)))  # type: ignore[arg-type]

    def suggest_categorical(self, name: str, choices: Sequence[Choice]) -> Any:
        """One of the choices: None, bools, numbers or texts. Raises as `suggest_float`."""
        return self._suggest(name, Categorical(choices))

    def report(self, value: float, step: float) -> None:
        """Reports an intermediate value of the objective, and renews the lease.

        Raises:
            NotNow: The study has several objectives, which have no curve to judge by.
        """
        study = self._study
        if len(study.directions) > 1:
            raise NotNow("report: trials of a study with several objectives are not stopped early")
        self._reports.append((float(step), float(value)))
        if self._stage is None:
            return
        answer = study._call(
            "POST",
            f"/api/v1/trials/{quoted(self.name)}/report",
            {
                **self._lease(),
                "values": [
                    {"name": study._metrics[0], "value": repr(float(value)), "step": float(step)}
                ],
            },
        )
        self._stop = self._stop or bool(answer.get("stop"))

    def should_stop(self) -> bool:
        """Whether the trial is to be given up: raise `hone.TrialStopped` then.

        By the study's early stopping rule, or because it was stopped or given to another worker.
        """
        return self._stop or self._study._stopping.is_set()

    def renew(self) -> None:
        """Renews the lease; the study's own thread does so already."""
        if self._stage is None or self.over:
            return
        answer = self._study._call(
            "POST", f"/api/v1/trials/{quoted(self.name)}/renew", self._lease()
        )
        self._stop = self._stop or bool(answer.get("stop"))

    def _lease(self) -> Json:
        return {"attempt": self._attempt, "lease": f"{self._study._lease_seconds}s"}

    def _suggest(self, name: str, domain: Domain) -> Choice:
        if self.over:
            raise NotNow(f"{self.name or 'the trial'} is over")
        before = self._domains.get(name)
        if before is None and self._stage is not None:
            before = self._stage.space.get(name)
        if before is None and not self.by_run:
            raise SpaceError(f"{name}: is not in the declared space of the study")
        if before is not None and before != domain:
            raise SpaceError(
                f"{name}: was {before} before and is {domain} now; a parameter keeps its range for "
                "the whole study, so give the other one another name"
            )
        if name not in self._asked:
            if not self.by_run:
                raise SpaceError(f"{name}: is inactive in this trial, by its `when`")
            self._asked[name] = (
                self._given[name] if name in self._given else draw(domain, self._rng)
            )
        self._domains[name] = domain
        if not contains(domain, self._asked[name]):
            raise InvalidArgument(f"{name}: the engine gave {self._asked[name]!r} for {domain}")
        return self._asked[name]

    def __repr__(self) -> str:
        return f"Trial({self.name or 'the first of its study'}, {self._asked})"


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)
