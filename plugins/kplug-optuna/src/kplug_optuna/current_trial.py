"""The trial that this thread runs, which a callback that is given by its name cannot be told."""

from __future__ import annotations

from contextvars import ContextVar

from optuna.trial import BaseTrial

CURRENT: ContextVar[BaseTrial | None] = ContextVar("kplug_optuna_trial", default=None)
