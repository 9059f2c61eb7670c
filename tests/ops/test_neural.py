"""``softmax`` and ``normalize``: their warnings, and the arguments that they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from kplug import ops
from kplug.errors import KplugError, KplugWarning


def test_a_softmax_along_an_axis_of_size_1_warns() -> None:
    with pytest.warns(
        KplugWarning, match=r"softmax along axis 1 of shape \(2, 1\) is 1 everywhere"
    ):
        made = ops.softmax(np.zeros((2, 1), "float32"), axis=1)
    assert made.tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize("order", ["a", -1, 0, 2.5])
def test_the_order_of_a_norm_is_a_whole_number(order: object) -> None:
    with pytest.raises(KplugError, match=r"argument 'order' is .*; allowed: an integer >= 1"):
        ops.normalize(np.ones(3), order=order)


def test_an_axis_that_is_not_there_is_refused() -> None:
    with pytest.raises(KplugError, match=r"axis 2 is out of bounds for a tensor of shape \(2, 3\)"):
        ops.softmax(np.ones((2, 3)), axis=2)
