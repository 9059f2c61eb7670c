"""Keras's functions that give names to the user's own classes and functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kplug import layers, losses
from kplug.errors import UnknownComponentError
from kplug.models import Sequential, load_model
from kplug.utils import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    register_keras_serializable,
)


class Tenfold(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return 10 * inputs


def gap(y_true: Any, y_pred: Any) -> Any:
    return (y_true - y_pred).abs().mean(-1)


def test_names_count_inside_the_scope() -> None:
    assert custom_object_scope is CustomObjectScope
    with custom_object_scope({"Tenfold": Tenfold}, {"gap": gap}):
        assert isinstance(layers.deserialize({"class_name": "Tenfold", "config": {}}), Tenfold)
        loss = losses.get("gap")
        assert loss is not None
        assert float(loss(np.array([[1.0]]), np.array([[3.0]]))) == 2.0
    with pytest.raises(UnknownComponentError):
        losses.get("gap")


def test_names_count_until_they_are_taken_out() -> None:
    names = get_custom_objects()
    names.update({"gap": gap})
    try:
        names["gap"] = gap  # once more
        assert dict(get_custom_objects()) == {"gap": gap}
        assert losses.get("gap") is not None
    finally:
        names.clear()
    with pytest.raises(UnknownComponentError):
        losses.get("gap")


def test_a_file_is_loaded_in_a_scope(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(2, input_dim=3), Tenfold()])
    path = tmp_path / "model.keras"
    model.save(path)
    with custom_object_scope({"Tenfold": Tenfold}):
        loaded = load_model(path)
    x = np.ones((1, 3), "float32")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_a_decorator_registers_a_class_under_its_name_or_another() -> None:
    @register_keras_serializable("Mine", "Other")
    class Some(layers.Layer):
        pass

    try:
        assert get_custom_objects()["Other"] is Some
        entry = {"class_name": "Mine>Other", "config": {}}
        assert isinstance(layers.deserialize(entry), Some)
    finally:
        del get_custom_objects()["Other"]
