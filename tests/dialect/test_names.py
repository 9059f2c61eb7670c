"""Whose a name is: Keras's, a plugin's, or the user's own."""

from __future__ import annotations

import torch

from kplug import layers, losses
from kplug.dialect.names import (
    Names,
    find_built_in,
    find_keras_class,
    find_keras_name,
    strip_package,
)
from kplug.registry.candidates.scopes import scope


def absolute(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    return (y_true - y_pred).abs()


def test_name_without_package_is_built_in_only_where_there_is_one() -> None:
    names = Names()
    assert names.qualify("layer", "Dense") == "kplug/Dense"
    assert names.qualify("layer", "NoSuchLayer") == "NoSuchLayer"
    assert find_built_in("layer", "NoSuchLayer") is None


def test_custom_object_goes_before_a_built_in_of_its_name() -> None:
    names = Names.of({"Own>dense": object()})
    assert names.custom == {"dense"}
    assert names.qualify("layer", "Dense") == "custom/Dense"
    assert names.qualify("layer", "LSTM") == "kplug/LSTM"
    assert Names.of(None).custom == frozenset()


def test_name_in_a_scope_is_custom_for_as_long_as_the_scope_is_open() -> None:
    with scope(losses={"mse": absolute}):
        assert Names().qualify("loss", "Mse") == "custom/Mse"
        assert Names().qualify("metric", "mse") == "kplug/mse"
    assert Names().qualify("loss", "mse") == "kplug/mse"


def test_name_with_a_package_is_never_a_built_in() -> None:
    assert Names().qualify_package("layer", "shop", "Dense") == "shop/Dense"
    assert Names().qualify_package("layer", "Custom", "Dense") == "custom/Dense"
    assert Names.of({"Dense": object()}).qualify_package("layer", "shop", "Dense") == "custom/Dense"
    assert strip_package("a>b>Dense") == "Dense"


def test_class_of_keras_is_one_that_keras_has() -> None:
    assert find_keras_name("loss", "kplug/mean_squared_error") == "MeanSquaredError"
    assert find_keras_class("loss", losses.MeanSquaredError) == "keras.losses.MeanSquaredError"
    assert find_keras_class("layer", layers.TorchModule) is None
    assert find_keras_name("layer", "kplug/NoSuchLayer") is None


def test_a_loss_is_no_metric_of_keras() -> None:
    assert find_keras_class("loss", losses.Huber) == "keras.losses.Huber"
    assert find_keras_class("metric", losses.Huber) is None


def test_class_that_only_has_the_name_of_a_built_in_is_not_in_keras() -> None:
    own = type("Dense", (layers.Dense,), {"__module__": __name__})
    assert find_keras_class("layer", layers.Dense) == "keras.layers.Dense"
    assert find_keras_class("layer", own) is None
