"""Keras's names for what ``kplug.utils`` does with data, and those that kplug is lent."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import keras
import kplug_preprocessing
import numpy as np
import pytest
from kplug_preprocessing import layers
from kplug_preprocessing.image import smart_resize
from torch import rand

import kplug
from kplug.errors import DataError


def _list_functions(module: object) -> set[str]:
    return {
        name for name in dir(module) if not name.startswith("_") and callable(getattr(module, name))
    }


@pytest.mark.parametrize("name", ["image", "sequence"])
def test_a_module_has_the_functions_of_keras(name: str) -> None:
    ours, theirs = getattr(kplug_preprocessing, name), getattr(keras.preprocessing, name)
    assert set(ours.__all__) == _list_functions(theirs)


def test_functions_are_those_of_utils() -> None:
    assert kplug_preprocessing.sequence.pad_sequences is kplug.utils.pad_sequences
    assert kplug_preprocessing.image.load_img is kplug.utils.load_img


def test_kplug_has_them_where_keras_has() -> None:
    lent: Any = kplug
    assert lent.preprocessing is kplug_preprocessing
    for name in kplug_preprocessing.__all__:
        assert getattr(kplug.utils, name) is getattr(kplug_preprocessing, name)


def test_every_layer_is_lent_and_offered() -> None:
    offered = _read_names("kplug.layers")
    exported = vars(layers)
    owned = {name for name, value in exported.items() if isinstance(value, type)}
    assert owned == offered.keys()
    assert _read_names("kplug.modules") == {
        "preprocessing": "kplug_preprocessing",
        **{f"layers.{name}": target for name, target in offered.items()},
        **{f"utils.{name}": f"kplug_preprocessing:{name}" for name in kplug_preprocessing.__all__},
    }
    for name in owned:
        assert getattr(kplug.layers, name) is exported[name]


def _read_names(group: str) -> dict[str, str]:
    found = importlib.metadata.distribution("kplug-preprocessing").entry_points
    return {one.name: one.value for one in found if one.group == group}


@pytest.mark.parametrize("size", [(3, 3), (9, 9), (12, 40)])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_smart_resize_equals_keras(size: tuple[int, int], interpolation: str) -> None:
    x = rand(2, 7, 9, 3)
    expected = keras.preprocessing.image.smart_resize(x, size, interpolation)
    made = smart_resize(x.numpy(), size, interpolation)
    np.testing.assert_allclose(made, expected.cpu(), atol=1e-5)
    first = smart_resize(x.movedim(-1, 1), size, interpolation, "channels_first")
    np.testing.assert_allclose(first.movedim(1, -1), made, atol=1e-6)


def test_what_is_no_picture_is_not_resized() -> None:
    with pytest.raises(DataError, match=r"these the shape \(2, 3\)"):
        smart_resize(np.zeros((2, 3)), (1, 1))
