"""Alternative values for a component's arguments, from the types in its signature."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from kplug.inspection import find_kind_of_slot

# Labels, and arguments with the same meaning in every component of a kind.
_NOT_VARIED = frozenset(
    {"name", "dtype", "weights", "trainable", "input_shape", "batch_input_shape"}
)
_OTHER_COMPONENTS = {
    "activation": ("kplug/tanh", "kplug/relu"),
    "initializer": ("kplug/ones", "kplug/zeros"),
    "regularizer": ("kplug/l2(0.25)",),
    "constraint": ("kplug/max_norm(0.25)",),
}
_REDUCTIONS = ("sum", "mean", "none")


def find_variations(
    parameters: Mapping[str, inspect.Parameter], hints: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[tuple[str, list[Any]]]:
    """Yield the arguments that can be varied, each with alternative values, the likeliest first.

    Args:
        parameters: The parameters of the signature.
        hints: Their types, as far as known.
        given: The values of an example.

    Example:
        >>> def smooth(rate: float = 0.5, name: str = "a", count: int | None = None): ...
        >>> parameters = inspect.signature(smooth).parameters
        >>> dict(find_variations(parameters, read_hints(smooth), {}))
        {'rate': [0.25, 0.75, 0.9, 1.0, 5.0, 50.0], 'count': [2, 3]}
    """
    for name, parameter in parameters.items():
        own = given.get(name, parameter.default)
        if name in _NOT_VARIED or own is parameter.empty:
            continue
        values = _vary(name, own, hints.get(name))
        if values:
            yield name, values


def read_hints(target: Any) -> dict[str, Any]:
    """Return the types of a callable's arguments; empty if Python cannot resolve them."""
    function = vars(target).get("__init__", target) if isinstance(target, type) else target
    try:
        return typing.get_type_hints(function)
    except Exception:  # noqa: BLE001 - unresolvable or missing hints
        return {}


def _vary(name: str, own: Any, hint: Any) -> list[Any]:
    kind = find_kind_of_slot(name)
    if kind is not None and isinstance(own, str | None):
        return [one for one in _OTHER_COMPONENTS.get(kind.name, ()) if one != own]
    choices = [one for part in _parts(hint) for one in _choices(part)]
    if choices:
        return [one for one in choices if one != own]
    if own is None:
        return _vary_none(_parts(hint))
    if isinstance(own, str):
        return [one for one in _REDUCTIONS if one != own] if name == "reduction" else []
    return _vary_numbers(own)


def _vary_numbers(own: Any) -> list[Any]:
    if isinstance(own, bool):
        return [not own]
    if isinstance(own, int):
        return [own + 1, own + 2, 2 * own + 3, max(own - 1, 0)]
    if isinstance(own, float):
        return [own / 2 or 0.25, 1.5 * own or 0.5, 0.9, 1.0, 10 * own or 3.0, 100 * own or 10.0]
    if isinstance(own, (list, tuple)) and own:
        varied = [_vary_numbers(item) for item in own]
        return [type(own)(items[0] for items in varied)] if all(varied) else []
    return []


def _vary_none(parts: tuple[Any, ...]) -> list[Any]:
    if float in parts:
        return [0.5, 0.1]
    if any(
        typing.get_origin(part) in (list, tuple) and float in typing.get_args(part)
        for part in parts
    ):
        return [[0.25, 0.75], [0.4]]
    return [2, 3] if int in parts else [True] if bool in parts else []


def _parts(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type alone."""
    is_choice = typing.get_origin(hint) is typing.Literal
    return (hint,) if is_choice else typing.get_args(hint) or (hint,)


def _choices(part: Any) -> tuple[Any, ...]:
    return typing.get_args(part) if typing.get_origin(part) is typing.Literal else ()
