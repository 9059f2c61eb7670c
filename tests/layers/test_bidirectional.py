"""Bidirectional against Keras."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest
import torch
from torch import Tensor

from kplug import layers
from kplug.backend.masks import get_mask
from kplug.errors import ArgumentValueError
from kplug.models import Sequential
from tests.layers.inputs import draw


def _pair(ours: Any, theirs: Any, shape: tuple[int, ...] = (2, 5, 3)) -> tuple[Any, Any]:
    theirs.build(shape)
    theirs.set_weights([draw(*one.shape, seed=4).numpy() for one in theirs.weights])
    ours.build_for((None, *shape[1:]))
    ours.set_weights([one.value.detach().numpy() for one in theirs.weights])
    return ours, theirs


def _assert_same(made: Any, expected: Any) -> None:
    flat = [list(keras.tree.flatten(outputs)) for outputs in (made, expected)]
    for one, other in zip(*flat, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


MASK = torch.tensor([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0]]).bool()


@pytest.mark.sampled
@pytest.mark.parametrize("merge_mode", ["concat", "sum", "ave", "mul", None])
@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("return_state", [False, True])
def test_merge_modes(
    merge_mode: str | None, name: str, return_sequences: bool, return_state: bool
) -> None:
    ours, theirs = _pair(
        *(
            library.Bidirectional(
                getattr(library, name)(
                    4, return_sequences=return_sequences, return_state=return_state
                ),
                merge_mode=merge_mode,
            )
            for library in (layers, keras.layers)
        )
    )
    x = draw(2, 5, 3)
    _assert_same(ours(x), theirs(x))
    _assert_same(ours(x, mask=MASK), theirs(x, mask=MASK))
    count = 2 if name == "LSTM" else 1
    states = [draw(2, 4, seed=seed) for seed in range(2 * count)]
    _assert_same(ours(x, initial_state=states), theirs(x, initial_state=states))
    _assert_same(ours([x, *states]), theirs(x, initial_state=states))
    shapes = ours.compute_output_shape((None, 5, 3))
    found = shapes if isinstance(shapes, list) else [shapes]
    assert found == [(None, *one.shape[1:]) for one in keras.tree.flatten(theirs(x))]


def test_layers_of_their_own() -> None:
    ours, theirs = _pair(
        *(
            library.Bidirectional(library.LSTM(4), backward_layer=library.GRU(4, go_backwards=True))
            for library in (layers, keras.layers)
        )
    )
    _assert_same(ours(draw(2, 5, 3)), theirs(draw(2, 5, 3)))
    config = json.loads(json.dumps(ours.get_config()))
    made = layers.Bidirectional.from_config(config)
    assert json.loads(json.dumps(made.get_config())) == config
    assert type(made.backward_layer) is layers.GRU


def test_names_and_weights() -> None:
    wrapped = layers.LSTM(4, name="memory")
    layer = layers.Bidirectional(wrapped)
    assert layer.forward_layer is not wrapped
    assert (layer.forward_layer.name, layer.backward_layer.name) == (
        "forward_memory",
        "backward_memory",
    )
    layer.build_for((None, 5, 3))
    names = [name for name, _ in layer.named_weights()]
    assert names[0] == "forward_layer/cell/kernel"
    assert names[3:] == [name.replace("forward", "backward") for name in names[:3]]
    first, second = layer.get_weights()[0], layer.get_weights()[3]
    assert (first != second).any()
    given = layers.Bidirectional(layers.LSTM(4), weights=[2.0 * w for w in layer.get_weights()])
    given.build_for((None, 5, 3))
    assert (given.get_weights()[0] == 2.0 * first).all()


def test_components_given_as_objects() -> None:
    def triple(x: Tensor) -> Tensor:
        return 3.0 * x

    layer = layers.Bidirectional(layers.SimpleRNN(2, activation=triple, kernel_initializer="ones"))
    layer.build_for((None, 5, 3))
    assert layer.backward_layer.activation is triple


def test_mask_of_the_output() -> None:
    def masked() -> Any:
        return layers.Masking()(torch.tensor([[[1.0], [2.0], [0.0]]]))

    sequences = layers.Bidirectional(layers.GRU(2, return_sequences=True, return_state=True))
    outputs = sequences(masked())
    assert [get_mask(one) is None for one in outputs] == [False, True, True]
    assert get_mask(layers.Bidirectional(layers.GRU(2))(masked())) is None


def test_in_a_model() -> None:
    model = Sequential(
        [
            layers.Input((4,), dtype="int32"),
            layers.Embedding(6, 3, mask_zero=True),
            layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
            layers.Bidirectional(layers.GRU(2)),
        ]
    )
    assert model.output_shape == (None, 4)
    made = Sequential.from_config(json.loads(json.dumps(model.get_config())))
    made.set_weights(model.get_weights())
    x = torch.tensor([[1, 2, 0, 0], [3, 4, 5, 0]])
    torch.testing.assert_close(made(x), model(x))


def test_components_of_inner_layers_are_in_the_table() -> None:
    inner = layers.LSTM(2, kernel_regularizer="l2", name="memory")
    model = Sequential([layers.Input((4, 3)), layers.Bidirectional(inner, name="both")])
    model.compile("sgd", "mse")
    for direction in ("forward", "backward"):
        slot = f"both.{direction}_layer.kernel_regularizer"
        assert model.components.get(slot).name == "kplug/l2"


@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (lambda: layers.LSTM(4), "whose go_backwards is not that of the forward layer"),
        (
            lambda: layers.LSTM(4, go_backwards=True, return_sequences=True),
            "a layer with return_sequences=False, as the forward layer",
        ),
        (lambda: layers.Dense(4), "'backward_layer' is .*a recurrent layer"),
    ],
)
def test_refused(backward: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        layers.Bidirectional(layers.LSTM(4), backward_layer=backward())
