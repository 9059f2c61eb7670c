"""What kplug writes for Keras: every class under Keras's name, with arguments that Keras takes."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import keras
import pytest

from kplug import Input, Model, Sequential, layers, load_model
from kplug.dialect import write_training
from kplug.dialect.names import find_keras_class
from kplug.dialect.writing_components import write_component
from kplug.errors import UnknownComponentError, WeightsError
from kplug.losses import Loss
from kplug.models import model_from_json
from kplug.registry import KINDS, REGISTRY, resolve
from kplug.regularizers import Regularizer
from kplug.saving.json_text import encode, parse_json

HOMES = {
    "initializer": keras.initializers,
    "regularizer": keras.regularizers,
    "constraint": keras.constraints,
    "loss": keras.losses,
    "metric": keras.metrics,
    "optimizer": keras.optimizers,
    "schedule": keras.optimizers.schedules,
    "layer": keras.layers,
}
# Components that cannot be made from their names alone.
WITH_ARGUMENTS: dict[str, str] = {}
BUILT_IN = [
    (kind, component.name)
    for kind in HOMES
    for component in REGISTRY.components(KINDS[kind])
    if component.origin.distribution == "kplug"
]


@pytest.mark.parametrize(("kind", "name"), BUILT_IN)
def test_keras_has_every_class_that_is_written_as_its(kind: str, name: str) -> None:
    found = find_keras_class(kind, name)
    if found not in (None, "Sequential", "Functional"):
        assert inspect.isclass(getattr(HOMES[kind], found))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind, name in BUILT_IN
        if kind in ("initializer", "regularizer", "constraint") and find_keras_class(kind, name)
    ],
)
def test_keras_makes_every_component(kind: str, name: str) -> None:
    spec = str(resolve(kind, WITH_ARGUMENTS.get(name, f"kplug/{name}")).spec)
    written = json.loads(encode(write_component(kind, spec)))
    made = keras.saving.deserialize_keras_object(written)
    assert type(made).__name__ == find_keras_class(kind, name)


def test_function_with_default_arguments_is_its_name() -> None:
    text = str(resolve("activation", "relu").spec)
    assert write_component("activation", text) == "relu"
    assert write_component("activation", "kplug/relu(negative_slope=0.1)") == {
        "module": None,
        "class_name": "relu",
        "config": {"negative_slope": 0.1},
        "registered_name": "kplug>relu",
    }


def test_component_of_a_plugin_is_marked_as_such() -> None:
    assert write_component("regularizer", "kplug-penalties/l1_reg(l1=0.5)") == {
        "module": None,
        "class_name": "l1_reg",
        "config": {"l1": 0.5},
        "registered_name": "kplug-penalties>l1_reg",
    }


def test_own_function_is_marked_as_such() -> None:
    assert write_component("loss", "custom/dice") == {
        "module": "builtins",
        "class_name": "function",
        "config": "custom>dice",
        "registered_name": "function",
    }


def test_structures_of_identifiers_keep_their_form() -> None:
    inputs = Input((3,))
    model = Model(inputs, [layers.Dense(1, name=name)(inputs) for name in ("a", "b")])
    model.compile(
        "sgd",
        loss={"a": "mse", "b": "huber(delta=2.0)"},
        metrics=[["mae"], ["accuracy"]],
        loss_weights={"a": 1.0, "b": 0.5},
    )
    compiled = model.compiled
    assert compiled is not None
    written = write_training(compiled.structure, compiled.loss_weights, {})
    assert written["loss"]["a"] == "mean_squared_error"
    assert written["loss"]["b"]["class_name"] == "Huber"
    assert written["metrics"] == [["mae"], ["accuracy"]]
    assert written["loss_weights"] == {"a": 1.0, "b": 0.5}


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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "the text is no JSON that can be read: "),
        ("[" * 100_000, "the text is no JSON that can be read: "),
        ("[" * 100 + "]" * 100, "the text is nested more than 64 levels deep"),
        ('"' + "a" * (65 << 20) + '"', "the text has 68157442 bytes; at most 67108864 are read"),
    ],
)
def test_text_that_is_not_read(text: str, message: str) -> None:
    with pytest.raises(WeightsError) as caught:
        parse_json(text, "the text")
    assert str(caught.value).startswith(message)


def test_arrays_become_lists() -> None:
    import numpy as np
    import torch

    content: dict[str, Any] = {"a": np.arange(2), "b": torch.ones(1), "c": (1,), "d": np.float32(2)}
    assert json.loads(encode(content)) == {"a": [0, 1], "b": [1.0], "c": [1], "d": 2.0}
