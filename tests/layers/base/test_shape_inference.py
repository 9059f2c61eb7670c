"""Shapes found by running a layer without data."""

from __future__ import annotations

from typing import Any

import pytest
from torch import Tensor

from kplug.backend import clear_session
from kplug.errors import (
    GraphError,
)
from kplug.layers import Input, Layer


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    clear_session()


def test_author_may_write_the_shape_function() -> None:
    class NeedsData(Layer):
        def call(self, inputs: Tensor) -> Tensor:
            return inputs[:, : int(inputs.max().item())]

        def compute_output_shape(self, input_shape: Any) -> Any:
            return (input_shape[0], None)

    assert NeedsData()(Input((4,))).shape == (None, None)


def test_layer_that_needs_data_is_pointed_to_the_shape_function() -> None:
    class NeedsData(Layer):
        def call(self, inputs: Tensor) -> Tensor:
            return inputs[:, : int(inputs.max().item())]

    with pytest.raises(GraphError, match="write compute_output_shape"):
        _ = NeedsData()(Input((4,))).shape


def test_layer_that_returns_no_tensor_is_refused() -> None:
    class Wrong(Layer):
        def call(self, inputs: Tensor) -> Any:
            return "nothing"

    with pytest.raises(GraphError, match="layer 'wrong' returned str, which is no tensor"):
        _ = Wrong()(Input((4,))).shape
