"""Matches arrays with a model's inputs and outputs: by position in a list, or by name in a dict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from kplug.errors import DataError
from kplug.layers.base.layer_warnings import warn_once
from kplug.layers.base.shapes import is_shape
from kplug.registry.suggestions import ask, did_you_mean, find_closest
from kplug.training.model_protocol import TrainableModel

_ARGUMENTS = "Inputs and targets are two arguments, as in fit(x, y)"


@dataclass(frozen=True, slots=True)
class Ports:
    """The inputs or the outputs of a model.

    Args:
        kind: ``"input"`` or ``"output"``.
        names: Their names in order; an empty string for one that has no name.
        model_name: The model's name, for messages.
    """

    kind: str
    names: tuple[str, ...]
    model_name: str

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.names)

    @property
    def are_named(self) -> bool:
        """Whether a dict can address them by name."""
        return all(self.names)

    def label(self, index: int) -> str:
        """Return the subscript of one of several in a message, such as ``['score']`` or ``[0]``."""
        return f"[{(self.names[index] or index)!r}]"

    def describe(self) -> str:
        """Return a description such as ``model 'net' has 2 inputs: 'left', 'right'``."""
        plural = "" if self.count == 1 else "s"
        listing = f": {self.list_names()}" if self.are_named and self.count > 1 else ""
        return f"model {self.model_name!r} has {self.count} {self.kind}{plural}{listing}"

    def list_names(self) -> str:
        """Return the names as messages list them."""
        return ", ".join(map(repr, self.names))


def output_ports(model: TrainableModel) -> Ports:
    """Return the outputs of a model; one unnamed output if neither class nor ``compile`` names them."""
    return Ports("output", list_output_names(model) or ("",), model.name)


def list_output_names(model: TrainableModel) -> tuple[str, ...]:
    """Return the names of a model's outputs, by its class or else as ``compile`` named them."""
    names = tuple(getattr(model, "output_names", ()))
    return names if names or model.compiled is None else model.compiled.output_names


def input_ports(model: TrainableModel, shapes: Any) -> Ports:
    """Return the inputs of a model for its input shapes; None is an input of unknown shape."""
    names = tuple(getattr(model, "input_names", ()))
    if isinstance(shapes, Mapping):
        names = tuple(shapes)
    count = 1 if shapes is None or is_shape(shapes) else len(shapes)
    return Ports("input", names if len(names) == count else ("",) * count, model.name)


def is_flat(shapes: Any) -> bool:
    """Tell whether shapes are one shape, or a list or dict of shapes; False for deeper nests.

    Example:
        >>> is_flat([(None, 3), (None, 2)]), is_flat([(None, 3), [(None, 2)]])
        (True, False)
    """
    if is_shape(shapes):
        return True
    return all(map(is_shape, shapes.values() if isinstance(shapes, Mapping) else shapes))


def arrange_inputs(model: TrainableModel, x: Any, method: str) -> Any:
    """Return inputs nested as the model takes them: a tensor, a list, or a dict by name.

    If the model does not know its inputs yet, or nests them deeper than one list or dict, they are returned
    unchanged. A dict may hold further names, which are warned about once.

    Raises:
        DataError: If the number of inputs differs from the model's, or an input is missing.
    """
    shapes = model.find_input_shape()
    if isinstance(x, Tensor) and is_shape(shapes):
        return x
    is_unknown = shapes is None and model.input_count is None
    if is_unknown or not (shapes is None or is_flat(shapes)):
        return x[0] if isinstance(x, list) and len(x) == 1 else x
    ports = input_ports(model, shapes)
    ordered = arrange(x, ports, f"{method}: x")
    unused = [name for name in x if name not in ports.names] if isinstance(x, Mapping) else ()
    if unused:
        warn_once(
            model,
            "unused inputs",
            f"{method}: x has {', '.join(map(repr, unused))}, and model {model.name!r} has no input of that "
            f"name, so it is not used. Its inputs are: {ports.list_names()}.",
        )
    for index, array in enumerate(ordered):
        if array is None:
            raise DataError(f"{method}: x{ports.label(index)} is None")
    if shapes is None or is_shape(shapes):
        return ordered[0]
    return dict(zip(shapes, ordered, strict=True)) if isinstance(shapes, Mapping) else ordered


