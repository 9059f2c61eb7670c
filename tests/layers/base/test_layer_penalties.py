"""Penalties, constraints and freezing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kplug.layers import Activation, Conv2D, Dense, Input, Layer, SimpleRNNCell
from kplug.models import Model


class Block(Layer):
    """A layer made of layers, one of them torch's."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = Dense(3)
        self.second = nn.Linear(3, 2)
        self.drop = nn.Dropout(0.5)

    def call(self, inputs: Tensor) -> Tensor:
        made: Tensor = self.drop(self.second(self.first(inputs)))
        return made


def test_weight_penalties_follow_the_weights() -> None:
    layer = Dense(2, kernel_regularizer="l2(0.5)", bias_regularizer="l1", use_bias=True)
    layer.build_for((None, 2))
    layer.set_weights([np.full((2, 2), 2.0), np.full(2, 3.0)])
    assert [float(loss.detach()) for loss in layer.losses] == pytest.approx([8.0, 0.06])


def test_regularizer_receives_the_matrix_of_keras() -> None:
    seen: list[Any] = []

    def penalty(weight_matrix: Tensor) -> Tensor:
        seen.append(tuple(weight_matrix.shape))
        return weight_matrix.sum()

    layer = Conv2D(4, (2, 3), kernel_regularizer=penalty)
    layer.build_for((None, 5, 5, 2))
    layer.regularization_losses()
    assert seen == [(2, 3, 2, 4)]


def test_frozen_weights_have_no_penalty_but_activities_do() -> None:
    layer = Dense(2, kernel_regularizer="l2", activity_regularizer="l1(1.0)", trainable=False)
    layer(torch.ones(4, 3))
    assert layer.weight_penalties() == []
    assert len(layer.losses) == 1


def test_activity_penalty_is_divided_by_the_batch_and_counted_for_each_call() -> None:
    layer = Activation("linear", activity_regularizer="l1(1.0)")
    inputs = Input((3,))
    model = Model(inputs, [layer(inputs), layer(-inputs)])
    model(torch.ones(4, 3))
    assert [float(loss) for loss in layer.activity_penalties] == [3.0, 3.0]


def test_shapes_leave_no_penalties() -> None:
    layer = Dense(2, activity_regularizer="l1")
    assert layer(Input((3,))).shape == (None, 2)
    assert layer.activity_penalties == []


def test_component_assigned_later_counts() -> None:
    layer: Any = Dense(2, kernel_initializer="ones")
    layer(torch.ones(1, 3))
    layer.kernel_regularizer = "l1(1.0)"
    assert [float(loss.detach()) for loss in layer.losses] == [6.0]
    layer.activation = "tanh"
    assert float(layer(torch.zeros(1, 3) + 100.0)[0, 0].detach()) == 1.0
    layer.activation = nn.ReLU()
    layer.activation = "linear"
    assert "activation" not in dict(layer.named_children())


def test_constraints_are_listed_with_their_weights() -> None:
    layer = Dense(2, kernel_constraint="non_neg")
    layer.build_for((None, 2))
    ((constraint, weight),) = layer.weight_constraints()
    assert weight is layer.kernel
    assert float(constraint(-torch.ones(1))) == 0.0


def test_freezing_moves_weights_without_changing_their_order() -> None:
    layer = Dense(2)
    layer.build_for((None, 2))
    order = layer.weights
    layer.trainable = False
    assert layer.trainable_weights == []
    assert all(one is other for one, other in zip(layer.weights, order, strict=True))
    assert not layer.kernel.requires_grad
    layer.trainable = True
    assert len(layer.trainable_weights) == 2


def test_frozen_before_it_is_built() -> None:
    layer = Dense(2, trainable=False)
    layer.build_for((None, 2))
    assert layer.trainable_weights == []


def test_freezing_reaches_inner_layers() -> None:
    block = Block()
    block(torch.zeros(1, 4))
    block.trainable = False
    assert block.trainable_weights == []
    assert not block.first.trainable


def test_outputs_that_are_nested_are_penalized_one_by_one() -> None:
    """As Keras 3 does; a cell returns its output and a list of states."""
    cell = SimpleRNNCell(2, activity_regularizer="l2(1.0)")
    output, states = cell(torch.ones(3, 4), [torch.zeros(3, 2)])
    expected = output.square().sum() / 3
    torch.testing.assert_close(torch.stack(cell.activity_penalties), torch.stack([expected] * 2))
    assert torch.equal(output, states[0])
