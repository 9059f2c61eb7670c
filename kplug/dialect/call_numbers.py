"""The number from which Keras counts the calls of a layer.

A nested model has been called before: Keras 2 counts its own graph as call 0, and so does Keras 3 where the
nested model is an input or output of a functional model. kplug counts every call from 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kplug.dialect.layer_calls import LayerCall, Reference, find_generation
from kplug.support.nested import find_leaves


class FirstCalls(NamedTuple):
    """The number of the first call by layer name; 0 for missing layers.

    Args:
        inside: In the calls of other layers.
        ends: In the model's inputs and outputs.
    """

    inside: Mapping[str, int]
    ends: Mapping[str, int]


def first_calls_of(generation: int, graphs: Mapping[str, bool]) -> FirstCalls:
    """Return the numbers of first calls in a generation of Keras.

    Args:
        generation: 2 or 3.
        graphs: The names of the layers that are graphs of layers, and whether each is functional,
            not sequential.

    Example:
        >>> first_calls_of(3, {"encoder": True, "chain": False}).ends
        {'encoder': 1, 'chain': 0}
    """
    if generation == 3:
        return FirstCalls({}, {name: int(is_functional) for name, is_functional in graphs.items()})
    ones = dict.fromkeys(graphs, 1)
    return FirstCalls(ones, ones)


def find_first_calls(
    calls: Mapping[str, list[LayerCall]], ends: Any, graphs: Mapping[str, bool]
) -> FirstCalls:
    """Return the numbers of first calls in a loaded configuration.

    Keras 2 counts from 0 if the nested model got its shape from data, as other writers do. Since each call is
    used, the smallest number that occurs is that of the first call.
    """
    if find_generation(calls) == 3:
        return first_calls_of(3, graphs)
    smallest: dict[str, int] = {}
    for reference in find_leaves([ends, list(calls.values())], Reference):
        known = smallest.get(reference.layer, reference.call)
        smallest[reference.layer] = min(known, reference.call)
    found = {name: min(smallest.get(name, 0), 1) for name in graphs}
    return FirstCalls(found, found)
