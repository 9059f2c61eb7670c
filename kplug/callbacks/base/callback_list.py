"""The callbacks of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kplug.callbacks.base.callback import Callback

_LEGACY_NAMES = {
    "on_train_batch_begin": "on_batch_begin",
    "on_train_batch_end": "on_batch_end",
}


class CallbackList:
    """The callbacks of one run, called in order.

    Args:
        callbacks: The callbacks.
        model: The model that they are told about; it may be any object.
        params: ``verbose``, ``epochs`` and ``steps`` of the run.
    """

    def __init__(
        self,
        callbacks: Iterable[Callback],
        model: Any = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            callback.set_params(dict(params or {}))
            callback.set_model(model)
            if isinstance(callback, Callback):
                callback.set_callbacks(self.callbacks)

    def hooks(self, name: str) -> list[Callable[..., Any]]:
        """Return the bound methods called ``name`` of the callbacks that override it."""
        return [
            getattr(callback, name) for callback in self.callbacks if is_overridden(callback, name)
        ]

    def call(self, name: str, *arguments: Any) -> None:
        """Call the hook ``name`` of every callback."""
        for callback in self.callbacks:
            getattr(callback, name)(*arguments)


def is_overridden(callback: object, name: str) -> bool:
    """Tell whether calling the hook ``name`` of this callback can do anything.

    Callbacks of other libraries, which do not derive from ours, count as overriding every hook.

    Example:
        >>> is_overridden(Callback(), "on_train_batch_end")
        False
    """
    if not isinstance(callback, Callback):
        return True
    return any(
        each in vars(callback) or getattr(type(callback), each) is not getattr(Callback, each)
        for each in (name, _LEGACY_NAMES.get(name, name))
    )
