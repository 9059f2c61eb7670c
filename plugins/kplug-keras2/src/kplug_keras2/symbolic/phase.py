"""The learning phase of Keras 2: whether the running model is in training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kplug import backend

# Stack of running models, the innermost one last.
_running: list[Any] = []


@contextmanager
def running(model: Any) -> Iterator[None]:
    """Use a model's mode as the learning phase inside a block."""
    _running.append(model)
    try:
        yield
    finally:
        _running.pop()


def learning_phase() -> int:
    """Return 1 while a model is in training, else 0; without a running model, the phase that was set."""
    return int(_running[-1].training) if _running else backend.learning_phase()


def is_training() -> bool:
    """Return whether a model is being trained."""
    return bool(_running) and bool(_running[-1].training)


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return ``x`` while training and ``alt`` otherwise; either may be a function to call."""
    return backend.in_train_phase(x, alt, learning_phase() if training is None else training)


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Return ``alt`` while training and ``x`` otherwise."""
    return in_train_phase(alt, x, training)


def asking_phase(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method that runs a model, to set the learning phase."""

    def method_with_phase(self: Any, *args: Any, **kwargs: Any) -> Any:
        with running(self):
            return method(self, *args, **kwargs)

    return method_with_phase
