"""Names of number types."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug import backend as K
from kplug.errors import ArgumentValueError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, torch.float32),
        ("float64", torch.float64),
        ("torch.float16", torch.float16),
        ("bool", torch.bool),
        ("int", torch.int64),
        (torch.bfloat16, torch.bfloat16),
        (np.float64, torch.float64),
        (np.dtype("int32"), torch.int32),
        (int, torch.int64),
        (bool, torch.bool),
        ({"class_name": "DTypePolicy", "config": {"name": "float32"}}, torch.float32),
    ],
)
def test_to_dtype(given: Any, expected: torch.dtype) -> None:
    assert K.to_dtype(given) is expected


@pytest.mark.parametrize("given", ["float33", "", object, {"config": None}, np.dtype("U3")])
def test_unknown_type_is_refused(given: Any) -> None:
    with pytest.raises(ArgumentValueError, match="allowed: one of bool, uint8"):
        K.to_dtype(given)


def test_dtype_name_is_what_keras_writes() -> None:
    assert [K.dtype_name(torch.float32), K.dtype_name("bfloat16")] == ["float32", "bfloat16"]


_TYPES = (
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "float16",
    "bfloat16",
    "float32",
    "complex64",
    float,
    None,
)


@pytest.mark.parametrize("first", _TYPES)
def test_types_are_promoted_as_keras_promotes_them(first: Any) -> None:
    expected = {second: keras.backend.result_type(first, second) for second in _TYPES}
    assert {second: K.result_type(first, second) for second in _TYPES} == expected


def test_types_of_numbers_and_of_64_bits() -> None:
    assert K.result_type() == keras.backend.result_type() == "float32"
    assert K.result_type(int) == keras.backend.result_type(int) == "int32"
    assert K.result_type("int8", int) == keras.backend.result_type("int8", int) == "int8"
    assert K.result_type("int64", "int32") == "int64"
    assert K.result_type("float64", float) == "float64"


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "bfloat16", "complex64"])
def test_floats_and_integers_are_told_apart(dtype: str) -> None:
    assert K.is_float_dtype(dtype) == keras.backend.is_float_dtype(dtype)
    assert K.is_int_dtype(dtype) == keras.backend.is_int_dtype(dtype)
