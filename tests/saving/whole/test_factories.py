"""A component made by a factory is saved under the factory's name, with the factory's arguments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug import Sequential, layers, load_model, resolve


def slow_adam(lr: float = 0.01) -> Any:
    return kplug.optimizers.Adam(lr, beta_2=0.9999)


def of_weights(params: Any, lr: float = 0.01) -> Any:
    return kplug.optimizers.build_optimizer(slow_adam(lr), params)


class Described(torch.optim.SGD):
    def __init__(self, params: Any, lr: float = 0.01) -> None:
        super().__init__(params, lr)

    def get_config(self) -> dict[str, Any]:
        return {"lr": self.param_groups[0]["lr"]}


def halving(first: float = 0.1) -> Any:
    return kplug.schedules.ExponentialDecay(first, 10, 0.5)


def wide_huber(delta: float = 3.0) -> Any:
    return kplug.losses.Huber(delta)


def best(count: int = 2) -> Any:
    return kplug.metrics.TopKCategoricalAccuracy(count)


def leaky(slope: float = 0.25) -> Any:
    return layers.LeakyReLU(slope)


def narrow(spread: float = 0.25) -> Any:
    return kplug.initializers.RandomNormal(stddev=spread)


def weak(strength: float = 0.25) -> Any:
    return kplug.regularizers.L2(strength)


def short(length: float = 0.25) -> Any:
    return kplug.constraints.MaxNorm(length)


def ones(units: int = 2) -> Any:
    return layers.Dense(units, kernel_initializer="ones")


X = np.linspace(-1.0, 1.0, 24, dtype="float32").reshape(8, 3)
Y = np.eye(2, dtype="float32")[np.arange(8) % 2]
FACTORIES: dict[str, Any] = {
    "optimizers": {"slow_adam": slow_adam, "of_weights": of_weights, "described": Described},
    "schedules": {"halving": halving},
    "losses": {"wide_huber": wide_huber},
    "metrics": {"best": best},
    "activations": {"leaky": leaky},
    "initializers": {"narrow": narrow},
    "regularizers": {"weak": weak},
    "constraints": {"short": short},
    "layers": {"ones": ones},
}


@pytest.fixture(autouse=True)
def factories() -> Iterator[None]:
    with kplug.scope(**FACTORIES):
        yield


def make(of_layer: dict[str, Any], **compiled: Any) -> Any:
    model = Sequential([layers.Dense(2, input_shape=(3,), **of_layer)])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **compiled})
    return model


def train(model: Any) -> dict[str, list[float]]:
    found: dict[str, list[float]] = model.fit(X, Y, epochs=2, shuffle=False, verbose=0).history
    return found


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("of_layer", "compiled", "stored"),
    [
        ({}, {"optimizer": "slow_adam(lr=0.02)"}, "slow_adam(lr=0.02)"),
        ({}, {"optimizer": "of_weights(lr=0.02)"}, "of_weights(lr=0.02)"),
        ({}, {"optimizer": "described(lr=0.02)"}, "described(lr=0.02)"),
        ({}, {"optimizer": "sgd(lr=halving(first=0.2))"}, "halving(first=0.2)"),
        ({}, {"optimizer": "loss_scale_optimizer(slow_adam(lr=0.02))"}, "slow_adam(lr=0.02)"),
        ({}, {"loss": "wide_huber(delta=0.5)"}, "wide_huber(delta=0.5)"),
        ({}, {"metrics": ["best(count=1)"]}, "best(count=1)"),
        ({"activation": "leaky(slope=0.5)"}, {}, "leaky(slope=0.5)"),
        ({"kernel_initializer": "narrow(spread=0.5)"}, {}, "narrow(spread=0.5)"),
        ({"kernel_regularizer": "weak(strength=0.5)"}, {}, "weak(strength=0.5)"),
        ({"kernel_constraint": "short(length=0.5)"}, {}, "short(length=0.5)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("extension", ["keras", "h5"])
def test_training_goes_on_as_it_would_have(
    of_layer: dict[str, Any], compiled: dict[str, Any], stored: str, extension: str, tmp_path: Path
) -> None:
    model, path = make(of_layer, **compiled), tmp_path / f"model.{extension}"
    train(model)
    model.save(path)
    loaded = load_model(path)
    assert f"custom/{stored}" in {row.written for row in loaded.components}
    assert train(loaded) == train(model)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    loaded.save(path)  # and what was loaded can be stored again
    assert train(load_model(path)) == train(loaded)


@pytest.mark.parametrize("extension", ["keras", "h5"])
def test_a_rate_that_was_set_before_any_training_is_stored(extension: str, tmp_path: Path) -> None:
    model, path = make({}, optimizer="slow_adam(lr=0.02)"), tmp_path / f"model.{extension}"
    model.optimizer.learning_rate = 0.005
    model.save(path)
    assert load_model(path).optimizer.learning_rate == 0.005


def test_a_layer_is_stored_as_what_it_is(tmp_path: Path) -> None:
    made = resolve("layer", "ones(units=2)").object
    model = Sequential([layers.Input((3,)), made])
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].get_config() == made.get_config()
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
