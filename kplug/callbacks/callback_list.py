"""The `CallbackList` class: calls the hooks of a run's callbacks in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kplug.callbacks.base.callback import Callback
from kplug.callbacks.history import History
from kplug.errors import ArgumentError

_LEGACY_NAMES = {
    "on_train_batch_begin": "on_batch_begin",
    "on_train_batch_end": "on_batch_end",
}


class CallbackList:
    """The callbacks of one run, called in order; its ``on_…`` methods call those of each callback.

    Args:
        callbacks: The callbacks.
        add_history: Whether a ``History`` is added, which becomes ``model.history``.
        add_progbar: Must be False: ``kplug.utils.Progbar`` shows progress.
        model: The model passed to the callbacks; it may be any object.
        **params: ``verbose``, ``epochs`` and ``steps`` of the run.

    Raises:
        ArgumentError: ``add_progbar`` is True.

    Example:
        >>> from kplug.callbacks import History
        >>> record = History()
        >>> callbacks = CallbackList([record], epochs=1)
        >>> callbacks.on_train_begin()
        >>> callbacks.on_epoch_end(0, {"loss": 0.5})
        >>> record.history
        {'loss': [0.5]}

    Reference:
        ``keras.callbacks.CallbackList``.
    """

    def __init__(
        self,
        callbacks: Iterable[Any] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        if add_progbar:
            raise ArgumentError(
                "CallbackList has no bar of progress to add",
                hint="Leave add_progbar out, and call kplug.utils.Progbar(steps).update(step) in the loop.",
            )
        self.callbacks = list(callbacks or ())
        if add_history:
            self.append(History())
            if model is not None:
                model.history = self.callbacks[-1]
        self.set_params(params)
        self.set_model(model)
        for callback in self.callbacks:
            if isinstance(callback, Callback):
                callback.set_callbacks(self.callbacks)

    def append(self, callback: Any) -> None:
        """Add a callback at the end."""
        self.callbacks.append(callback)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Pass the parameters of the run to each callback, as separate dicts."""
        for callback in self.callbacks:
            callback.set_params(dict(params))

    def set_model(self, model: Any) -> None:
        """Pass the model to each callback."""
        for callback in self.callbacks:
            callback.set_model(model)

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Return the function that calls a hook of each callback, with a number and logs or logs alone."""
        if not name.startswith("on_") or not hasattr(Callback, name):
            raise AttributeError(f"CallbackList has no attribute {name!r}")
        count = 2 if "epoch" in name or "batch" in name else 1

        def call(*arguments: Any, **named: Any) -> None:
            self.call(name, *arguments, *[named.get("logs")][: count - len(arguments)])

        return call

    def hooks(self, name: str) -> list[Callable[..., Any]]:
        """Return the bound methods called ``name`` of the callbacks that override it."""
        return [
            getattr(callback, name) for callback in self.callbacks if is_overridden(callback, name)
        ]

    def collect_states(self) -> dict[str, Any]:
        """Return the states that callbacks keep, by class and number."""
        states = {key: one.state_dict() for key, one in self._list_by_key()}
        return {key: dict(state) for key, state in states.items() if state}

    def restore_states(self, states: Mapping[str, Any]) -> None:
        """Give callbacks their states; what the states of others are is ignored."""
        for key, callback in self._list_by_key():
            if key in states:
                callback.load_state_dict(states[key])

    def tell_of_error(self, error: BaseException) -> None:
        """Tell callbacks of the error that ends training; those of other libraries have no such hook."""
        for callback in self.callbacks:
            if isinstance(callback, Callback):
                callback.handle_error(error)

    def _list_by_key(self) -> list[tuple[str, Callback]]:
        counts: Counter[str] = Counter()
        found = []
        for callback in self.callbacks:
            if isinstance(callback, Callback):  # those of other libraries may have no states
                name = type(callback).__name__
                found.append((f"{name}/{counts[name]}", callback))
                counts[name] += 1
        return found

    def call(self, name: str, *arguments: Any) -> None:
        """Call the hook ``name`` of every callback."""
        for callback in self.callbacks:
            getattr(callback, name)(*arguments)


def is_overridden(callback: object, name: str) -> bool:
    """Return whether this callback overrides the hook ``name``.

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
