"""Layers with heads, beyond the cases of Keras's tests: modes, graphs, data types and messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from kplug.errors import DataError
from kplug.graph import GraphFunction
from kplug.layers import EinsumDense, Input, Layer, MultiHeadAttention
from tests.layers.inputs import draw


def test_dropout_changes_the_outputs_in_training_only() -> None:
    layer = MultiHeadAttention(2, 3, dropout=0.5, seed=1)
    x = draw(2, 6, 3)
    assert torch.equal(layer(x, x), layer(x, x))
    assert not torch.allclose(layer(x, x), layer(x, x, training=True))
    _, scores = layer(x, x, training=True, return_attention_scores=True)
    torch.testing.assert_close(scores.sum(-1), torch.ones(2, 2, 6))
    first, second = (
        MultiHeadAttention(2, 3, dropout=0.5, seed=1, weights=layer.get_weights()) for _ in range(2)
    )
    assert torch.equal(first(x, x, training=True), second(x, x, training=True))


@pytest.mark.parametrize("use_bias", [True, False])
def test_self_attention_projects_with_one_product(use_bias: bool) -> None:
    arguments: dict[str, Any] = {
        "use_bias": use_bias,
        "bias_initializer": "ones",
        "dtype": "float64",
    }
    layer = MultiHeadAttention(2, 3, value_dim=4, **arguments)
    x, other = (draw(2, 6, 5).double().requires_grad_() for _ in range(2))
    assert count_products(layer, x, x) == 2
    assert count_products(layer, x, other) == 4
    made, apart = layer(x, x), layer(x, other)
    torch.testing.assert_close(made, apart)
    weights = list(layer.parameters())
    joint = torch.autograd.grad(made.square().sum(), [x, *weights])
    single = torch.autograd.grad(apart.square().sum(), [x, other, *weights])
    torch.testing.assert_close(joint, (single[0] + single[1], *single[2:]))


def test_a_projection_that_is_watched_is_called() -> None:
    layer, x, seen = MultiHeadAttention(2, 3), draw(2, 6, 5), []
    expected = layer(x, x)
    handle = layer.key_dense.register_forward_hook(lambda *given: seen.append(given[-1].shape))
    torch.testing.assert_close(layer(x, x), expected)
    handle.remove()
    with register_module_forward_hook(lambda module, *_: seen.append(type(module).__name__)):
        layer(x, x)
    assert seen == [(2, 6, 2, 3), *["EinsumDense"] * 4, "MultiHeadAttention"]


@pytest.mark.parametrize("way", ["subclass", "layer", "module", "call", "forward"])
def test_a_projection_that_was_replaced_or_changed_is_called(way: str) -> None:
    layer, x = MultiHeadAttention(2, 3), draw(2, 6, 5)
    layer(x, x)
    dense: Any = layer.query_dense
    query, key, value = dense(x), layer.key_dense(x), layer.value_dense(x)
    if way in {"call", "forward"}:
        inner = getattr(dense, way)
        setattr(dense, way, lambda *given: inner(*given) + 1.0)
    else:
        kinds: dict[str, Any] = {
            "subclass": Shifted,
            "layer": ShiftedLayer,
            "module": ShiftedModule,
        }
        layer._query_dense = kinds[way](dense)
    torch.testing.assert_close(layer.project_all(x, x, x), (query + 1.0, key, value))


class Shifted(EinsumDense):
    """A projection that adds something, as a low-rank adapter does."""

    def __init__(self, dense: EinsumDense) -> None:
        super().__init__(dense.equation, (None, 2, 3), bias_axes=dense.bias_axes)
        self.build_for((None, 6, 5))
        self.set_weights(dense.get_weights())

    def call(self, inputs: Tensor) -> Tensor:
        return super().call(inputs) + 1.0


class ShiftedLayer(Layer):
    """A layer around a projection."""

    def __init__(self, dense: EinsumDense) -> None:
        super().__init__()
        self.dense = dense

    def call(self, inputs: Tensor) -> Tensor:
        made: Tensor = self.dense(inputs)
        return made + 1.0


class ShiftedModule(nn.Module):
    """A module of torch around a projection."""

    def __init__(self, dense: EinsumDense) -> None:
        super().__init__()
        self.dense = dense

    def forward(self, inputs: Tensor) -> Tensor:
        made: Tensor = self.dense(inputs)
        return made + 1.0


def test_kernels_larger_than_the_inputs_are_not_joined() -> None:
    layer, x = MultiHeadAttention(2, 60), draw(1, 2, 200)
    layer(x, x)
    assert count_products(layer, x, x) == 4


def count_products(layer: MultiHeadAttention, *inputs: Tensor) -> int:
    """Return the number of products with weights in a call."""
    with torch.profiler.profile() as profile:
        layer(*inputs)
    return sum(event.count for event in profile.key_averages() if event.key == "aten::linear")


def test_initial_values_count_all_heads() -> None:
    torch.manual_seed(0)
    layer = MultiHeadAttention(8, 16, bias_initializer="ones")
    layer.build_for([(None, 4, 32), (None, 4, 32)])
    kernel = layer.query_dense.kernel
    limit = (6 / (32 + 8 * 16)) ** 0.5  # Keras reads in and out from the equation
    assert 0.95 * limit < float(kernel.detach().abs().max()) <= limit
    assert layer.get_weights()[1].min() == 1.0


def test_symbolic_tensors_are_connected() -> None:
    query, value = Input((4, 3)), Input((None, 3))
    layer = MultiHeadAttention(2, 3)
    outputs, scores = layer(query, value=value, return_attention_scores=True)
    assert outputs.shape == (None, 4, 3)
    assert scores.shape == (None, 2, 4, None)
    arrays = [draw(2, 4, 3).numpy(), draw(2, 5, 3, seed=1).numpy()]
    made = GraphFunction([query, value], [outputs, scores])(arrays)
    expected = layer(*arrays, return_attention_scores=True)
    for one, other in zip(made, expected, strict=True):
        np.testing.assert_allclose(one, other.detach().numpy(), rtol=1e-5)
    assert layer(query, query, None).shape == (None, 4, 3)


def test_weights_follow_the_layer() -> None:
    layer = MultiHeadAttention(2, 3, trainable=False).double()
    x = draw(2, 4, 3).double()
    assert layer(x, x).dtype is torch.float64
    assert not layer.trainable_weights
    layer.trainable = True
    assert len(layer.trainable_weights) == 8


def test_weights_can_be_given_to_a_call() -> None:
    layer = MultiHeadAttention(2, 3)
    x = draw(2, 4, 3)
    expected = layer(x, x, use_causal_mask=True)
    parameters: dict[str, Tensor] = dict(layer.named_parameters())
    made = torch.func.functional_call(layer, parameters, (x, x), {"use_causal_mask": True})
    torch.testing.assert_close(made, expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda layer, x: layer(x), r"is called on 2 or 3 tensors, got 1"),
        (
            lambda layer, x: layer(x, x, x[:, :2]),
            r"value of shape .* and key of shape .* must have",
        ),
        (lambda layer, x: layer(x, x[:1]), r"query of shape \(2, 4, 3\), value of shape \(1, 4"),
        (
            lambda layer, x: layer(x, x, attention_mask=x[0, 0] > 0),
            r"a mask of shape \(3,\) does not",
        ),
        (
            lambda layer, x: layer(x, x, attention_mask=x > 0),
            r"a mask of shape \(2, 4, 3\) does not",
        ),
        (lambda layer, x: layer(x[..., :2], x), r"layer 'query' expects inputs of .*3"),
    ],
)
def test_calls_that_do_not_fit(call: Any, message: str) -> None:
    layer = MultiHeadAttention(2, 3)
    layer.build_for([(None, 4, 3), (None, 4, 3)])
    with pytest.raises(DataError, match=message):
        call(layer, draw(2, 4, 3))


def test_build_wants_two_or_three_shapes() -> None:
    with pytest.raises(DataError, match="shapes of query, value and key, got 1 of them"):
        MultiHeadAttention(2, 3).build_for([(None, 4, 3)])
