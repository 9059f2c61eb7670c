"""The fully connected layer, against Keras."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import assume, given, strategies as st

from kplug.errors import ArgumentValueError
from kplug.layers import Dense
from tests.layers.inputs import SETTINGS, activations, draw


def _make(layer_class: Any, argument: Any) -> Any:
    return layer_class(argument)


@pytest.mark.filterwarnings("ignore:.*a softmax over one unit")
@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    units=st.integers(1, 5),
    use_bias=st.booleans(),
    activation=activations,
)
@SETTINGS
def test_dense(
    compare: Any, sizes: list[int], units: int, use_bias: bool, activation: str | None
) -> None:
    assume(activation != "softmax" or units > 1)
    x = draw(3, *sizes)
    compare("Dense", x, units=units, use_bias=use_bias, activation=activation)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Dense(0), "Dense: argument 'units' is 0; allowed: an integer >= 1"),
        (lambda: _make(Dense, 2.5), "Dense: argument 'units' is 2.5; allowed: an integer >= 1"),
        (lambda: Dense(True), "Dense: argument 'units' is True; allowed: an integer >= 1"),
    ],
)
def test_wrong_arguments_are_refused(make: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        make()
    assert str(caught.value) == text


@pytest.mark.parametrize("use_bias", [True, False])
def test_nested_tensors_of_torch(use_bias: bool) -> None:
    layer = Dense(4, activation="relu", use_bias=use_bias, bias_initializer="ones")
    sequences = [draw(2, 3), draw(5, 3)]
    made = layer(torch.nested.nested_tensor(sequences, layout=torch.jagged))
    torch.testing.assert_close(list(made.unbind()), [layer(one) for one in sequences])
    made.values().sum().backward()
    assert all(weight.grad is not None for weight in layer.parameters())
