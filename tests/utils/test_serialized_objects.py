"""Objects of any kind as data, here and in Keras 3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug import layers
from kplug.errors import ContractError, KplugError, ResolutionError
from kplug.utils import (
    deserialize_keras_object,
    get_custom_objects,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

# What is made, and what shows that it is the same.
_OBJECTS: dict[str, tuple[Any, Any]] = {
    "layer": (lambda k: k.layers.Dense(3, kernel_regularizer="l2"), lambda one: one.units),
    "model": (
        lambda k: k.Sequential([k.Input((2,)), k.layers.Dense(3)]),
        lambda one: one.count_params(),
    ),
    "initializer": (lambda k: k.initializers.RandomNormal(stddev=0.5), lambda one: one.stddev),
    "regularizer": (lambda k: k.regularizers.L2(0.5), lambda one: float(one.l2)),
    "constraint": (lambda k: k.constraints.MaxNorm(3.0), lambda one: one.max_value),
    "loss": (lambda k: k.losses.MeanSquaredError("sum"), lambda one: one.reduction),
    "metric": (lambda k: k.metrics.TopKCategoricalAccuracy(k=2), lambda one: one.get_config()["k"]),
    "optimizer": (lambda k: k.optimizers.SGD(momentum=0.5), lambda one: one.momentum),
    "schedule": (
        lambda k: k.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9),
        lambda one: one.decay_rate,
    ),
}


@pytest.mark.parametrize("library", [kplug, keras])
@pytest.mark.parametrize("name", _OBJECTS)
def test_an_object_of_each_kind_comes_back(name: str, library: Any) -> None:
    make, show = _OBJECTS[name]
    made = make(library)
    data = json.loads(json.dumps(library.saving.serialize_keras_object([{"a": made}, 3])))
    (entry, number) = deserialize_keras_object(data)
    assert number == 3
    assert type(entry["a"]) is type(make(kplug))
    assert show(entry["a"]) == show(made)


@pytest.mark.parametrize("library", [kplug, keras])
def test_functions_and_arrays_come_back(library: Any) -> None:
    array = np.arange(3, dtype="int32")
    given = {"f": library.activations.relu, "a": array, "t": (torch.ones(2), None), "s": "text"}
    made = deserialize_keras_object(library.saving.serialize_keras_object(given))
    assert made["f"] is kplug.activations.relu
    np.testing.assert_array_equal(made["a"], array)
    assert made["a"].dtype == np.int32
    torch.testing.assert_close(made["t"][0], torch.ones(2))
    assert (made["t"][1], made["s"]) == (None, "text")


class Around(layers.Layer):
    """As users of Keras 3 write it."""

    def __init__(self, inner: Any, **options: Any) -> None:
        super().__init__(**options)
        self.inner = inner

    def call(self, inputs: torch.Tensor) -> Any:
        return self.inner(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "inner": serialize_keras_object(self.inner)}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        return cls(deserialize_keras_object(config.pop("inner")), **config)


@pytest.fixture
def registered() -> Iterator[None]:
    """Give both classes their names, and take them back."""
    for one in (Around, Tripled):
        register_keras_serializable("shop")(one)
    yield
    for one in (Around, Tripled):
        del get_custom_objects()[one.__name__]


@pytest.mark.usefixtures("registered")
def test_a_layer_of_the_users_own_keeps_one_inside(tmp_path: Path) -> None:
    model = kplug.Sequential([kplug.Input((2,)), Around(layers.Dense(3, "relu"))])
    model.save(tmp_path / "model.keras")
    again = kplug.load_model(tmp_path / "model.keras")
    x = np.ones((1, 2), "float32")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


class Tripled(kplug.Loss):
    """A loss of the user's own."""

    def call(self, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        return 3 * (y_true - y_pred).abs()


@pytest.mark.usefixtures("registered")
def test_a_loss_of_the_users_own_comes_back() -> None:
    config = {"module": "shop", "class_name": "Tripled", "config": {"reduction": "sum"}}
    for data in (serialize_keras_object(Tripled(reduction="sum")), config):
        made = deserialize_keras_object(data)
        assert type(made) is Tripled
        assert made.reduction == "sum"


@pytest.mark.usefixtures("registered")
def test_registered_objects_are_found() -> None:
    assert get_registered_object("shop>Around") is get_custom_objects()["Around"] is Around
    assert get_registered_object("nothing", {"other": 1}, {"nothing": 2}) == 2
    assert get_registered_object("nothing") is None


def test_code_is_neither_written_nor_read() -> None:
    with pytest.raises(ContractError, match=r"has no name in files\n.*register_keras_serializable"):
        serialize_keras_object(lambda x: x)
    code = {"class_name": "__lambda__", "config": {"value": "AAAA"}}
    with pytest.raises(KplugError):
        deserialize_keras_object(code)
    with pytest.raises(ResolutionError, match="nothing_like_it"):
        deserialize_keras_object({"class_name": "function", "config": "nothing_like_it"})
