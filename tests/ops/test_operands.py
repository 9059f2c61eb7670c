"""A Python number in an operation with a tensor gets the data type that torch gives it."""

from __future__ import annotations

import pytest
import torch

from kplug.ops.operands import to_operands


@pytest.mark.parametrize("value", [True, 3, 0.5])
@pytest.mark.parametrize(
    "dtype", [torch.bool, torch.uint8, torch.int64, torch.bfloat16, torch.float64, torch.complex64]
)
def test_a_number_gets_the_type_that_torch_gives_it_but_never_int64(
    dtype: torch.dtype, value: float
) -> None:
    tensor = torch.zeros(2, dtype=dtype)
    _, number = to_operands(tensor, value)
    expected = torch.result_type(tensor, value)
    assert number.dtype is (torch.int32 if expected is torch.int64 is not dtype else expected)
    assert number.item() == value
