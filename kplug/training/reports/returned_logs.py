"""The logs that custom steps return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor


class ReturnedLogs:
    """The logs of the last step, as in Keras: only metrics accumulate.

    Example:
        >>> record = ReturnedLogs()
        >>> record.add({"loss": 0.5, "all": {"mae": 0.25}}, 32)
        >>> record.logs
        {'loss': 0.5, 'mae': 0.25}
    """

    first_bad_step: int | None = None

    def __init__(self) -> None:
        self.logs: dict[str, Any] = {}

    def add(self, logs: Mapping[str, Any], size: float) -> None:  # noqa: ARG002 - as a RunningLoss
        """Store the logs of a step; the results of a metric with several are flattened."""
        self.logs = {}
        for name, value in logs.items():
            self.logs |= value if isinstance(value, Mapping) else {name: value}

    def state(self) -> dict[str, Any]:
        """Return the logs of the last step that are numbers."""
        kinds = (Tensor, int, float)
        return {name: value for name, value in self.logs.items() if isinstance(value, kinds)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.logs = dict(state)
