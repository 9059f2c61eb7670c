"""The contract of the kind ``callback``."""

from __future__ import annotations

from typing import cast

from kplug.callbacks.base.callback import Callback
from kplug.errors import ContractError
from kplug.registry.quoting import quote

_NEEDED = ("set_model", "set_params", "on_train_begin", "on_epoch_end", "on_train_end")


def as_callback(obj: object) -> Callback:
    """Return ``obj`` as a callback.

    Args:
        obj: A ``Callback``, a class of callbacks that needs no arguments, or an object of another
            library with the same hooks.

    Raises:
        ContractError: If it is none of these.

    Example:
        >>> as_callback(Callback)  # doctest: +ELLIPSIS
        <kplug.callbacks.base.callback.Callback object at ...>
    """
    built = obj() if isinstance(obj, type) and issubclass(obj, Callback) else obj
    if isinstance(built, Callback):
        return built
    missing = [name for name in _NEEDED if not callable(getattr(built, name, None))]
    if missing or isinstance(built, type):
        raise ContractError(
            f"a callback needs the hooks of kplug.callbacks.Callback, and {quote(built)} has no "
            f"{', '.join(missing) or 'instance'}",
            hint="Derive from kplug.callbacks.Callback, or pass a function as "
            "LambdaCallback(on_epoch_end=function).",
        )
    return cast("Callback", built)
