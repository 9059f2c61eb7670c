"""Models written for Keras have Keras's class names, with arguments that Keras takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kplug import Model, Sequential, layers, load_model
from kplug.errors import UnknownComponentError
from kplug.losses import Loss
from kplug.models import model_from_json
from kplug.regularizers import Regularizer


class Scaled(layers.Dense):
    """A layer of the user's own."""


def test_own_layer_comes_back_with_custom_objects_alone() -> None:
    text = Sequential([Scaled(2, input_dim=3, name="own")]).to_json()
    entry = json.loads(text)["config"]["layers"][1]
    assert (entry["module"], entry["registered_name"]) == (None, "custom>Scaled")
    with pytest.raises(UnknownComponentError, match="'custom/Scaled' was a layer defined in code"):
        model_from_json(text)
    assert type(model_from_json(text, {"Scaled": Scaled}).layers[0]) is Scaled


class Weighted(Regularizer):
    """A regularizer of the user's own, with an argument."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def __call__(self, x: Any) -> Any:
        return self.factor * x.abs().sum()

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor}


class Scaling(Loss):
    """A loss of the user's own, with an argument."""

    def __init__(self, factor: float = 1.0, name: str = "scaling") -> None:
        super().__init__(name=name)
        self.factor = factor

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.factor * (y_true - y_pred) ** 2

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "name": self.name}


OWN = {"Weighted": Weighted, "Scaling": Scaling, "Scaled": Scaled}


@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_own_components_come_back_with_their_arguments(extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"m{extension}"
    model = Sequential([Scaled(2, input_dim=3, name="own", kernel_regularizer=Weighted(7.0))])
    model.compile("sgd", Scaling(0.9))
    model.save(path)
    loaded = load_model(path, OWN)
    assert loaded.loss.factor == 0.9
    assert loaded.layers[0].kernel_regularizer.factor == 7.0
    with pytest.raises(UnknownComponentError, match="'custom/Scaled' was a layer defined in code"):
        load_model(path)


def test_own_components_of_a_configuration_are_those_of_the_call() -> None:
    chain = Sequential([layers.Dense(2, input_dim=3, kernel_regularizer=Weighted(7.0))])
    inputs = layers.Input((3,))
    graph = Model(inputs, layers.Dense(2, kernel_regularizer=Weighted(7.0))(inputs))
    made = [model_from_json(each.to_json(), OWN) for each in (chain, graph)]
    made += [type(each).from_config(each.get_config(), OWN) for each in (chain, graph)]
    for model in made:
        model.compile("sgd", "mse")
        assert model.layers[-1].kernel_regularizer.factor == 7.0
