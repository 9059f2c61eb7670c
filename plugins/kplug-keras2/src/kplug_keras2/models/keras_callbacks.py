"""Callback attributes of Keras 1 and 2: more ``params``, and ``validation_data``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kplug.callbacks import Callback
from kplug.support.nested import map_leaves
from kplug_keras2.models.log_names import name_fields


class Teller(Callback):
    """Provides Keras 2's attributes to the other callbacks, which it precedes.

    Args:
        others: The other callbacks.
        params: Additional entries of their ``params``.
    """

    def __init__(self, others: list[Any], params: Mapping[str, Any]) -> None:
        super().__init__()
        self._others, self._params = others, params

    def on_train_begin(self, logs: Any = None) -> None:
        """Complete the parameters of each."""
        del logs
        for one in self._others:
            epochs = one.params.get("epochs")
            one.params.update({"nb_epoch": epochs, "metrics": self._list_metrics(), **self._params})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Translate the names of logs in file name templates."""
        del epoch
        for one in self._others:
            if isinstance(getattr(one, "filepath", None), str):
                one.filepath = name_fields(one.filepath, {"epoch": None, **(logs or {})})

    def _list_metrics(self) -> list[str]:
        names = list(self.model.metrics_names)
        return [*names, *(f"val_{name}" for name in names)]


class RateLog(Callback):
    """Logs the learning rate under Keras 2's name, ``lr``; it follows the other callbacks."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Rename the entry of callbacks that change the rate."""
        del epoch
        if "learning_rate" in list(logs or ()):
            logs["lr"] = logs.pop("learning_rate")


def tell_callbacks(given: Mapping[str, Any]) -> Any:
    """Return the callbacks of ``fit``, preceded by a ``Teller`` with samples, batches and metrics.

    Args:
        given: The arguments of ``fit``. Callbacks get the validation data as ``validation_data``.
    """
    callbacks = given.get("callbacks")
    several = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
    own = [one for one in several if isinstance(one, Callback)]
    if not own:
        return callbacks
    size = given.get("batch_size") or 32
    for one in own:
        one.validation_data = _list_arrays(_find_validation_data(given))  # type: ignore[attr-defined]
    params = {"batch_size": size, "samples": _count_samples(given.get("x"))}
    return [Teller(own, params), *several, RateLog()]


def _count_samples(data: Any) -> int | None:
    first = data
    while isinstance(first, (list, tuple, dict)) and first:
        first = next(iter(first.values() if isinstance(first, dict) else first))
    try:
        return len(first) if hasattr(first, "shape") else None
    except TypeError:
        return None


def _find_validation_data(given: Mapping[str, Any]) -> Any:
    """Return the validation data: the given ones, or the part of ``validation_split``."""
    data, share = given.get("validation_data"), given.get("validation_split")
    count = _count_samples(given.get("x"))
    if data is not None or not share or count is None:
        return data
    first = int(count * (1 - share))
    return tuple(map_leaves((given["x"], given["y"]), np.ndarray, lambda one: one[first:]))


def _list_arrays(data: Any) -> Any:
    """Return validation data as Keras 2 has it: inputs, targets and weights in one list."""
    is_pair = isinstance(data, (list, tuple)) and len(data) in (2, 3)
    if not is_pair or (isinstance(data[0], (list, tuple)) and isinstance(data, list)):
        return data
    inputs, targets = (_list_leaves(one) for one in data[:2])
    weights = [data[2]] if len(data) == 3 else [np.ones(len(one)) for one in targets]
    return [*inputs, *targets, *weights]


def _list_leaves(data: Any) -> list[Any]:
    """Return the arrays of inputs or targets; a model with a loss of its own has no targets."""
    several = data if isinstance(data, (list, tuple)) else [data]
    return [one for one in several if one is not None]
