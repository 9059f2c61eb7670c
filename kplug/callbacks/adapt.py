"""The contract of the kind ``callback``."""

from __future__ import annotations

from types import MethodType
from typing import cast

from kplug.callbacks.base.callback import Callback
from kplug.callbacks.callback_list import is_overridden
from kplug.components.contracts import check_call, instantiate
from kplug.errors import ContractError
from kplug.registry.quoting import quote

_HOOKS = {
    name: ("epoch",) * ("epoch" in name) + ("batch",) * ("batch" in name) + ("logs",)
    for name in vars(Callback)
    if name.startswith("on_")
}
_NEEDED = ("set_model", "set_params", "on_train_begin", "on_epoch_end", "on_train_end")


def as_callback(obj: object) -> Callback:
    """Return ``obj`` as a callback.

    Args:
        obj: A ``Callback``, a class of callbacks that needs no arguments, or an object of another
            library with the same hooks.

    Raises:
        ContractError: If it is none of these, or a hook does not take what it is called with.

    Example:
        >>> as_callback(Callback)  # doctest: +ELLIPSIS
        <kplug.callbacks.base.callback.Callback object at ...>
    """
    built = obj
    if isinstance(obj, type) and issubclass(obj, Callback):
        built = instantiate(obj, "a callback")
    if isinstance(built, Callback):
        _check_hooks(built)
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


def _check_hooks(callback: Callback) -> None:
    """Refuse hooks with other arguments now, not in the epoch in which they are first called."""
    for name, arguments in _HOOKS.items():
        if is_overridden(callback, name):
            hook = getattr(callback, name)
            is_method = isinstance(hook, MethodType)  # read with its self, which may be missing
            given = (callback, *arguments) if is_method else arguments
            wanted = f"Write it as {name}({', '.join(('self', *arguments) if is_method else arguments)})."
            function = hook.__func__ if is_method else hook
            check_call(function, given, {}, f"a hook of {type(callback).__name__}", wanted)
