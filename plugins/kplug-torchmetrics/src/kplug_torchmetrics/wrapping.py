"""``wrap``: adapts an existing metric of torchmetrics."""

from __future__ import annotations

from typing import Any

from kplug.backend import snake_case
from kplug.components.layouts import has_channels_last
from kplug.errors import ArgumentValueError, ContractError
from kplug.metrics import Metric
from kplug_torchmetrics.adapter import TorchMetric
from kplug_torchmetrics.inputs import INPUTS
from kplug_torchmetrics.table import ROWS, Row

_TASKS = ("Binary", "Multiclass", "Multilabel")


class WrappedMetric(TorchMetric):
    """The adapter of an existing metric of torchmetrics; see `wrap`."""

    def __init__(self, module: Any, inputs: str | None = None, name: str | None = None) -> None:
        class_name = type(module).__name__
        if has_channels_last(module):
            raise ContractError(
                f"the {class_name} is adapted already, and would have its channels moved twice",
                hint="Give the metric of torchmetrics as it is: wrap knows where the channels are.",
            )
        task = next((each for each in _TASKS if class_name.startswith(each)), "")
        found = ROWS.get(class_name) or ROWS.get(class_name.removeprefix(task))
        self.inputs = inputs or (found.inputs if found else "")
        known = {*INPUTS, "classes", "masks"}
        if self.inputs not in known:
            words = ", ".join(sorted(known))
            raise ArgumentValueError("wrap", "inputs", inputs, f"for a {class_name} one of {words}")
        label = name if name is not None else snake_case(class_name)
        Metric.__init__(self, label)
        input_format = getattr(module, "input_format", None)
        self.arguments = {"task": task.lower(), "input_format": input_format}
        self._inner = None
        self._adopt(module, Row(label, self.inputs, ""))

    def get_config(self) -> dict[str, Any]:
        """Return the metric itself, its input kind and name."""
        return {"module": self.module, "inputs": self.inputs, "name": self.name}


def wrap(metric: Any, inputs: str | None = None, name: str | None = None) -> TorchMetric:
    """Return a metric of torchmetrics as a metric of kplug.

    Args:
        metric: An instance, such as ``torchmetrics.AUROC(task="binary")``.
        inputs: The input kind of its ``update``, from `kplug_torchmetrics.inputs`; optional for the
            classes of the table.
        name: Label in logs and history; by default the class's name in snake case.

    Returns:
        The adapter; it shares the metric's state.

    Raises:
        ArgumentValueError: if the input kind is unknown.
        ContractError: if `kplug.channels_first` has adapted it.

    Example:
        >>> import torch, torchmetrics
        >>> wrap(torchmetrics.MeanAbsoluteError())(torch.zeros(2), torch.ones(2, 1))
        tensor(1.)
    """
    return WrappedMetric(metric, inputs, name)
