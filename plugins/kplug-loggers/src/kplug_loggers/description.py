"""Describes a model for a logger beside its metrics: parameters, component table, lock and signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kplug.components.arguments import is_number
from kplug.locking import format_lock, lock_rows

# The kinds that `compile` takes; those of layers are in the table alone.
_OF_COMPILE = ("optimizer", "loss", "metric", "schedule")
_COLUMNS = ("slot", "kind", "component", "package", "version", "rule")


@dataclass(frozen=True)
class TensorInfo:
    """An input or output of a model.

    Args:
        name: Its name.
        shape: Its shape; None for any size.
        dtype: Its type, such as ``"float32"``.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class Signature:
    """The inputs and the outputs of a model, in order."""

    inputs: Sequence[TensorInfo]
    outputs: Sequence[TensorInfo]


@dataclass(frozen=True)
class Table:
    """Named columns and rows of texts."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def list_params(model: Any) -> dict[str, Any]:
    """Return the parameters of a compiled model.

    Returns:
        The number of weights, what ``compile`` was given by its slot, and the arguments of those components.

    Example:
        >>> import kplug
        >>> model = kplug.Sequential([kplug.layers.Dense(1, input_dim=2)])
        >>> model.compile("sgd(lr=0.5)", "mse")
        >>> params = list_params(model)
        >>> params["weights"], params["loss"], params["optimizer.lr"]
        (3, 'kplug/mean_squared_error', 0.5)
    """
    params: dict[str, Any] = {"weights": model.count_params()}
    for row in model.components:
        if row.kind in _OF_COMPILE:
            params[row.slot] = row.name
            found = {f"{row.slot}.{name}": value for name, value in row.arguments.items()}
            params |= {name: value for name, value in found.items() if is_scalar(value)}
    return params


def is_scalar(value: object) -> bool:
    """Return whether every library takes a value as a parameter."""
    return isinstance(value, (bool, int, float, str))


def tabulate_components(model: Any) -> Table:
    """Return a model's component table."""
    rows = [
        (
            row.slot,
            row.kind,
            row.spec or row.written or row.name,
            row.distribution,
            row.version,
            row.rule,
        )
        for row in model.components
    ]
    return Table(_COLUMNS, rows)


def make_lock(model: Any) -> str:
    """Return the text of a lock of the packages that supply a model's components.

    Raises:
        LockError: One of them is not installed here.
    """
    rows = [
        {**row.to_json(), "code": {"distribution": row.code} if row.code else None}
        for row in model.components
    ]
    return format_lock(lock_rows(rows, allow_unlocked=True), f"the model {model.name!r}")


def find_signature(model: Any) -> Signature | None:
    """Return a model's inputs and outputs; None of a model that is no graph.

    Example:
        >>> import kplug
        >>> model = kplug.Sequential([kplug.layers.Dense(1, input_dim=2, name="score")])
        >>> find_signature(model).outputs
        [TensorInfo(name='score', shape=(None, 1), dtype='float32')]
    """
    inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
    if not inputs or not outputs:
        return None
    return Signature(_describe(model.input_names, inputs), _describe(model.output_names, outputs))


def _describe(names: Sequence[str], tensors: Sequence[Any]) -> list[TensorInfo]:
    return [
        TensorInfo(name, tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
        for name, tensor in zip(names, tensors, strict=True)
    ]


def list_numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """Return logs as numbers; of a log with several, such as one for each class, each has its own name.

    Logs that are no numbers, which callbacks may add, are left out.

    Example:
        >>> list_numbers({"loss": 0.5, "iou": [0.25, 0.75]})
        {'loss': 0.5, 'iou/0': 0.25, 'iou/1': 0.75}
    """
    numbers: dict[str, float] = {}
    for name, value in logs.items():
        several = value.tolist() if hasattr(value, "tolist") else value
        found = {name: several}
        if isinstance(several, (list, tuple)):
            found = {f"{name}/{place}": one for place, one in enumerate(several)}
        numbers |= {key: float(one) for key, one in found.items() if is_number(one)}
    return numbers
