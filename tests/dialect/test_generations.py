"""Which Keras wrote a configuration: by its version, and by its form where none is written."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from kplug.dialect.generations import (
    KERAS_2,
    KERAS_3,
    Generation,
    find_generation,
    looks_like_keras_2,
)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.2.2", Generation(2, is_multi_backend=True)),
        ("2.3.1", Generation(2, is_multi_backend=True)),
        ("2.2.4-tf", Generation(2, is_multi_backend=False)),
        ("2.4.0", Generation(2, is_multi_backend=False)),
        ("2.15.0", Generation(2, is_multi_backend=False)),
        ("3.0.0.dev1", Generation(3, is_multi_backend=False)),
        (keras.__version__, Generation(3, is_multi_backend=False)),
    ],
)
def test_version_decides(version: str, expected: Generation) -> None:
    assert find_generation({}, version) == expected
    assert find_generation({"keras_version": version}) == expected


def test_version_beside_the_configuration_wins_over_the_one_inside() -> None:
    assert find_generation({"keras_version": "3.1.0"}, "2.4.0") == Generation(2)


def test_form_decides_where_no_version_can_be_read() -> None:
    written = keras.saving.serialize_keras_object(keras.layers.Dense(3))
    assert find_generation(written) == KERAS_3
    assert find_generation(written, "nightly") == KERAS_3
    assert find_generation({"class_name": "Dense", "config": {}}, "nightly") == KERAS_2
    assert find_generation(["Dense"]) == KERAS_2


@pytest.mark.parametrize(
    ("class_name", "config", "expected"),
    [
        ("Dense", {"activation": "hard_sigmoid"}, True),
        ("LSTM", {"recurrent_activation": "HardSigmoid"}, True),
        ("Dense", {"activation": "kplug/hard_sigmoid"}, False),
        ("GRU", {"units": 3}, True),
        ("GRU", {"units": 3, "reset_after": False}, False),
        ("CuDNNLSTM", {"units": 3}, True),
        ("Dense", {"units": 3}, False),
    ],
)
def test_forms_that_only_keras_2_writes(
    class_name: str, config: dict[str, Any], expected: bool
) -> None:
    entry = {"class_name": class_name, "config": config}
    assert looks_like_keras_2(entry) is expected
    inside = {"class_name": "TimeDistributed", "config": {"layer": entry}}
    assert looks_like_keras_2(inside) is expected


def test_what_is_no_layer_has_no_form_of_keras_2() -> None:
    assert not looks_like_keras_2("GRU")
    assert not looks_like_keras_2({"class_name": "CuDNNGRU"})
