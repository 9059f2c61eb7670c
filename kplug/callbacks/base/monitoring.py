"""The `MonitoringCallback` base class: watches whether a log improves."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from typing_extensions import override

from kplug.backend.processes import is_main_process
from kplug.callbacks.base.callback import Callback
from kplug.components.arguments import is_number, refusal, require_choice
from kplug.dialect.names import find_built_in
from kplug.errors import ArgumentValueError
from kplug.registry import REGISTRY
from kplug.registry.component_facts import find_metric_names
from kplug.registry.user_warnings import warn

# Words in names of logs that nobody has declared.
_SMALLER_IS_BETTER = r"loss|error|mse|mae|mape|msle|rmse|entropy|crossentropy|divergence|perplexity"
_LARGER_IS_BETTER = (
    r"acc|accuracy|auc|precision|recall|sensitivity|specificity|f1|fbeta|iou|r2|dice|jaccard|similarity"
    r"|correlation"
)


_NUMBER = re.compile(r"_\d+$")
_NUMBERS = (
    "Keras numbers a metric without a name among all that a program has made, kplug among those of a model: "
    "give the metric a name, such as Precision(name='p')"
)


class MonitoringCallback(Callback):
    """Base of callbacks that act on whether one log improves.

    Args:
        monitor: The log to watch, such as ``"val_loss"``.
        mode: ``"min"``, ``"max"``, or ``"auto"`` to decide by the ``direction`` of the model's metric of
            that name, or else by the log's name.
        min_delta: A change smaller than this is no improvement; its sign is ignored.
    """

    _state_names: tuple[str, ...] = ()  # the attributes that a resumed run goes on from

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0.0
    ) -> None:
        if not isinstance(monitor, str):
            raise refusal(self.label, "monitor", monitor, "the name of a log, such as 'val_loss'")
        if not is_number(min_delta):
            raise refusal(self.label, "min_delta", min_delta, "a number")
        self.monitor, self.min_delta = monitor, abs(min_delta)
        self.mode = require_choice(self.label, "mode", mode, ("auto", "min", "max"))

    @override
    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._state_names}

    @override
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for name in self._state_names:
            setattr(self, name, state[name])

    @property
    def label(self) -> str:
        """The name that messages use for this callback."""
        return type(self).__name__

    def require_level(self, argument: str, value: float | None) -> float | None:
        """Return an argument that the log is compared with, checked; None for no comparison."""
        if value is None or is_number(value):
            return value
        raise refusal(self.label, argument, value, "None or a number")

    def find_value(self, logs: Mapping[str, Any] | None) -> float | None:
        """Return the watched log as a number; if it is missing, warn and return None."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            value = self._find_unnumbered(logs or {})
        if value is None:
            return None
        if not is_number(value):
            raise ArgumentValueError(
                self.label,
                "monitor",
                self.monitor,
                f"a log that is one number, and this one is {value!r}; a metric with a value for each "
                "class has an argument that averages them",
            )
        return float(value)

    def _find_unnumbered(self, logs: Mapping[str, Any]) -> Any:
        """Return the log that a Keras name with a number, such as ``auc_1``, refers to; warn about it."""
        missing = f"{self.label} watches {self.monitor!r}, and this epoch has no log of that name"
        plain = _NUMBER.sub("", self.monitor)
        named_so = [name for name in logs if _NUMBER.sub("", name) == plain]
        is_known = named_so == [plain]
        found = f"{plain!r} stands for it" if is_known else f"it has: {', '.join(logs) or 'none'}"
        advice = f". {_NUMBERS}" if named_so else ""
        warn(f"{missing}; {found}{advice}")
        return logs[plain] if is_known else None

    def is_improvement(self, value: float, reference: float | None) -> bool:
        """Tell whether ``value`` is better than ``reference`` by more than ``min_delta``."""
        if reference is None:
            return True
        if self.direction == "max":
            return value - self.min_delta > reference
        return value + self.min_delta < reference

    @property
    def direction(self) -> str:
        """``"min"`` or ``"max"``."""
        if self.mode != "auto":
            return self.mode
        return find_direction(self.monitor, self.label, getattr(self.model, "metrics", ()))


def find_direction(monitor: str, owner: str = "EarlyStopping", metrics: Iterable[Any] = ()) -> str:
    """Return ``"min"`` or ``"max"`` for a log.

    The ``direction`` of the metric of that name decides, then that of the built-in metric of that name, then
    the words in the name of the log and of the metric's class. A log's name may begin with more than the
    metric's, such as ``val_``.

    Raises:
        ArgumentValueError: If nothing decides. Keras 2 minimised such a log silently.

    Example:
        >>> find_direction("val_loss"), find_direction("val_binary_accuracy")
        ('min', 'max')

    Reference:
        Keras 3 recognizes losses and its own metrics; kplug also recognizes a function called ``dice``.
    """
    named = [metric for metric in metrics if _may_have_log(metric, monitor)]
    named.sort(key=lambda metric: len(str(metric.name)), reverse=True)
    stated = (getattr(metric, "direction", None) for metric in named)
    found = next((one for one in stated if one in ("min", "max")), None)
    found = found or _find_built_in_direction(_NUMBER.sub("", monitor.removeprefix("val_")))
    if found is None:
        classes = (re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(one).__name__) for one in named)
        found = next(filter(None, map(_guess_direction, (monitor, *classes))), None)
    if found is None:
        raise ArgumentValueError(
            owner,
            "mode",
            "auto",
            f"'min' or 'max', because the name {monitor!r} does not say which",
        )
    return found


def _may_have_log(metric: Any, monitor: str) -> bool:
    name = f"_{getattr(metric, 'name', None)}"
    return f"_{monitor}".endswith(name) or _NUMBER.sub("", f"_{monitor}").endswith(name)


@functools.lru_cache(maxsize=64)
def _find_built_in_direction(log: str) -> str | None:
    """Return the direction of the built-in metric whose name ends a log's name."""
    words = log.split("_")
    if words == ["loss"]:
        return "min"
    for start in range(len(words)):
        component = find_built_in("metric", "_".join(words[start:]))
        if component is not None:
            target = REGISTRY.load(component)
            is_loss = bool(find_metric_names(target))
            return "min" if is_loss else getattr(target, "direction", None)
    return None


def _guess_direction(text: str) -> str | None:
    for words, direction in ((_SMALLER_IS_BETTER, "min"), (_LARGER_IS_BETTER, "max")):
        if re.search(rf"(^|_)({words})(_|$)", text.lower()):
            return direction
    return None


def say(text: str) -> None:
    """Print one line for the user, in the main process only."""
    if is_main_process():
        sys.stdout.write(f"{text}\n")
