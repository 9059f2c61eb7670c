"""Shapes as arguments."""

from __future__ import annotations

from typing import Any

import pytest

from kplug.errors import (
    ArgumentValueError,
)
from kplug.layers import Dense


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ({"input_shape": (4,)}, (None, 4)),
        ({"input_shape": [28, None, 1]}, (None, 28, None, 1)),
        ({"input_dim": 4}, (None, 4)),
        ({"input_dim": 4, "batch_size": 2}, (2, 4)),
        ({"batch_input_shape": (8, 4)}, (8, 4)),
        ({}, None),
    ],
)
def test_input_shape_keywords(keywords: dict[str, Any], expected: Any) -> None:
    assert Dense(1, **keywords).batch_input_shape == expected


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"input_shape": 4}, "argument 'input_shape' is 4; allowed: a tuple of integers"),
        ({"input_shape": (0,)}, r"argument 'input_shape' is \(0,\)"),
        ({"input_shape": (2.5,)}, r"argument 'input_shape' is \(2.5,\)"),
        ({"input_dim": -1}, "argument 'input_dim' is -1; allowed: an integer >= 1"),
        ({"batch_input_shape": (None, "a")}, "argument 'batch_input_shape' is"),
    ],
)
def test_wrong_input_shapes_are_refused(keywords: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError, match=text):
        Dense(1, **keywords)
