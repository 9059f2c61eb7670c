"""Keras's names for what ``kplug.utils`` does with data."""

from __future__ import annotations

import keras
import pytest

import kplug
from kplug import preprocessing


def _list_functions(module: object) -> set[str]:
    return {
        name for name in dir(module) if not name.startswith("_") and callable(getattr(module, name))
    }


@pytest.mark.parametrize("name", ["image", "sequence"])
def test_a_module_has_the_functions_of_keras(name: str) -> None:
    ours, theirs = getattr(preprocessing, name), getattr(keras.preprocessing, name)
    assert _list_functions(ours) - {"export_names"} == _list_functions(theirs)


def test_functions_are_those_of_utils() -> None:
    assert preprocessing.sequence.pad_sequences is kplug.utils.pad_sequences
    assert preprocessing.image.load_img is kplug.utils.load_img
