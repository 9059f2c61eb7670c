"""Callbacks from plain functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kplug.callbacks.base.callback import Callback
from kplug.errors import ArgumentError
from kplug.registry.suggestions import did_you_mean

_HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class LambdaCallback(Callback):
    """A callback whose hooks are given as functions.

    Args:
        **hooks: Functions by hook, such as ``on_epoch_end=lambda epoch, logs: …``. They are called
            with the same arguments as the method of ``Callback`` with that name.

    Raises:
        ArgumentError: If a name is not a hook, or its value cannot be called.

    Example:
        >>> seen = []
        >>> callback = LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(epoch))
        >>> callback.on_epoch_begin(3, {})
        >>> seen
        [3]

    Reference:
        ``keras.callbacks.LambdaCallback``, which takes any keyword.
    """

    def __init__(self, **hooks: Callable[..., Any] | None) -> None:
        for name, function in hooks.items():
            if name not in _HOOKS:
                hint = did_you_mean(name, _HOOKS) or f"Hooks: {', '.join(_HOOKS)}."
                raise ArgumentError(f"LambdaCallback has no hook {name!r}", hint=hint)
            if function is None:
                continue
            if not callable(function):
                raise ArgumentError(f"LambdaCallback: {name} is {function!r}, not a function")
            # An instance attribute, so that the loop still skips the other hooks.
            setattr(self, name, function)
