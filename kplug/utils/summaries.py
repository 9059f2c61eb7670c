"""The summary of a model as a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], object] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print a model's summary, as Keras 2 spells it: the same as ``model.summary(…)``.

    Args:
        model: The model.
        line_length: Width of the lines.
        positions: Ends of the columns, as shares of the width or as absolute columns.
        print_fn: Called with each line of plain text, instead of printing a table.
        expand_nested: Whether the layers of nested models are shown too.
        show_trainable: Whether a column says which layers are trained.
        layer_range: Names of the first and the last layer to show, or patterns for them.

    Example:
        >>> from kplug import Sequential
        >>> lines = []
        >>> print_summary(Sequential(name="empty"), print_fn=lines.append)
        >>> lines[0]
        'Model: "empty"'
    """
    model.summary(line_length, positions, print_fn, expand_nested, show_trainable, layer_range)
