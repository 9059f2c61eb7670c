"""Scripts written for Keras's guide, as they are printed there, run after changing the import."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kplug import backend, initializers, optimizers, regularizers
from kplug.errors import LossWithoutGradientError

HEAD = """
import keras
from keras import backend as K, regularizers, initializers, optimizers
from keras.models import Sequential
from keras.layers import Dense, Activation
model = Sequential()
"""

WEIGHTS = """
model.add(Dense(64, input_dim=64))
model.add(Dense(8))
for layer in model.layers: print(layer.get_config(), layer.get_weights())
first_layer_weights = model.layers[0].get_weights()[0]
first_layer_biases  = model.layers[0].get_weights()[1]
second_layer_weights = model.layers[1].get_weights()[0]
second_layer_biases  = model.layers[1].get_weights()[1]
"""

PENALTIES = """
model.add(Dense(64, input_dim=64,
                kernel_regularizer=regularizers.l2(0.01),
                activity_regularizer=regularizers.l1(0.01)))
keras.regularizers.l1(0.)
keras.regularizers.l2(0.)
keras.regularizers.l1_l2(l1=0.01, l2=0.01)
model.compile(loss='mean_squared_error', optimizer='sgd')
model.fit(x, x, verbose=0)
"""

OWN_PENALTY = """
def l1_reg(weight_matrix):
    return 0.01 * K.sum(K.abs(weight_matrix))

model.add(Dense(64, input_dim=64,
                kernel_regularizer=l1_reg))
model.compile(loss='mean_squared_error', optimizer='sgd')
model.fit(x, x, verbose=0)
"""

OWN_LOSSES = """
def squared_hinge(y_true, y_pred):
    return K.mean(K.square(K.maximum(1. - y_true * y_pred, 0.)), axis=-1)


def hinge(y_true, y_pred):
    return K.mean(K.maximum(1. - y_true * y_pred, 0.), axis=-1)

model.add(Dense(64, input_dim=64))
for loss in (squared_hinge, hinge):
    model.compile(loss=loss, optimizer='sgd')
    model.fit(x, K.sign(x), verbose=0)
"""

DICE = """
import keras.backend as K
def dice_coef(y_true, y_pred, smooth, thresh):
    y_pred = y_pred > thresh
    y_true_f = K.flatten(y_true)
    y_pred_f = K.flatten(y_pred)
    intersection = K.sum(y_true_f * y_pred_f)

    return (2. * intersection + smooth) / (K.sum(y_true_f) + K.sum(y_pred_f) + smooth)

def dice_loss(smooth, thresh):
    def dice(y_true, y_pred):
        return -dice_coef(y_true, y_pred, smooth, thresh)
    return dice

# build model
model.add(Dense(64, input_dim=64))
# get the loss function
model_dice = dice_loss(smooth=1e-5, thresh=0.5)
# compile model
model.compile(loss=model_dice)
"""

INITIALIZERS = """
for initializer in (
    initializers.random_normal(stddev=0.01),
    'random_normal',
    keras.initializers.he_uniform(seed=None),
    keras.initializers.he_normal(seed=None),
    keras.initializers.glorot_normal(seed=None),
    keras.initializers.glorot_uniform(seed=None),
    keras.initializers.TruncatedNormal(mean=0.0, stddev=0.05, seed=None),
    keras.initializers.RandomUniform(minval=-0.05, maxval=0.05, seed=None),
    keras.initializers.RandomNormal(mean=0.0, stddev=0.05, seed=None),
    keras.initializers.Constant(value=0),
):
    model = Sequential()
    model.add(Dense(64, input_dim=64, kernel_initializer=initializer))
    model.compile(loss='mean_squared_error', optimizer='sgd')

def my_init(shape, dtype=None):
    return K.random_normal(shape, dtype=dtype)

