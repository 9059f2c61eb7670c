"""Configurations of recurrent layers: here and back, and those that Keras writes or wrote."""

from __future__ import annotations

import json
from typing import Any, cast

import keras
import pytest
import torch

from kplug import layers
from kplug.errors import ArgumentError, ArgumentValueError, DataError, UnknownComponentError

OURS: dict[str, Any] = {
    "SimpleRNN": {"units": 3, "activation": "relu", "dropout": 0.1, "unroll": True},
    "LSTM": {
        "units": 3,
        "recurrent_activation": "hard_sigmoid",
        "unit_forget_bias": False,
        "kernel_regularizer": "l2(l2=0.5)",
        "recurrent_initializer": "ones",
        "bias_constraint": "non_neg",
        "activity_regularizer": "l1",
        "return_sequences": True,
        "implementation": 1,
        "use_cudnn": False,
    },
    "GRU": {"units": 3, "reset_after": False, "stateful": True, "go_backwards": True, "seed": 4},
}


def _as_json(config: Any) -> Any:
    return json.loads(json.dumps(config))


@pytest.mark.parametrize("name", OURS)
def test_round_trip(name: str) -> None:
    layer = getattr(layers, name)(**OURS[name])
    config = layer.get_config()
    made = type(layer).from_config(_as_json(config))
    assert _as_json(made.get_config()) == _as_json(config)
    plain = {k: v for k, v in OURS[name].items() if not isinstance(v, str)}
    assert {key: config[key] for key in plain} == plain
    assert "cell" not in config


@pytest.mark.parametrize("name", OURS)
def test_cells_of_layers_have_the_same_arguments(name: str) -> None:
    cell = getattr(layers, name)(**OURS[name]).cell
    config = cell.get_config()
    made = type(cell).from_config(_as_json(config))
    assert _as_json(made.get_config()) == _as_json(config)


def test_rnn_of_cells() -> None:
    layer = layers.RNN(
        [layers.LSTMCell(3), layers.GRUCell(2, reset_after=False)], return_state=True
    )
    made = layers.RNN.from_config(_as_json(layer.get_config()))
    assert _as_json(made.get_config()) == _as_json(layer.get_config())
    assert made.output_count == 4
    made.build_for((None, 5, 4))
    layer.build_for((None, 5, 4))
    assert [w.shape for w in made.get_weights()] == [w.shape for w in layer.get_weights()]


KERAS: list[Any] = [
    lambda: keras.layers.SimpleRNN(3, dropout=0.2, return_sequences=True),
    lambda: keras.layers.LSTM(3, kernel_regularizer="l2", recurrent_activation="hard_sigmoid"),
    lambda: keras.layers.GRU(3, reset_after=False, go_backwards=True, seed=3),
    lambda: keras.layers.RNN(keras.layers.LSTMCell(3), return_state=True),
    lambda: keras.layers.RNN([keras.layers.LSTMCell(3), keras.layers.GRUCell(2)]),
    lambda: keras.layers.Bidirectional(keras.layers.LSTM(3), merge_mode="ave"),
    lambda: keras.layers.TimeDistributed(keras.layers.Dense(3)),
]


