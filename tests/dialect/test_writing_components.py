"""Components under Keras's names, with arguments that Keras takes."""

from __future__ import annotations

import inspect
import json

import keras
import pytest

from kplug.dialect.names import find_keras_name
from kplug.dialect.writing_components import write_component
from kplug.registry import KINDS, REGISTRY, resolve
from kplug.saving.json_text import encode

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
    found = find_keras_name(kind, f"kplug/{name}")
    in_keras_2 = ("LocallyConnected1D", "LocallyConnected2D")
    if found not in (None, "Sequential", "Functional", *in_keras_2):
        assert inspect.isclass(getattr(HOMES[kind], found))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind, name in BUILT_IN
        if kind in ("initializer", "regularizer", "constraint")
        and find_keras_name(kind, f"kplug/{name}")
    ],
)
def test_keras_makes_every_component(kind: str, name: str) -> None:
    spec = str(resolve(kind, WITH_ARGUMENTS.get(name, f"kplug/{name}")).spec)
    written = json.loads(encode(write_component(kind, spec)))
    made = keras.saving.deserialize_keras_object(written)
    assert type(made).__name__ == find_keras_name(kind, f"kplug/{name}")


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
