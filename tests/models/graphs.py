"""Small graphs, and what the tests compare of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug import layers
from kplug.models import Model


def raised(error: type[Exception], function: Any) -> str:
    """Return the message of the error that a function raises."""
    with pytest.raises(error) as caught:
        function()
    return str(caught.value)


def as_list(structure: Any) -> list[Any]:
    """Return one value or several as a list."""
    return structure if isinstance(structure, list) else [structure]


def assert_same(model: Any, other: Any, data: Any) -> None:
    """Compare what two models make of data."""
    for one, expected in zip(as_list(model(data)), as_list(other(data)), strict=True):
        torch.testing.assert_close(one, expected, rtol=1e-5, atol=1e-5)


def make_sum() -> Any:
    """Return two inputs and their sum."""
    one, two = layers.Input((3,), name="one"), layers.Input((3,), name="two")
    return one, two, layers.Add(name="sum")([one, two])


def make_pair() -> Any:
    """Return a model of two inputs and two outputs with a shared layer."""
    left, right = layers.Input((3,), name="left"), layers.Input((3,), name="right")
    shared = layers.Dense(2, name="shared")
    one, two = shared(left), shared(right)
    return Model([left, right], [layers.Add(name="sum")([one, two]), two])
