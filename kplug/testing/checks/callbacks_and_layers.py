"""Checks of callbacks and layers: what they do shows in a training run only."""

from __future__ import annotations

from typing import Any

from kplug.callbacks import Callback
from kplug.testing.checks.common import COMMON
from kplug.testing.checks.subject import (
    Finding,
    Subject,
    Suite,
    check,
)


@check(
    "an object with every hook of kplug.callbacks.Callback",
    "Derive from kplug.callbacks.Callback.",
    name="constructible",
)
def _callback(subject: Subject) -> Finding:
    callback = subject.make()
    hooks = [name for name in dir(Callback) if name.startswith(("on_", "set_"))]
    missing = [name for name in hooks if not callable(getattr(callback, name, None))]
    return f"no {', '.join(missing)}" if missing else None


def _nothing(subject: Subject, made: Any) -> None:
    """Compare nothing but configurations: what these do shows in a training run only."""


CALLBACK = Suite(_nothing, (*COMMON, _callback))
