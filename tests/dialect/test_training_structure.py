"""Losses and metrics in lists and dicts: every identifier is changed, and the structure stays."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from kplug.dialect.training_structure import map_identifiers


def wrap(identifier: Any) -> tuple[str, Any]:
    return "changed", identifier


def test_structure_stays() -> None:
    given = {"a": ("mse", None), "b": {"c": ["mae"]}, "d": None}
    assert map_identifiers(given, wrap) == {
        "a": (("changed", "mse"), None),
        "b": {"c": [("changed", "mae")]},
        "d": None,
    }


@pytest.mark.parametrize("empty", [None, [], {}])
def test_nothing_stays_nothing(empty: Any) -> None:
    assert map_identifiers(empty, wrap) == empty


@pytest.mark.parametrize(
    "component",
    [
        {"class_name": "Huber", "config": {"delta": 2.0}},
        keras.saving.serialize_keras_object(keras.losses.Huber()),
        {"name": "huber", "args": {"delta": 2.0}},
        {"name": "huber"},
        {"name": "huber", "delta": 2.0},
    ],
    ids=["keras 2", "keras 3", "spec", "spec without arguments", "flat spec"],
)
def test_dict_of_one_component_is_one_identifier(component: dict[str, Any]) -> None:
    assert map_identifiers(component, wrap) == ("changed", component)
    assert map_identifiers({"out": [component]}, wrap) == {"out": [("changed", component)]}


def test_output_called_name_is_an_output_where_the_outputs_are_known() -> None:
    given = {"name": "mse", "score": "mae"}
    changed = {"name": "MSE", "score": "MAE"}
    assert map_identifiers(given, str.upper, ["score", "name", "other"]) == changed
    assert map_identifiers(given, wrap, ["score"]) == ("changed", given)
