# SPDX-License-Identifier: Apache-2.0
"""Parameters: what values they may have, and how they are written in an experiment."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from hone._errors import InvalidArgument, SpaceError

Choice = Union[None, bool, int, float, str]
When = Optional[tuple[str, Sequence[Choice]]]


@dataclass(frozen=True)
class Float:
    """A real number from ``low`` to ``high``, both included.

    Attributes:
        low: The least value.
        high: The greatest value.
        log: Whether it is searched on a logarithmic scale.
        step: Distance of the values, from ``low``; none: all values.
        when: ``(parameter, values)``: active only beside these values of a parameter further up.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    when: When = field(default=None, compare=False)

    def __post_init__(self) -> None:
        _check_range(self.low, self.high, self.log, self.step)


@dataclass(frozen=True)
class Int:
    """A whole number from ``low`` to ``high``, both included; else as `Float`."""

    low: int
    high: int
    log: bool = False
    step: int = 1
    when: When = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            if isinstance(getattr(self, name), bool) or not isinstance(getattr(self, name), int):
                raise InvalidArgument(f"{name}: must be an int, not {getattr(self, name)!r}")
        _check_range(self.low, self.high, self.log, None if self.step == 1 else self.step)


@dataclass(frozen=True)
class Categorical:
    """One of some values: None, bools, numbers or texts; else as `Float`."""

    choices: tuple[Choice, ...]
    when: When = field(default=None, compare=False)

    def __init__(self, choices: Sequence[Choice], when: When = None) -> None:
        object.__setattr__(self, "choices", tuple(choices))
        object.__setattr__(self, "when", when)
        if not self.choices:
            raise InvalidArgument("choices: must not be empty")
        texts: dict[str, Choice] = {}
        for choice in self.choices:
            text = text_of(choice)
            if text in texts:
                raise InvalidArgument(
                    f"choices: {texts[text]!r} and {choice!r} are both written {text!r}; "
                    "give texts that differ"
                )
            texts[text] = choice

    def __eq__(self, other: object) -> bool:
        # True == 1 in Python, but they are other choices.
        return isinstance(other, Categorical) and list(map(repr, self.choices)) == list(
            map(repr, other.choices)
        )

    def __hash__(self) -> int:
        return hash(tuple(map(repr, self.choices)))


Domain = Union[Float, Int, Categorical]
Space = dict[str, Domain]


def _check_range(low: float, high: float, log: bool, step: float | None) -> None:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InvalidArgument(f"low and high: must be finite, not {low} and {high}")
    if low > high:
        raise InvalidArgument(f"low: must be <= high ({low} > {high})")
    if log and low <= 0:
        raise InvalidArgument(f"low: must be > 0 with log=True, not {low}")
    if step is not None and not step > 0:
        raise InvalidArgument(f"step: must be > 0, not {step}")
    if log and step is not None:
        raise InvalidArgument("step: has no meaning with log=True; leave one of them out")


def text_of(value: Choice) -> str:
    """A value as the engine has it."""
    return value if isinstance(value, str) else repr(value)


def value_of(domain: Domain, text: str) -> Choice:
    """The value that a text of the engine means.

    Raises:
        SpaceError: It is none of the domain's.
    """
    if isinstance(domain, Categorical):
        for choice in domain.choices:
            if text_of(choice) == text:
                return choice
        raise SpaceError(f"{text!r} is none of the choices {domain.choices!r}")
    number = float(text)
    return int(number) if isinstance(domain, Int) else number


def contains(domain: Domain, value: Choice) -> bool:
    """Whether a value is of a domain, as to its kind and bounds."""
    if isinstance(domain, Categorical):
        return any(repr(choice) == repr(value) for choice in domain.choices)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if isinstance(domain, Int) and value != int(value):
        return False
    return domain.low <= value <= domain.high


