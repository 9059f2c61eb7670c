"""Names of number types."""

from __future__ import annotations

from typing import Any

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
