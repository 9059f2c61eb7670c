"""Finds the search ranges of a component, which its author states on it or in its declaration."""

from __future__ import annotations

from kplug.registry.component import Component
from kplug.registry.parameters import find_parameters, has_parameter
from kplug.registry.ranges import Searched
from kplug.registry.registry import REGISTRY
from kplug.registry.stated_ranges import find_stated_ranges


def find_search_ranges(component: Component) -> dict[str, Searched]:
    """Return the ranges of a component's arguments, by name; imports its module.

    Raises:
        ResolutionError: if it does not load.

    Example:
        >>> from kplug import Range
        >>> ranges = {"width": Range(8, 80)}
        >>> component = Component("shorten", "textwrap:shorten", search_ranges=ranges)
        >>> str(find_search_ranges(component)["width"])
        '8 to 80'
    """
    target = REGISTRY.load(component)
    is_unreadable = find_parameters(target) is None  # a function written in C
    stated = {**find_stated_ranges(target), **component.search_ranges}
    return {
        name: values
        for name, values in stated.items()
        if is_unreadable or has_parameter(target, name)
    }
