"""The ``InputForm`` class: matches the data of a call to a functional model's inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from torch import Tensor

from kplug.errors import DataError
from kplug.graph import Layout, Shape, SymbolicTensor, TensorSpec
from kplug.registry.suggestions import ask, find_closest


@final
class InputForm:
    """The input signature of a functional model.

    Args:
        owner: The model's name, for messages.
        layout: The symbolic inputs as they were given.

    Attributes:
        tensors: The symbolic inputs in one list.
        names: Their keys in a dict of inputs.
    """

    def __init__(self, owner: str, layout: Layout) -> None:
        self.layout = layout
        self.tensors: list[SymbolicTensor] = layout.leaves
        self.names: list[str] = layout.keys or [tensor.layer.name for tensor in self.tensors]
        self._owner = owner
        self._shapes: tuple[Shape, ...] = tuple(tensor.layer.batch_shape for tensor in self.tensors)

    def unpack(self, inputs: Any) -> Sequence[Any]:
        """Return the value of each input, in order.

        Args:
            inputs: One value; a list of one for each input; a dict by name, in which further names
                are ignored; or nested as the model's inputs are.

        Raises:
            DataError: The number or the names differ.
        """
        if isinstance(inputs, Tensor) and len(self.tensors) == 1:
            return (inputs,)
        if isinstance(inputs, dict):
            return self._unpack_dict(inputs)
        if len(self.tensors) == 1 and (_is_one(inputs) or _holds_scalars(inputs)):
            return (inputs,)
        if _is_list_of_ones(inputs, len(self.tensors)):
            return list(inputs)
        if self.layout.is_nested:
            return self._unpack_nested(inputs)
        if _is_one(inputs) or len(inputs) != len(self.tensors):
            raise self._misform(inputs, f"a list or a dict of {_quote(self.names)}")
        return list(inputs)

    def _unpack_dict(self, inputs: dict[str, Any]) -> Sequence[Any]:
        missing = [name for name in self.names if name not in inputs]
        if missing and self.layout.is_nested:
            return self._unpack_nested(inputs)
        if missing:
            unknown = [name for name in inputs if name not in self.names]
            raise DataError(
                f"model {self._owner!r} got nothing for input {missing[0]!r}; it was given "
                f"{_quote(inputs)}",
                hint=f"{_suggest(missing[0], unknown)}Its inputs are {_quote(self.names)}.",
            )
        return [inputs[name] for name in self.names]

    def _unpack_nested(self, inputs: Any) -> Sequence[Any]:
        try:
            return self.layout.unpack(inputs)
        except ValueError as error:
            raise self._misform(inputs, f"{error}, or a dict with {_quote(self.names)}") from None

    def _misform(self, inputs: Any, expected: str) -> DataError:
        return DataError(
            f"model {self._owner!r} takes {_count(len(self.tensors), 'input')}, "
            f"got {_describe(inputs)}",
            hint=f"Give {expected}.",
        )

    def fit(self, values: list[Any]) -> list[Any]:
        """Return tensors with the rank of the inputs.

        A trailing axis of size 1 is added or removed, as in Keras.

        Raises:
            DataError: A shape differs otherwise.
        """
        for index, (value, shape) in enumerate(zip(values, self._shapes, strict=True)):
            if value.ndim != len(shape):
                values[index] = value = _adjust(value, shape)
            if not _fits(value.shape, shape):
                raise self._misfit(index, value.shape)
        return values

    def check_shapes(self, shapes: Sequence[Shape]) -> None:
        """Refuse shapes that do not fit the inputs.

        Raises:
            DataError: The message names the input and both shapes.
        """
        for index, (given, shape) in enumerate(zip(shapes, self._shapes, strict=True)):
            if not _fits(given, shape):
                raise self._misfit(index, given)

    def _misfit(self, index: int, given: Sequence[int | None]) -> DataError:
        shape = (None, *self._shapes[index][1:])
        return DataError(
            f"model {self._owner!r} expects input {self.names[index]!r} of shape {shape}, "
            f"got shape {tuple(given)}"
        )


def _fits(given: Sequence[int | None], shape: Shape) -> bool:
    if len(given) != len(shape):
        return False
    for axis in range(1, len(shape)):
        size = shape[axis]
        if size is not None and given[axis] is not None and given[axis] != size:
            return False
    return True


def _adjust(value: Tensor, shape: Shape) -> Tensor:
    if value.ndim == len(shape) + 1 and value.shape[-1] == 1:
        return value.squeeze(-1)
    if value.ndim == len(shape) - 1 and shape[-1] == 1:
        return value.unsqueeze(-1)
    return value


def _is_one(value: Any) -> bool:
    return isinstance(value, TensorSpec) or not isinstance(value, (list, tuple, dict))


def _is_list_of_ones(value: Any, count: int) -> bool:
    return not _is_one(value) and len(value) == count and all(map(_is_one, value))


def _holds_scalars(value: Any) -> bool:
    """Return whether nested lists contain only numbers or texts: rows of one input."""
    if isinstance(value, (list, tuple)) and not isinstance(value, TensorSpec):
        return bool(value) and all(_holds_scalars(part) for part in value)
    return isinstance(value, (int, float, str, bytes))


def _describe(inputs: Any) -> str:
    if isinstance(inputs, dict):
        return f"a dict with {_quote(inputs)}"
    return f"one {type(inputs).__name__}" if _is_one(inputs) else f"a list of {len(inputs)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _suggest(missing: str, unknown: Sequence[Any]) -> str:
    names = [name for name in unknown if isinstance(name, str)]
    misspelt = find_closest(missing, names)
    return f"There is no input {misspelt!r}. {ask(missing)} " if misspelt else ""


def _quote(names: Any) -> str:
    return ", ".join(repr(name) for name in names) or "nothing"
