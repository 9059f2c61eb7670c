"""Convolutional long short-term memories against Keras: outputs, states, gradients, configurations, files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras.src.layers.rnn.conv_lstm import ConvLSTMCell as KerasCell

import kplug
from kplug import layers
from kplug.errors import ArgumentValueError, DataError
from tests.layers.inputs import draw

MakePair = Callable[..., tuple[Any, Any]]
Same = Callable[..., None]
SIZES = (5, 4, 3)


def _shape(rank: int, data_format: str, *lead: int, channels: int = 2) -> tuple[int, ...]:
    sizes = SIZES[:rank]
    is_last = data_format == "channels_last"
    return (*lead, *sizes, channels) if is_last else (*lead, channels, *sizes)


@pytest.mark.sampled
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"padding": "same", "strides": 2, "return_sequences": True, "go_backwards": True},
        {"dilation_rate": 2, "kernel_size": 2, "return_state": True, "use_bias": False},
        {"activation": "relu", "recurrent_activation": "hard_sigmoid", "return_sequences": True},
    ],
)
@pytest.mark.parametrize("has_mask", [False, True])
def test_layers(
    rank: int,
    data_format: str,
    arguments: dict[str, Any],
    has_mask: bool,
    make_pair: MakePair,
    same: Same,
) -> None:
    given = {"filters": 3, "kernel_size": 3, "data_format": data_format} | arguments
    name = f"ConvLSTM{rank}D"
    shape = _shape(rank, data_format, 2, 3)
    pair = make_pair(getattr(layers, name)(**given), getattr(keras.layers, name)(**given), shape)
    mask = torch.tensor([[1, 1, 0], [0, 1, 1]]).bool() if has_mask else None
    same(pair, draw(*shape), mask)


def test_initial_states(make_pair: MakePair, same: Same) -> None:
    arguments: Any = {"filters": 3, "kernel_size": 2, "padding": "same", "return_state": True}
    pair = make_pair(
        layers.ConvLSTM2D(**arguments), keras.layers.ConvLSTM2D(**arguments), (2, 3, 5, 4, 2)
    )
    same(pair, draw(2, 3, 5, 4, 2), None, [draw(2, 5, 4, 3, seed=seed) for seed in (1, 2)])


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_cells(rank: int, make_pair: MakePair) -> None:
    ours = layers.ConvLSTMCell(rank, 3, 2, padding="same")
    theirs = KerasCell(rank, 3, 2, padding="same", data_format="channels_last")
    shape = _shape(rank, "channels_last", 2)
    make_pair(ours, theirs, shape)
    states = [draw(*_shape(rank, "channels_last", 2, channels=3), seed=seed) for seed in (1, 2)]
    made, new = ours(draw(*shape), states)
    expected, expected_new = theirs(draw(*shape), states)
    torch.testing.assert_close(made, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(list(new), list(expected_new), rtol=1e-5, atol=1e-6)
    assert [tuple(state.shape) for state in ours.get_initial_state(2)] == [tuple(made.shape)] * 2


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    "rates", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}, {"dropout": 0.5, "use_bias": False}]
)
def test_dropout_draws_anew_and_by_its_seed(data_format: str, rates: Any) -> None:
    shape = _shape(2, data_format, 2, 3)
    layer = layers.ConvLSTM2D(1, 1, data_format=data_format, seed=3, **rates)
    x = draw(*shape)
    plain, first = layer(x), layer(x, training=True)
    second = layer(x, training=True)
    assert first.shape == plain.shape
    assert not torch.allclose(first, plain)
    assert not torch.allclose(first, second)
    again = layers.ConvLSTM2D.from_config(layer.get_config())
    again.build_for(shape)
    again.set_weights(layer.get_weights())
    torch.testing.assert_close(again(x, training=True), first)


def test_dropout_is_the_same_at_all_time_steps() -> None:
    layer = layers.ConvLSTM2D(1, 1, dropout=0.5, seed=1, return_sequences=True, activation=None)
    layer.build_for((None, 3, 4, 4, 1))
    kernel = np.zeros((1, 1, 1, 4), "float32")
    kernel[..., 2] = 1.0  # only the new values of c see the inputs; each gate is 1/2
    layer.set_weights([kernel, np.zeros_like(kernel), np.zeros(4, "float32")])
    outputs = layer(torch.ones(1, 3, 4, 4, 1), training=True)
    c = torch.stack([(1 - 0.5**t) * torch.ones(4, 4) for t in (1, 2, 3)])
    kept = outputs[0, 0, ..., 0] != 0
    assert 0 < kept.sum() < 16
    torch.testing.assert_close(outputs[0, ..., 0], kept * c)


def test_stateful_layers_keep_their_states() -> None:
    layer = layers.ConvLSTM2D(3, 2, stateful=True, batch_input_shape=(2, 4, 5, 4, 1))
    x = draw(2, 4, 5, 4, 1)
    whole = layers.ConvLSTM2D(3, 2)
    whole.build_for(x.shape)
    layer(x)
    whole.set_weights(layer.get_weights())
    torch.testing.assert_close(layer(x), whole(torch.cat([x, x], dim=1)), rtol=1e-5, atol=1e-6)
    layer.reset_states()
    torch.testing.assert_close(layer(x), whole(x), rtol=1e-5, atol=1e-6)


def test_bidirectional(make_pair: MakePair, same: Same) -> None:
    ours = layers.Bidirectional(layers.ConvLSTM2D(2, 2, return_sequences=True))
    theirs = keras.layers.Bidirectional(keras.layers.ConvLSTM2D(2, 2, return_sequences=True))
    same(make_pair(ours, theirs, (2, 3, 4, 4, 1)), draw(2, 3, 4, 4, 1))


def test_first_values() -> None:
    layer = layers.ConvLSTM1D(2, 3)
    layer.build_for((None, 3, 6, 4))
    kernel, recurrent, bias = layer.get_weights()
    assert (kernel.shape, recurrent.shape) == ((3, 4, 8), (3, 2, 8))
    assert bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_config_of_keras_is_taken(rank: int) -> None:
    name = f"ConvLSTM{rank}D"
    theirs = getattr(keras.layers, name)(4, 3, padding="same", recurrent_dropout=0.2, seed=1)
    ours = getattr(layers, name).from_config(theirs.get_config())
    config = ours.get_config()
    assert {key: config[key] for key in ("filters", "padding", "recurrent_dropout", "seed")} == {
        "filters": 4,
        "padding": "same",
        "recurrent_dropout": 0.2,
        "seed": 1,
    }
    assert type(ours).from_config(config).get_config() == config
    assert not {"units", "implementation", "use_cudnn", "cell", "rank"} & config.keys()


def test_it_learns_in_a_model() -> None:
    kplug.utils.set_random_seed(1)
    x = np.random.default_rng(0).random((16, 4, 6, 6, 1), dtype="float32")
    model = kplug.Sequential(
        [
            kplug.Input((None, 6, 6, 1)),
            layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True),
            layers.BatchNormalization(),
            layers.Conv3D(1, 3, padding="same", activation="sigmoid"),
        ]
    )
    model.compile("adam", "mse")
    losses = model.fit(x, np.roll(x, 1, axis=1), epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.9 * losses[0]
    assert model.output_shape == (None, None, 6, 6, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.ConvLSTM2D(0, 3), "'filters' is 0; allowed: an integer >= 1"),
        (lambda: layers.ConvLSTM2D(2, (3, 3, 3)), "'kernel_size' is .*; allowed: an integer >= 1"),
        (lambda: layers.ConvLSTM2D(2, 3, padding="causal"), "'padding' is 'causal'; allowed"),
        (
            lambda: layers.ConvLSTM2D(2, 3, strides=2, dilation_rate=2),
            r"'dilation_rate' is \(2, 2\); allowed: 1 where strides are above 1",
        ),
        (lambda: layers.ConvLSTMCell(4, 2, 3), "'rank' is 4; allowed: 1, 2 or 3"),
        (lambda: layers.ConvLSTM1D(2, 3, dropout=2.0), "'dropout' is 2.0; allowed"),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 3, 5, 4), "expects inputs of 5 axes"),
        ((2, 3, 5, 2, 1), "has windows of 3 x 3 cells, which do not fit into inputs of 5 x 2"),
        ((2, 0, 5, 4, 1), "got sequences of no time"),
    ],
)
def test_wrong_shapes(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        layers.ConvLSTM2D(2, 3)(torch.zeros(shape))


def test_unknown_sizes() -> None:
    with pytest.raises(DataError, match="keeps states of the size of its inputs, so all axes but"):
        layers.ConvLSTM2D(2, 3).build_for((None, 3, None, 4, 1))


def test_other_sizes_than_the_layer_was_built_for() -> None:
    layer = layers.ConvLSTM2D(2, 3)
    layer(torch.zeros(2, 3, 5, 4, 1))
    with pytest.raises(DataError, match=r"expects inputs of shape \(None, None, 5, 4, 1\)"):
        layer(torch.zeros(2, 3, 5, 5, 1))