model = Sequential()
model.add(Dense(64, input_dim=64, kernel_initializer=my_init))
model.compile(loss='mean_squared_error', optimizer='sgd')
model.fit(x, x, verbose=0)
"""

MODELS = """
model.add(Dense(64, input_dim=64))
print(model.layers, model.inputs, model.outputs)
model.summary()
keras.utils.print_summary(model)
config = model.get_config()
model = Sequential.from_config(config)
weights = model.get_weights()
model.set_weights(weights)
model.save_weights('weights.h5')
model.load_weights('weights.h5', by_name=False)
model.load_weights('weights.h5', by_name=True)
"""

OPTIMIZERS = """
model.add(Dense(64, kernel_initializer='uniform', input_shape=(10,)))
model.add(Activation('softmax'))

sgd = optimizers.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True)
model.compile(loss='mean_squared_error', optimizer=sgd)
model.fit(x[:, :10], x, verbose=0)
"""


def run(script: str) -> dict[str, Any]:
    x = np.random.default_rng(0).normal(size=(8, 64)).astype("float32")
    namespace: dict[str, Any] = {"__name__": "__script__", "x": x}
    exec((HEAD + script).replace("keras", "kplug"), namespace)
    return namespace


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    backend.clear_session()
    torch.manual_seed(0)


@pytest.mark.parametrize(
    "script",
    [PENALTIES, OWN_PENALTY, OWN_LOSSES, INITIALIZERS, MODELS, OPTIMIZERS],
    ids=["penalties", "own penalty", "own losses", "initializers", "models", "optimizers"],
)
def test_scripts_run(script: str) -> None:
    assert run(script)["model"].built


def test_weights_of_all_layers_are_printed_before_anything_else_was_asked(capsys: Any) -> None:
    made = run(WEIGHTS)
    assert capsys.readouterr().out.count("'units': ") == 2
    assert made["first_layer_weights"].shape == (64, 64)
    assert made["first_layer_biases"].shape == (64,)
    assert made["second_layer_weights"].shape == (64, 8)
    assert made["second_layer_biases"].shape == (8,)


def test_the_dice_as_it_is_printed_is_refused_at_the_first_step() -> None:
    made = run(DICE)
    with pytest.raises(LossWithoutGradientError) as caught:
        made["model"].fit(made["x"], made["x"] > 0, verbose=0)
    assert str(caught.value).startswith("loss: the loss 'dice' has no gradient\n")


def test_the_dice_as_it_is_printed_is_a_metric() -> None:
    made = run(DICE)
    model = made["model"]
    model.compile(loss="mse", optimizer="sgd", metrics=[made["model_dice"]])
    assert -1 <= model.fit(made["x"], made["x"] > 0, verbose=0).history["dice"][0] <= 0


SIGNATURES: dict[str, dict[str, object]] = {
    "SGD": {"lr": 0.01, "momentum": 0.0, "decay": 0.0, "nesterov": False},
    "RMSprop": {"lr": 0.001, "rho": 0.9, "epsilon": None, "decay": 0.0},
    "Adagrad": {"lr": 0.01, "epsilon": None, "decay": 0.0},
    "Adadelta": {"lr": 1.0, "rho": 0.95, "epsilon": None, "decay": 0.0},
    "Adam": {
        "lr": 0.001,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": None,
        "decay": 0.0,
        "amsgrad": False,
    },
    "Nadam": {
        "lr": 0.002,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": None,
        "schedule_decay": 0.004,
    },
    "l1": {"l1": 0.01},
    "l2": {"l2": 0.01},
    "l1_l2": {"l1": 0.01, "l2": 0.01},
    "he_uniform": {"seed": None},
    "he_normal": {"seed": None},
    "glorot_normal": {"seed": None},
    "glorot_uniform": {"seed": None},
    "TruncatedNormal": {"mean": 0.0, "stddev": 0.05, "seed": None},
    "RandomUniform": {"minval": -0.05, "maxval": 0.05, "seed": None},
    "RandomNormal": {"mean": 0.0, "stddev": 0.05, "seed": None},
    "Constant": {"value": 0},
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_begin_with_the_guides(name: str) -> None:
    (home,) = (m for m in (optimizers, regularizers, initializers) if hasattr(m, name))
    parameters = list(inspect.signature(getattr(home, name)).parameters.values())
    expected = SIGNATURES[name]
    found = {each.name: each.default for each in parameters[: len(expected)]}
    assert list(found.items()) == list(expected.items())