@pytest.mark.parametrize("make", KERAS)
def test_keras_3(make: Any) -> None:
    theirs = make()
    config = _as_json(theirs.get_config())
    ours = getattr(layers, type(theirs).__name__).from_config(config)
    theirs.build((2, 5, 4))
    ours.build_for((None, 5, 4))
    ours.set_weights([one.value.detach().numpy() for one in theirs.weights])
    x = torch.randn((2, 5, 4), generator=torch.Generator().manual_seed(0))
    for one, other in zip(_listed(ours(x)), _listed(theirs(x)), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def _listed(outputs: Any) -> list[Any]:
    return list(keras.tree.flatten(outputs))


def _initializer(name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": name, "config": config}


# As Keras 2.2.4 writes it.
KERAS_2: dict[str, Any] = {
    "name": "lstm_1",
    "trainable": True,
    "batch_input_shape": [None, 5, 4],
    "dtype": "float32",
    "return_sequences": False,
    "return_state": False,
    "go_backwards": False,
    "stateful": False,
    "unroll": False,
    "units": 3,
    "activation": "tanh",
    "recurrent_activation": "hard_sigmoid",
    "use_bias": True,
    "kernel_initializer": _initializer(
        "VarianceScaling", scale=1.0, mode="fan_avg", distribution="uniform", seed=None
    ),
    "recurrent_initializer": _initializer("Orthogonal", gain=1.0, seed=None),
    "bias_initializer": _initializer("Zeros"),
    "unit_forget_bias": True,
    "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.25}},
    "recurrent_regularizer": None,
    "bias_regularizer": None,
    "activity_regularizer": None,
    "kernel_constraint": None,
    "recurrent_constraint": None,
    "bias_constraint": None,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "implementation": 1,
}


def test_keras_2() -> None:
    layer = layers.LSTM.from_config(KERAS_2)
    config = layer.get_config()
    assert config["implementation"] == 1
    assert config["batch_input_shape"] == (None, 5, 4)
    assert config["kernel_regularizer"] == "kplug/l1_l2(l1=0.0, l2=0.25)"
    assert config["recurrent_activation"] == f"kplug/hard_sigmoid(slope={1 / 6})"
    assert layer(torch.zeros(2, 5, 4)).shape == (2, 3)


def test_tf_keras_writes_what_is_off() -> None:
    config = {**KERAS_2, "time_major": False, "implementation": 2}
    assert layers.LSTM.from_config(config).units == 3
    with pytest.raises(ArgumentError, match="LSTM has no argument 'time_major'"):
        layers.LSTM.from_config({**config, "time_major": True})


def test_keras_2_simple_rnn_with_implementation() -> None:
    config = {"units": 3, "implementation": 0, "return_sequences": True}
    assert layers.SimpleRNN.from_config(config).return_sequences


@pytest.mark.parametrize(("name", "made"), [("CuDNNLSTM", layers.LSTM), ("CuDNNGRU", layers.GRU)])
def test_names_of_gpu_layers(name: str, made: Any) -> None:
    left_out = ("activation", "recurrent_activation", "use_bias", "dropout", "recurrent_dropout")
    config = {key: KERAS_2[key] for key in KERAS_2 if key not in (*left_out, "implementation")}
    if name == "CuDNNGRU":
        del config["unit_forget_bias"]
    layer: Any = layers.get({"class_name": name, "config": config})
    assert type(layer) is made
    found = layer.get_config()
    assert found["recurrent_activation"] == "kplug/sigmoid"
    assert found.get("reset_after", True) is True


def test_specs() -> None:
    layer: Any = layers.get("lstm(units=3, kernel_regularizer=l2(0.5))")
    assert layer.units == 3
    assert layer.get_config()["kernel_regularizer"] == "kplug/l2(l2=0.5)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.LSTM(0), "argument 'units' is 0; allowed: an integer >= 1"),
        (lambda: layers.GRU(3, dropout=1.5), "argument 'dropout' is 1.5; allowed: a number in"),
        (
            lambda: layers.GRU(3, recurrent_dropout=-1),
            "'recurrent_dropout' is -1; allowed: a number",
        ),
        (lambda: layers.GRU(3, implementation=5), "'implementation' is 5; allowed: 0, 1 or 2"),
        (
            lambda: layers.GRU(3, return_sequences=cast("Any", "yes")),
            "argument 'return_sequences' is 'yes'",
        ),
        (lambda: layers.GRU(3, use_cudnn="no"), "'use_cudnn' is 'no'; allowed: 'auto', True or"),
        (
            lambda: layers.RNN(layers.Dense(3)),
            "RNN: argument 'cell' is .*a layer with a state_size",
        ),
        (lambda: layers.RNN([]), "StackedRNNCells: argument 'cells' is .*a list of cells"),
        (lambda: layers.Bidirectional(layers.Dense(3)), "argument 'layer' is .*recurrent layer"),
        (
            lambda: layers.Bidirectional(layers.GRU(3), "max"),
            "'merge_mode' is 'max'; allowed: 'conc",
        ),
    ],
)
def test_refused_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize(
    ("shape", "named", "message"),
    [
        (
            (2, 4, 6),
            {},
            r"layer 'm' expects inputs of shape \(None, None, 5\), got shape \(2, 4, 6\)",
        ),
        ((2, 5), {}, r"layer 'm' expects inputs of shape \(None, None, 5\), got shape \(2, 5\)"),
        ((2, 0, 5), {}, r"layer 'm' got sequences of no time: \(2, 0, 5\)"),
        (
            (2, 4, 5),
            {"initial_state": torch.zeros(2, 4)},
            r"'m' expects states of shapes \[\(2, 3\)",
        ),
        (
            (2, 4, 5),
            {"initial_state": [torch.zeros(1, 3)]},
            r"'m' expects states of shapes \[\(2, 3\)",
        ),
        (
            (2, 4, 5),
            {"mask": torch.ones(2, 3)},
            r"'m' expects a mask of shape \(2, 4\), got \(2, 3\)",
        ),
    ],
)
def test_inputs_that_do_not_fit(name: str, shape: Any, named: Any, message: str) -> None:
    layer = getattr(layers, name)(3, name="m")
    layer.build_for((None, 4, 5))
    with pytest.raises(DataError, match=message):
        layer(torch.zeros(shape), **named)


