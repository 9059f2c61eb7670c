"""Detects step methods that a model class overrides: ``train_step`` and what it calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, TypeVar

from kplug.layers.base.layer import Layer

StepKind: TypeAlias = Literal["train", "test", "predict"]

_METHODS: Final[dict[str, tuple[str, ...]]] = {
    "train": ("train_step", "compute_loss", "compute_metrics"),
    "test": ("test_step", "compute_loss", "compute_metrics"),
    "predict": ("predict_step",),
}
_Method = TypeVar("_Method", bound=Callable[..., Any])
_DEFAULTS: Final[set[object]] = set()


def default(method: _Method) -> _Method:
    """Register a method of ``Model`` as the default implementation."""
    _DEFAULTS.add(method)
    return method


def find_overridden_method(model: object, kind: StepKind) -> str | None:
    """Return the first step method that the class overrides, or None."""
    for name in _METHODS[kind]:
        method = getattr(model, name, None)
        if method is not None and getattr(method, "__func__", method) not in _DEFAULTS:
            return name
    return None


def has_custom_step(model: object) -> bool:
    """Return whether training or evaluation runs a custom step of the model's class."""
    found = find_overridden_method(model, "train") or find_overridden_method(model, "test")
    return found is not None


def lacks_call(model: object) -> bool:
    """Return whether a model has steps but no ``call``, such as a GAN, so that its inputs are unknown."""
    return type(model).call is Layer.call and has_custom_step(model)  # type: ignore[attr-defined]
