"""Shapes found by running a layer without data."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kplug.errors import (
    GraphError,
)
from kplug.layers import Embedding, Input, Layer, TorchModule
from kplug.layers.base import shape_inference


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


def test_a_shape_function_asks_for_that_of_the_class_above() -> None:
    class WithTable(Embedding):
        def call(self, inputs: Tensor) -> Any:
            return [super().call(inputs), self.embeddings]

        def compute_output_shape(self, input_shape: Any) -> Any:
            return [super().compute_output_shape(input_shape), (self.input_dim, self.output_dim)]

    embedded, table = WithTable(9, 2)(Input((4,)))
    assert (embedded.shape, table.shape) == ((None, 4, 2), (9, 2))


def test_a_shape_function_asks_for_what_its_own_call_makes() -> None:
    class Doubled(Layer):
        def call(self, inputs: Tensor) -> Tensor:
            return torch.cat([inputs, inputs], dim=-1)

        def compute_output_shape(self, input_shape: Any) -> Any:
            return super().compute_output_shape(input_shape)

    assert Doubled()(Input((4,))).shape == (None, 8)


def test_layer_may_hold_the_size_of_a_batch() -> None:
    class Noisy(Layer):
        def call(self, inputs: Tensor) -> Tensor:
            return torch.cat([inputs + torch.zeros(8, 1)] * 2, dim=-1)

    assert Noisy()(Input((4,))).shape == (None, 8)


def test_layer_that_returns_no_tensor_is_refused() -> None:
    class Wrong(Layer):
        def call(self, inputs: Tensor) -> Any:
            return "nothing"

    with pytest.raises(GraphError, match="layer 'wrong' returned str, which is no tensor"):
        _ = Wrong()(Input((4,))).shape


def test_a_module_at_two_places_and_a_weight_at_two_keep_their_values() -> None:
    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3))
            self.second = torch.nn.Sequential(self.first, torch.nn.Linear(3, 3))
            self.second[1].weight = self.first[0].weight

        def forward(self, x: Tensor) -> Tensor:
            return self.second(self.first(x))  # type: ignore[no-any-return]

    module = Tied()
    values = {name: one.clone() for name, one in module.state_dict().items()}
    layer = TorchModule(module)
    assert layer(Input((3,))).shape == (None, 3)
    assert module.second[1].weight is module.first[0].weight
    for name, one in module.state_dict().items():
        assert one.device.type == "cpu", name
        assert torch.equal(one, values[name]), name


FUNCTIONS = sorted(shape_inference._ELEMENTWISE, key=lambda function: str(function.__name__))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: str(function.__name__))
def test_an_elementwise_output_is_made_as_torch_makes_it(function: Any, dtype: torch.dtype) -> None:
    given = torch.empty(2, 3, dtype=dtype, device="meta")
    with torch.no_grad():
        made = shape_inference._make_at_once(function, (given,))
    real = function(torch.zeros(2, 3, dtype=dtype))
    assert made is not None
    assert (made.shape, made.dtype, made.is_meta) == (real.shape, real.dtype, True)


@pytest.mark.parametrize(
    ("shapes", "dtype", "expected"),
    [
        (((4,), (2, 3), (3, 4)), torch.float32, (2, 4)),
        (((4,), (2, 3), (5, 4)), torch.float32, None),
        (((1,), (2, 3), (3, 4)), torch.float32, None),
        (((2, 4), (2, 3), (3, 4)), torch.float32, None),
        (((4,), (2, 3), (3, 4)), torch.float64, None),
    ],
)
def test_a_plain_product_is_made_and_any_other_is_left_to_torch(
    shapes: Any, dtype: torch.dtype, expected: Any
) -> None:
    bias, rows, matrix = (torch.empty(shape, device="meta") for shape in shapes)
    with torch.no_grad():
        made = shape_inference._make_at_once(torch.addmm, (bias, rows.to(dtype), matrix))
    assert (None if made is None else made.shape) == expected


def test_a_layer_may_differentiate_an_activation() -> None:
    class Slope(Layer):
        def call(self, inputs: torch.Tensor) -> torch.Tensor:
            with torch.enable_grad():
                point = inputs.detach().requires_grad_()
                return torch.autograd.grad(torch.tanh(point).sum(), point)[0]

    assert Slope()(Input((3,))).shape == (None, 3)
