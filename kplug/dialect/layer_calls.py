"""Reads and writes the arguments of a layer call, in the forms of Keras 2, tf-keras and Keras 3."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kplug.errors import SpecError
from kplug.support.nested import find_leaves

_CONSTANT = "_CONSTANT_VALUE"  # tf-keras's mark of an argument that is no tensor


class Reference(NamedTuple):
    """A tensor in a configuration: an output of one call of a layer."""

    layer: str
    call: int
    output: int


class LayerCall(NamedTuple):
    """One call of a layer; ``Reference``s stand for tensors.

    Args:
        args: Positional arguments.
        kwargs: Keyword arguments.
        generation: 3 for Keras 3's form, else 2.
    """

    args: list[Any]
    kwargs: dict[str, Any]
    generation: int = 2


def read_call(data: Any) -> LayerCall:
    """Return the call that an entry of ``inbound_nodes`` describes.

    Raises:
        SpecError: It has no known form.

    Example:
        >>> read_call([["dense", 0, 0, {}]]).args
        [Reference(layer='dense', call=0, output=0)]
    """
    is_keras_3 = isinstance(data, Mapping) and set(data) == {"args", "kwargs"}
    call = _read_keras_3(data) if is_keras_3 else _read_keras_2(data)
    if next(find_leaves([call.args, call.kwargs], Reference), None) is None:
        raise _unknown_form(data)
    return call


def _read_keras_3(data: Mapping[str, Any]) -> LayerCall:
    args, kwargs = read_value(data["args"]), read_value(data["kwargs"])
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise _unknown_form(data)
    return LayerCall(args, _without_switches(kwargs, 3), generation=3)


def _read_keras_2(data: Any) -> LayerCall:
    kwargs: dict[str, Any] = {}
    inputs = _read_inputs(data, kwargs)
    if isinstance(data, (list, tuple)) and isinstance(inputs, list) and len(inputs) == 1:
        inputs = inputs[0]
    return LayerCall([inputs], _without_switches(_read_keywords(kwargs), 2), generation=2)


def _read_inputs(data: Any, kwargs: dict[str, Any]) -> Any:
    """Return Keras 2's inputs of a call, and collect the keyword arguments among them."""
    if isinstance(data, Mapping):
        return {key: _read_inputs(part, kwargs) for key, part in data.items()}
    if not isinstance(data, (list, tuple)) or not data:
        raise _unknown_form(data)
    if not isinstance(data[0], str):
        return [_read_inputs(part, kwargs) for part in data]
    if len(data) not in (3, 4) or not isinstance(data[-1] if len(data) == 4 else {}, Mapping):
        raise _unknown_form(data)
    if len(data) == 4:
        kwargs.update(data[3])
    return data[2] if data[0] == _CONSTANT else read_reference(data[:3])


def _read_keywords(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return tf-keras's keyword arguments, in which lists such as ``["dense", 0, 0]`` are tensors."""
    return {
        key: Reference(*value) if _is_reference(value) else value for key, value in kwargs.items()
    }


def read_reference(data: Any) -> Reference:
    """Return the tensor that ``[layer, call, index]`` names."""
    if not _is_reference(data):
        raise _unknown_form(data)
    return Reference(*data)


def find_generation(calls: Mapping[str, Sequence[LayerCall]]) -> int:
    """Return the generation of Keras whose form a graph's calls have, 2 or 3; 3 without calls."""
    generations = {call.generation for own in calls.values() for call in own}
    return 2 if generations == {2} else 3


def read_ends(data: Any, generation: int) -> Any:
    """Return ``input_layers`` or ``output_layers`` with a ``Reference`` for each tensor.

    Keras 2 writes a single tensor as a list of one, Keras 3 in the given structure.

    Args:
        data: The entry of the configuration.
        generation: 2 or 3, as ``find_generation`` returns it.
    """
    ends = _read_ends(data)
    return ends[0] if generation == 2 and is_list_of_one(ends) else ends


def is_list_of_one(ends: Any) -> bool:
    """Return whether inputs or outputs are a list of a single tensor."""
    return isinstance(ends, list) and len(ends) == 1 and isinstance(ends[0], Reference)


def _read_ends(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _read_ends(part) for key, part in data.items()}
    if not isinstance(data, (list, tuple)):
        raise _unknown_form(data)
    return Reference(*data) if _is_reference(data) else [_read_ends(part) for part in data]


def _is_reference(data: Any) -> bool:
    return (
        isinstance(data, (list, tuple))
        and len(data) == 3
        and isinstance(data[0], str)
        and all(isinstance(number, int) and number >= 0 for number in data[1:])
    )


def read_value(value: Any) -> Any:
    """Return an argument that Keras 3 wrote: tensors, slices and tuples within plain data.

    Raises:
        SpecError: It contains another kind of object.
    """
    if isinstance(value, (list, tuple)):
        return [read_value(part) for part in value]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: read_value(part) for key, part in value.items()}
    reader = _READERS.get(value["class_name"])
    if reader is None:
        raise SpecError(
            f"an argument of a call is a {value['class_name']!r}, which is not read",
            hint="Tensors of the graph, numbers, texts, slices, and lists and dicts of these are.",
        )
    return reader(value.get("config") or {})


def _read_tensor(config: Mapping[str, Any]) -> Reference:
    return read_reference(config.get("keras_history"))


def _read_slice(config: Mapping[str, Any]) -> slice:
    return slice(*(config.get(key) for key in ("start", "stop", "step")))


_READERS: dict[str, Callable[[Any], Any]] = {
    "__keras_tensor__": _read_tensor,
    "__slice__": _read_slice,
    "__ellipsis__": lambda _: Ellipsis,
    "__tuple__": lambda config: tuple(read_value(part) for part in config),
}


def write_value(value: Any) -> Any:
    """Return an argument in Keras 3's form; tensors are data already.

    Example:
        >>> write_value([slice(1), 2])
        [{'class_name': '__slice__', 'config': {'start': None, 'stop': 1, 'step': None}}, 2]
    """
    if isinstance(value, (list, tuple)):
        return [write_value(part) for part in value]
    if isinstance(value, dict):
        return {key: write_value(part) for key, part in value.items()}
    if isinstance(value, slice):
        config = {"start": value.start, "stop": value.stop, "step": value.step}
        return {"class_name": "__slice__", "config": config}
    return {"class_name": "__ellipsis__", "config": {}} if value is Ellipsis else value


def _without_switches(kwargs: dict[str, Any], generation: int) -> dict[str, Any]:
    """Return keyword arguments without those that Keras adds itself.

    Keras 3 writes ``training=False`` into every call of a layer that takes it, but still passes the mode.
    kplug writes a user's ``False`` as 0, which Keras reads as False.
    """
    is_silent = {"mask": kwargs.get("mask") is None, "training": kwargs.get("training") is None}
    if generation == 3 and kwargs.get("training") is False:
        is_silent["training"] = True
    return {key: value for key, value in kwargs.items() if not is_silent.get(key, False)}


def write_keywords(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return keyword arguments in Keras 3's form; tensors are data already."""
    written = {key: write_value(value) for key, value in kwargs.items()}
    return {**written, "training": 0} if kwargs.get("training") is False else written


def shorten(data: Any) -> str:
    """Return data as text of one line."""
    text = repr(data)
    return text if len(text) <= 80 else text[:79] + "…"


def _unknown_form(data: Any) -> SpecError:
    return SpecError(
        f"{shorten(data)} does not say what a layer is called on",
        hint="Keras 2 writes [[layer, call, index, {}], …], Keras 3 {'args': […], 'kwargs': {}}.",
    )
