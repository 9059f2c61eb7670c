"""``activate``: relu in place, with the values and gradients of relu."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from kplug.activations import elu, relu
from kplug.layers import (
    Activation,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Layer,
    SeparableConv2D,
)
from kplug.layers.base.fresh_outputs import activate

VALUES = [-1.5, -0.0, 0.0, 2.0, float("inf"), -float("inf"), float("nan")]


def is_same(one: Tensor, other: Tensor) -> bool:
    """Return whether two tensors agree to the last bit, NaN and the sign of zeros too."""
    return torch.equal(one.view(torch.int32), other.view(torch.int32))


@torch.no_grad()
def test_without_gradients_relu_takes_the_place_of_its_input() -> None:
    fresh = torch.tensor(VALUES)
    made = activate(relu, fresh)
    assert made.data_ptr() == fresh.data_ptr()
    assert is_same(made, torch.relu(torch.tensor(VALUES)))


@torch.no_grad()
@pytest.mark.parametrize("activation", [elu, torch.relu, lambda x: relu(x, 0.1)])
def test_other_activations_are_called(activation: Callable[[Tensor], Tensor]) -> None:
    fresh = torch.tensor(VALUES)
    made = activate(activation, fresh)
    assert is_same(fresh, torch.tensor(VALUES))
    assert is_same(made, activation(fresh))


def test_with_gradients_relu_takes_the_place_of_its_input() -> None:
    rows = torch.tensor([VALUES], requires_grad=True)
    fresh = rows * 1.0
    made = activate(relu, fresh, lambda row: row.view(-1))
    assert made.data_ptr() == fresh.data_ptr()
    weights = torch.arange(1.0, 8.0)
    other = torch.tensor([VALUES], requires_grad=True)
    made.backward(weights)  # type: ignore[no-untyped-call]
    torch.relu(other).view(-1).backward(weights)  # type: ignore[no-untyped-call]
    assert rows.grad is not None
    assert other.grad is not None
    assert is_same(rows.grad, other.grad)


def test_with_gradients_a_view_stays() -> None:
    fresh = torch.tensor([VALUES]).view(-1)
    activate(relu, fresh)
    assert is_same(fresh, torch.tensor(VALUES))


def test_other_activations_see_the_layout_of_the_layer() -> None:
    made = activate(lambda x: x.softmax(-1), torch.zeros(2, 3), lambda x: x.t())
    assert made.tolist() == [[0.5, 0.5]] * 3


LAYERS: list[tuple[Callable[..., Layer], tuple[int, ...]]] = [
    (lambda activation: Dense(5, activation), (3, 4)),
    (lambda activation: Dense(5, activation, use_bias=False), (3, 4)),
    (lambda activation: Dense(5, activation), (3, 2, 4)),
    (lambda activation: Conv2D(4, 1, activation=activation), (2, 5, 5, 4)),
    (lambda activation: Conv2DTranspose(4, 3, activation=activation), (2, 5, 5, 4)),
    (lambda activation: DepthwiseConv2D(1, activation=activation), (2, 5, 5, 4)),
    (lambda activation: SeparableConv2D(4, 3, activation=activation), (2, 5, 5, 4)),
]


@pytest.mark.parametrize(("make", "shape"), LAYERS)
def test_a_layer_keeps_its_inputs_and_makes_what_the_activation_after_it_makes(
    make: Callable[..., Layer], shape: tuple[int, ...]
) -> None:
    layer, plain, inputs = make("relu"), make(None), torch.randn(shape)
    layer.build_for(shape)
    plain.build_for(shape)
    plain.set_weights(layer.get_weights())
    before = inputs.clone()
    with torch.no_grad():
        made, wanted = layer(inputs), Activation("relu")(plain(inputs))
    assert is_same(inputs, before)
    assert is_same(made, wanted)
    with_gradients, alike = layer(inputs), torch.relu(plain(inputs))
    assert is_same(with_gradients.detach(), wanted)
    copies = [op for op in list_operations(with_gradients) if "AsStrided" in op or "Copy" in op]
    assert not copies  # as of a view that was changed
    with_gradients.square().sum().backward()
    alike.square().sum().backward()  # type: ignore[no-untyped-call]
    for one, other in zip(layer.parameters(), plain.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert is_same(one.grad, other.grad)


def list_operations(tensor: Tensor) -> list[str]:
    """Return the names of the operations that a tensor comes from."""
    found, left = [], [tensor.grad_fn]
    while left:
        node = left.pop()
        if node is not None:
            found.append(node.name())
            left += [one for one, _ in node.next_functions]
    return found


@pytest.mark.parametrize(("make", "shape"), [LAYERS[0], LAYERS[2], LAYERS[3]])
def test_a_weight_that_torch_computes_from_another_is_the_one_used(
    make: Callable[..., Layer], shape: tuple[int, ...]
) -> None:
    class Negated(nn.Module):
        def forward(self, weight: Tensor) -> Tensor:
            return -weight

    layer, inputs = make(None), torch.randn(shape)
    before = layer(inputs)
    register_parametrization(layer, "kernel", Negated())
    torch.testing.assert_close(layer(inputs), -before)
