"""Components as every Keras describes them, and code, which is refused."""

from __future__ import annotations

import re
from typing import Any

import keras
import pytest

from kplug.dialect.generations import KERAS_2
from kplug.dialect.names import Names
from kplug.dialect.reading_components import is_description, qualify, read_component, refuse_code
from kplug.errors import WeightsError


def test_description_of_keras_3_becomes_a_qualified_one() -> None:
    written = keras.saving.serialize_keras_object(keras.regularizers.L2(0.25))
    assert is_description(written)
    assert read_component("regularizer", written, Names()) == {
        "class_name": "kplug/L2",
        "config": {"l2": 0.25},
    }


def test_components_inside_a_component_are_read_as_their_own_kind() -> None:
    rate = keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9)
    written = keras.saving.serialize_keras_object(keras.optimizers.SGD(rate))
    read = read_component("optimizer", written, Names())
    assert read["class_name"] == "kplug/SGD"
    schedule = read["config"]["learning_rate"]
    assert schedule["class_name"] == "kplug/ExponentialDecay"
    assert schedule["config"]["decay_steps"] == 10


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("relu", "kplug/relu"),
        ("shop>relu", "shop/relu"),
        ("shop/relu", "shop/relu"),
        ("leaky_relu(0.1)", "leaky_relu(0.1)"),
        ({"class_name": "function", "config": "relu"}, "kplug/relu"),
        (None, None),
        (0.5, 0.5),
    ],
)
def test_names_and_functions_are_qualified(value: Any, expected: Any) -> None:
    assert read_component("activation", value, Names()) == expected


def test_hard_sigmoid_of_keras_2_has_its_own_slope() -> None:
    old = Names(generation=KERAS_2)
    assert read_component("activation", "hard_sigmoid", old) == "kplug/hard_sigmoid(slope=0.2)"
    assert read_component("activation", "hard_sigmoid", Names()) == "kplug/hard_sigmoid"
    assert read_component("activation", "relu", old) == "kplug/relu"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"class_name": "Adam", "module": "keras.optimizers"}, "kplug/Adam"),
        ({"class_name": "Adam", "module": "shop.rules"}, "custom/Adam"),
        ({"class_name": "Adam", "registered_name": "shop>Adam"}, "shop/Adam"),
        ({"class_name": "Custom>Adam", "config": {"is_legacy_optimizer": False}}, "kplug/Adam"),
        ({"class_name": "Custom>Adam", "config": {}}, "custom/Adam"),
    ],
)
def test_module_and_registration_say_whose_class_it_is(
    entry: dict[str, Any], expected: str
) -> None:
    assert qualify("optimizer", entry, Names()) == expected


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"class_name": "__lambda__", "config": {}}, "holds Python code, a lambda, and code"),
        (
            {"class_name": "Lambda", "config": {"name": "twice"}},
            "holds Python code, a Lambda (layer 'twice'), and code from files is never run",
        ),
    ],
)
def test_code_is_refused(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(WeightsError, match=re.escape(message)):
        refuse_code(entry)
    with pytest.raises(WeightsError, match=re.escape(message)):
        read_component("loss", entry, Names())
