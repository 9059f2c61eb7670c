"""From a layer that is made to weights with values; components looked up late."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kplug.errors import (
    ContractError,
    DataError,
    SeveralProblemsError,
)
from kplug.layers import Conv2D, Dense, Flatten, Input, Layer


def test_first_call_builds() -> None:
    layer = Dense(3)
    assert not layer.built
    assert layer.get_weights() == []
    layer(torch.zeros(2, 4))
    assert layer.built
    assert [weight.shape for weight in layer.get_weights()] == [(4, 3), (3,)]


def test_build_by_hand_as_in_keras() -> None:
    layer = Dense(3)
    layer.build((None, 4))
    assert layer.built
    assert [weight.shape for weight in layer.get_weights()] == [(4, 3), (3,)]


def test_build_that_fails_leaves_no_weight_behind() -> None:
    class Late(Layer):
        is_ready = False

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(shape=(4, 1), name="kernel")
            if not self.is_ready:
                raise LookupError("no table")

        def call(self, inputs: Tensor) -> Tensor:
            outputs: Tensor = inputs @ self.kernel
            return outputs

    layer = Late()
    output = layer(Input((4,)))
    with pytest.raises(LookupError, match="no table"):
        layer.declare_for((None, 4))
    layer.is_ready = True
    assert output.shape == (None, 1)
    assert [weight.shape for weight in layer.get_weights()] == [(4, 1)]


def test_connected_layer_is_built_when_weights_are_asked_for() -> None:
    first, second = Dense(3), Dense(2)
    second(first(Input((4,))))
    assert [weight.shape for weight in second.get_weights()] == [(3, 2), (2,)]


def test_layer_with_input_shape_is_built_when_weights_are_asked_for() -> None:
    assert Dense(3, input_dim=4).count_params() == 15


def test_draws_do_not_depend_on_what_was_asked_first() -> None:
    def make(ask_last_first: bool) -> list[Any]:
        torch.manual_seed(3)
        layers = [Dense(3), Dense(3), Dense(3)]
        tensor = Input((3,))
        for layer in layers:
            tensor = layer(tensor)
        if ask_last_first:
            assert tensor.shape == (None, 3)
            layers[2].get_weights()
        return [weight for layer in layers for weight in layer.get_weights()]

    for one, other in zip(make(False), make(True), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_are_the_same_objects_before_and_after_they_have_values() -> None:
    layer = Dense(3)
    layer.declare_for((None, 4))
    declared = list(layer.parameters())
    layer.materialize()
    assert all(one is other for one, other in zip(layer.parameters(), declared, strict=True))
    assert not any(weight.is_meta for weight in declared)
    assert all(isinstance(weight, nn.Parameter) for weight in declared)


def test_optimizer_made_before_the_values_updates_them() -> None:
    layer = Dense(1)
    layer.declare_for((None, 2))
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    layer(torch.ones(1, 2)).sum().backward()
    before = layer.get_weights()
    optimizer.step()
    np.testing.assert_allclose(layer.get_weights()[0], before[0] - 1.0, rtol=1e-6)


def test_unknown_component_names_the_slot() -> None:
    layer = Dense(3, kernel_initializer="he_norml")
    with pytest.raises(LookupError) as caught:
        layer(torch.zeros(1, 4))
    assert str(caught.value).startswith(
        "dense.kernel_initializer: no initializer is named 'he_norml'\n  Did you mean 'he_normal'?"
    )


def test_all_problems_are_reported_together() -> None:
    layer = Dense(3, activation="rel", kernel_initializer="he_norml", bias_regularizer="l3(")
    with pytest.raises(SeveralProblemsError) as caught:
        layer.build_for((None, 4))
    assert [problem.where for problem in caught.value.problems] == [
        "dense.activation",
        "dense.kernel_initializer",
        "dense.bias_regularizer",
    ]


def test_resolving_never_raises() -> None:
    problems = Dense(3, kernel_initializer="he_norml").resolve_slots()
    assert [problem.where for problem in problems] == ["dense.kernel_initializer"]


def test_shape_needs_no_initializer() -> None:
    layer = Dense(3, kernel_initializer="he_norml")
    assert layer(Input((4,))).shape == (None, 3)


def test_initializer_of_a_wrong_shape_is_refused_with_both() -> None:
    layer = Dense(3, kernel_initializer=lambda shape: torch.zeros(7))
    with pytest.raises(ContractError) as caught:
        layer(torch.zeros(1, 4))
    assert str(caught.value).startswith("dense.kernel_initializer: initializer ")
    assert "returned shape (7,) for a weight of shape (4, 3)" in str(caught.value)


def test_initializer_receives_the_shape_of_keras() -> None:
    seen: list[Any] = []

    def record(shape: Any, dtype: Any = None) -> Tensor:
        seen.append((tuple(shape), dtype))
        return torch.zeros(shape)

    Conv2D(8, (3, 5), kernel_initializer=record).build_for((None, 9, 9, 2))
    assert seen == [((3, 5, 2, 8), torch.float32)]


def test_unknown_size_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        _ = Dense(3)(Flatten()(Input((None, 2)))).shape
    assert str(caught.value) == (
        "layer 'dense' needs to know the size of axis -1 of its inputs, got shape (None, None)"
    )


def test_weights_keyword_sets_the_first_values() -> None:
    layer = Dense(2, weights=[np.ones((3, 2)), np.full(2, 5.0)])
    assert layer(torch.ones(1, 3)).tolist() == [[8.0, 8.0]]