def test_unknown_keyword() -> None:
    with pytest.raises(ArgumentError, match="LSTM has no argument 'unit'") as caught:
        layers.LSTM(3, unit=3)  # type: ignore[call-arg]
    assert "Did you mean 'units'?" in str(caught.value)


def test_unknown_component_names_the_layer() -> None:
    layer = layers.LSTM(3, kernel_regularizer="l3", name="memory")
    with pytest.raises(UnknownComponentError, match=r"memory\.kernel_regularizer"):
        layer.build_for((None, 5, 4))


def test_components_can_be_assigned_later() -> None:
    layer = layers.LSTM(3)
    layer.kernel_regularizer = "l2(l2=1.0)"
    layer.activation = "relu"
    layer.build_for((None, 5, 4))
    (penalty,) = layer.regularization_losses()
    assert penalty.item() == pytest.approx(float((layer.get_weights()[0] ** 2).sum()))
    assert layer.cell.activation is layer.activation
    assert layer.get_config()["activation"].startswith("kplug/relu(")


def test_first_values() -> None:
    layer = layers.LSTM(3)
    layer.build_for((None, 5, 4))
    kernel, recurrent, bias = layer.get_weights()
    assert bias.tolist() == [0.0] * 3 + [1.0] * 3 + [0.0] * 6
    # Orthogonal: a wide matrix has orthonormal rows.
    torch.testing.assert_close(
        torch.tensor(recurrent @ recurrent.T), torch.eye(3), atol=1e-5, rtol=0
    )
    assert kernel.std() > 0
    given = layers.LSTM(3, weights=[kernel, recurrent, 2.0 * bias])
    given.build_for((None, 5, 4))
    assert given.get_weights()[2].tolist() == (2.0 * bias).tolist()
    cell = layers.LSTMCell(3, weights=[kernel, recurrent, 2.0 * bias])
    cell.build_for((None, 4))
    assert cell.get_weights()[2].tolist() == (2.0 * bias).tolist()
    none = layers.LSTM(3, unit_forget_bias=False)
    none.build_for((None, 5, 4))
    assert not none.get_weights()[2].any()


def test_trainable() -> None:
    layer = layers.GRU(3, trainable=False)
    layer.build_for((None, 5, 4))
    assert layer.trainable_weights == []
    layer.trainable = True
    assert len(layer.trainable_weights) == 3


@pytest.mark.parametrize(
    "cell",
    [
        layers.LSTMCell(3),
        layers.GRUCell(3),
        layers.SimpleRNNCell(3),
        [layers.LSTMCell(3), layers.LSTMCell(3)],
    ],
)
def test_sequences_of_pictures_are_no_sequences_of_vectors(cell: Any) -> None:
    # torch's LSTM takes them, and writes past its memory.
    with pytest.raises(DataError) as caught:
        layers.RNN(cell, name="rnn")(torch.ones(2, 6, 6, 5))
    assert str(caught.value) == "layer 'rnn' expects inputs of 3 axes, got shape (None, 6, 6, 5)"
