"""Names of metrics in logs: ``acc`` and ``accuracy``, ``mae`` and its full name.

Names differ between versions of Keras. Logs contain one name, and look-ups accept both.
"""

from __future__ import annotations

import re
import string
from collections import UserDict
from collections.abc import Callable, Iterator
from typing import Any

from kplug.callbacks import CallbackList, History

_SYNONYMS = (
    ("acc", "accuracy"),
    ("cosine", "cosine_proximity", "cosine_similarity"),
    ("kld", "kullback_leibler_divergence", "kl_divergence"),
    ("lr", "learning_rate"),
    ("mae", "mean_absolute_error"),
    ("mape", "mean_absolute_percentage_error"),
    ("mse", "mean_squared_error"),
    ("msle", "mean_squared_logarithmic_error"),
)


def name_metrics(metrics: Any) -> Any:
    """Return the metrics of ``compile`` with the accuracy under the name that Keras 2 writes."""
    if isinstance(metrics, dict):
        return {name: name_metrics(one) for name, one in metrics.items()}
    if isinstance(metrics, (list, tuple)):
        return [name_metrics(one) for one in metrics]
    if str(getattr(metrics, "__module__", "")).startswith(("kplug.metrics", "kplug.losses")):
        return getattr(metrics, "__wrapped__", metrics)  # kplug's own class, which files name
    return "acc" if metrics == "accuracy" else metrics


def _list_synonyms(name: object) -> Iterator[str]:
    """Return the synonyms of a log's name, with the prefixes ``val_`` and of an output."""
    for names in _SYNONYMS if isinstance(name, str) else ():
        for one in names:
            if f"_{name}".endswith(f"_{one}"):
                start = str(name)[: -len(one)]
                yield from (start + other for other in names if other != one)


class _BothNames:
    """Mixin that also looks up the synonyms of a log's name."""

    def __missing__(self, name: Any) -> Any:
        for other in _list_synonyms(name):
            if other in iter(self):  # type: ignore[call-overload]
                return self[other]  # type: ignore[index]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        names = set(iter(self))  # type: ignore[call-overload]
        return name in names or not names.isdisjoint(_list_synonyms(name))

    def get(self, name: Any, default: Any = None) -> Any:
        """Return a log, or the default."""
        return self[name] if name in self else default  # type: ignore[index]  # noqa: SIM401


class Logs(_BothNames, dict[str, Any]):
    """Logs of an epoch, or lists of them, with look-up by the names of either Keras.

    Example:
        >>> logs = Logs({"val_acc": 0.5})
        >>> logs["val_accuracy"], logs.get("val_acc"), "val_loss" in logs, list(logs)
        (0.5, 0.5, False, ['val_acc'])
    """

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


class _BatchLogs(_BothNames, UserDict[str, Any]):
    """The same for lazily read logs."""

    def __init__(self, logs: Any) -> None:
        self.data = logs

    def __bool__(self) -> bool:
        return True  # the check must not synchronize


_call, _hooks = CallbackList.call, CallbackList.hooks


def _call_with_names(self: CallbackList, name: str, *arguments: Any) -> None:
    """Call a hook of every callback, with logs that accept both names."""
    *first, logs = arguments
    answering = Logs(logs or {})
    _call(self, name, *first, answering)
    if logs is not None:
        logs.clear()
        logs.update(answering)  # entries written by callbacks
    if name == "on_train_begin":
        for one in self.callbacks:
            if isinstance(one, History):
                one.history = Logs(one.history)


def _hooks_with_names(self: CallbackList, name: str) -> list[Callable[..., Any]]:
    """Return the callbacks' hooks, which receive such logs."""

    def answering(hook: Callable[..., Any]) -> Callable[..., Any]:
        return lambda batch, logs: hook(batch, _BatchLogs(logs))

    return [answering(hook) for hook in _hooks(self, name)]


OF_CALLBACK_LISTS: dict[str, Any] = {"call": _call_with_names, "hooks": _hooks_with_names}


def name_fields(template: str, logs: Any) -> str:
    """Replace names of logs in a file name template by the names in use.

    Example:
        >>> name_fields("w.{epoch:02d}-{val_accuracy:.2f}.h5", Logs({"val_acc": 0.5}))
        'w.{epoch:02d}-{val_acc:.2f}.h5'
    """
    for _, name, _, _ in string.Formatter().parse(template):
        if name and name not in list(logs):
            written = next((one for one in _list_synonyms(name) if one in list(logs)), name)
            template = re.sub(rf"\{{{re.escape(name)}(?=[:!}}])", f"{{{written}", template)
    return template
