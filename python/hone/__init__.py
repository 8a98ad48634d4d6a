# SPDX-License-Identifier: Apache-2.0
"""hone: hyperparameter tuning by ask and tell.

A study asks the engine for trials and tells it what came of them:

    import hone

    def objective(trial):
        x = trial.suggest_float("x", -5, 5)
        return (x - 1) ** 2

    with hone.create_study("minimize") as study:
        study.optimize(objective, n_trials=30)
        print(study.best_params)
"""

from __future__ import annotations

from typing import Any

from hone._create import create_study, delete_study, load_study
from hone._errors import (
    AlreadyExists,
    EngineError,
    HoneError,
    InvalidArgument,
    NoResult,
    NotAllowed,
    NotFound,
    NotNow,
    SpaceError,
    StudyEnded,
    TrialPreempted,
    TrialStopped,
    Unauthenticated,
    Unavailable,
)
from hone._optuna import import_optuna
from hone._report import report_metrics
from hone._space import Categorical, Float, Int
from hone._stages import TellState
from hone._study import Study
from hone._trial import Trial, TrialResult

__all__ = [
    "AlreadyExists",
    "Categorical",
    "EngineError",
    "Float",
    "HoneError",
    "Int",
    "InvalidArgument",
    "NoResult",
    "NotAllowed",
    "NotFound",
    "NotNow",
    "SpaceError",
    "Study",
    "StudyEnded",
    "TellState",
    "Trial",
    "TrialPreempted",
    "TrialResult",
    "TrialStopped",
    "Unauthenticated",
    "Unavailable",
    "create_study",
    "delete_study",
    "import_optuna",
    "load_study",
    "plot",
    "report_metrics",
]


def __getattr__(name: str) -> Any:
    if name == "plot":
        import importlib

        return importlib.import_module("hone.plot")
    raise AttributeError(f"module 'hone' has no attribute {name!r}")