def draw(domain: Domain, rng: random.Random) -> Choice:
    """A value by the prior: uniform, on the logarithmic scale if so declared."""
    if isinstance(domain, Categorical):
        return rng.choice(domain.choices)
    if isinstance(domain, Int):
        if domain.log:
            exact = math.exp(rng.uniform(math.log(domain.low - 0.5), math.log(domain.high + 0.5)))
            return min(max(round(exact), domain.low), domain.high)
        return rng.randrange(domain.low, domain.high + 1, domain.step)
    if domain.step is not None:
        steps = math.floor((domain.high - domain.low) / domain.step * (1 + 1e-12))
        return min(domain.low + domain.step * rng.randint(0, steps), domain.high)
    if domain.log:
        exact = math.exp(rng.uniform(math.log(domain.low), math.log(domain.high)))
        return min(max(exact, domain.low), domain.high)
    return rng.uniform(domain.low, domain.high)


def middle(domain: Domain) -> Choice:
    """What a trial is said to have had of a parameter that it did not know."""
    if isinstance(domain, Categorical):
        return domain.choices[0]
    if isinstance(domain, Int):
        if domain.log:
            return min(max(round(math.sqrt(domain.low * domain.high)), domain.low), domain.high)
        return domain.low + (domain.high - domain.low) // domain.step // 2 * domain.step
    if domain.step is not None:
        return domain.low + math.floor((domain.high - domain.low) / domain.step / 2) * domain.step
    return math.sqrt(domain.low * domain.high) if domain.log else (domain.low + domain.high) / 2


def to_spec(space: Mapping[str, Domain]) -> list[dict[str, Any]]:
    """`spec.parameters` of an experiment."""
    out = []
    for name, domain in space.items():
        if not isinstance(domain, (Float, Int, Categorical)):
            raise InvalidArgument(f"space[{name!r}]: must be a Float, Int or Categorical")
        entry: dict[str, Any] = {"name": name}
        if isinstance(domain, Categorical):
            entry["parameterType"] = "categorical"
            entry["feasibleSpace"] = {"list": [text_of(choice) for choice in domain.choices]}
        else:
            feasible = {"min": repr(domain.low), "max": repr(domain.high)}
            entry["parameterType"] = "int" if isinstance(domain, Int) else "double"
            if domain.log:
                feasible["distribution"] = "logUniform"
            if domain.step is not None and domain.step != 1:
                feasible["step"] = repr(domain.step)
            elif domain.step is not None and isinstance(domain, Float):
                feasible["step"] = "1"
            entry["feasibleSpace"] = feasible
        if domain.when is not None:
            parameter, values = domain.when
            entry["activeWhen"] = {"parameter": parameter, "in": [text_of(v) for v in values]}
        out.append(entry)
    return out


def from_spec(parameters: Sequence[Mapping[str, Any]], choices: Mapping[str, Any]) -> Space:
    """The space of an experiment. `choices`: those of categorical ones that are no mere texts."""
    space: Space = {}
    for entry in parameters:
        name, feasible = str(entry["name"]), entry["feasibleSpace"]
        when = entry.get("activeWhen")
        active: When = (str(when["parameter"]), list(when["in"])) if when else None
        log = feasible.get("distribution") == "logUniform"
        kind = entry["parameterType"]
        if kind in ("categorical", "discrete"):
            listed = choices.get(name, feasible["list"])
            space[name] = Categorical(listed, when=active)
        elif kind == "int":
            step = int(float(feasible.get("step", 1)))
            space[name] = Int(int(feasible["min"]), int(feasible["max"]), log, step, active)
        else:
            given = feasible.get("step")
            step_size = None if given is None else float(given)
            space[name] = Float(
                float(feasible["min"]), float(feasible["max"]), log, step_size, active
            )
    return space


def typed_choices(space: Mapping[str, Domain]) -> dict[str, list[Choice]]:
    """Of the categorical parameters whose choices are no mere texts."""
    return {
        name: list(domain.choices)
        for name, domain in space.items()
        if isinstance(domain, Categorical)
        and not all(isinstance(choice, str) for choice in domain.choices)
    }
