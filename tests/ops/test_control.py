"""Loops whose bodies return numbers."""

from __future__ import annotations

import numpy as np
import pytest

from kplug import ops


@pytest.mark.parametrize("number", [2, 2.5, np.float32(2.5)])
def test_numbers_that_a_body_returns_are_stacked(number: float) -> None:
    carry, made = ops.scan(lambda carry, _: (carry + number, carry), 0, length=3)
    assert carry == 3 * number
    np.testing.assert_array_equal(made, [0, number, 2 * number])
    np.testing.assert_array_equal(ops.map(lambda _: float(number), np.zeros(2)), [number] * 2)