def arrange_targets(model: TrainableModel, y: Any, method: str) -> Any:
    """Return the targets: None, a tensor for one output, else a list with one entry per output."""
    if y is None or (isinstance(y, Tensor) and len(list_output_names(model)) <= 1):
        return y
    ports = output_ports(model)
    ordered = arrange(y, ports, f"{method}: y")
    return ordered[0] if ports.count == 1 else ordered


def arrange_weights(model: TrainableModel, weights: Any, method: str) -> Any:
    """Return the sample weights, arranged like the targets; one array applies to every output."""
    if weights is None:
        return None
    ports = output_ports(model)
    if ports.count > 1 and not isinstance(weights, (list, Mapping)):
        return [weights] * ports.count
    ordered = arrange(weights, ports, f"{method}: sample_weight")
    return ordered[0] if ports.count == 1 else ordered


def arrange(given: Any, ports: Ports, what: str) -> list[Any]:
    """Return one entry for each input or output, in their order.

    Returns:
        The entries; None for an output that a dict leaves out.

    Raises:
        DataError: If the number differs, an input is missing, or an output has no such name.
    """
    if isinstance(given, Mapping):
        return _pick_by_name(given, ports, what)
    if isinstance(given, list):
        if len(given) == ports.count:
            return given
        raise DataError(
            f"{what} is a list of {_count_arrays(given)}, but {ports.describe()}",
            hint=_suggest_for_list(given, ports),
        )
    if ports.count == 1:
        return [given]
    raise DataError(
        f"{what} is one array, but {ports.describe()}",
        hint="Give a list of arrays in that order, or a dict by name.",
    )


def _count_arrays(given: Sequence[Any]) -> str:
    return "1 array" if len(given) == 1 else f"{len(given)} arrays"


def _suggest_for_list(given: Sequence[Any], ports: Ports) -> str | None:
    if ports.count > 1:
        return None
    shapes = {tuple(array.shape) for array in given if isinstance(array, Tensor)}
    stack = "; np.stack makes one array of a list of samples" if len(shapes) == 1 else ""
    if ports.kind == "output" and not ports.are_named:
        return (
            "A model that returns several outputs says so: set self.output_names = ['…', …] in its "
            f"constructor{stack}."
        )
    return f"{_ARGUMENTS}{stack}."


def _pick_by_name(given: Mapping[str, Any], ports: Ports, what: str) -> list[Any]:
    """Return the entries by name; every input must be given, and no unknown output may be."""
    if not ports.are_named:
        raise DataError(
            f"{what} is a dict, but the {ports.kind}s of model {ports.model_name!r} have no names",
            hint="Pass the array itself, or a list of arrays.",
        )
    unknown = [name for name in given if name not in ports.names]
    if ports.kind == "input":
        for name in ports.names:
            if name not in given:
                raise _missing_name(name, ports, what, unknown)
    elif unknown:
        raise _unknown_name(unknown[0], ports, what)
    return [given.get(name) for name in ports.names]


def _missing_name(name: str, ports: Ports, what: str, unknown: Sequence[str]) -> DataError:
    misspelt = find_closest(name, map(str, unknown))
    guess = f"There is no input {misspelt!r}. {ask(name)} " if misspelt else ""
    return DataError(
        f"{what} has no array for input {name!r} of model {ports.model_name!r}",
        hint=f"{guess}Its inputs are: {ports.list_names()}.",
    )


def _unknown_name(name: object, ports: Ports, what: str) -> DataError:
    question = did_you_mean(name, ports.names)
    return DataError(
        f"{what} has an array {name!r}, but model {ports.model_name!r} has no {ports.kind} of that "
        f"name{question and f'. {question}'}",
        hint=f"Its {ports.kind}s are: {ports.list_names()}.",
    )
