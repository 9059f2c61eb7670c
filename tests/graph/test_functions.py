"""Functions of a graph, as K.function makes them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from kplug import backend as K
from kplug.errors import GraphError
from kplug.layers import Dense, Dropout, Input


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    yield
    K.set_learning_phase(0)


def test_function_takes_the_learning_phase() -> None:
    inputs = Input((200,))
    layer = Dropout(0.5)
    function = K.function([inputs, K.learning_phase()], [layer(inputs)])
    ones = torch.ones(1, 200)
    assert set(function([ones, 0])[0].flatten()) == {1.0}
    assert set(function([ones, 1])[0].flatten()) == {0.0, 2.0}
    assert layer.training is False


def test_function_names_a_missing_input() -> None:
    one, two = Input((1,), name="one"), Input((1,), name="two")
    outputs = Dense(1, name="out")(two)
    with pytest.raises(GraphError) as caught:
        K.function([one], [outputs])
    assert str(caught.value) == (
        "graph disconnected: output 'out' depends on input 'two' through layer 'out', and that is not "
        "among the inputs ('one')\n  Give every Input that the outputs are made of."
    )


def test_function_counts_its_values() -> None:
    inputs = Input((1,))
    with pytest.raises(GraphError, match="the function takes 1 values, got 2"):
        K.function([inputs], [Dense(1)(inputs)])([1, 2])
