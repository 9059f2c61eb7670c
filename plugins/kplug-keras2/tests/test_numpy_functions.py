"""NumPy functions on the outputs of eager model calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kplug_keras2
import numpy as np
import pytest

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


@pytest.mark.parametrize(
    "function",
    [
        np.sum,
        np.mean,
        np.max,
        np.min,
        np.prod,
        np.std,
        np.var,
        np.argmax,
        np.any,
        np.all,
        np.cumsum,
    ],
    ids=lambda one: one.__name__,
)
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_a_reduction_is_that_of_the_values(
    installed: Any, function: Callable[..., Any], axis: int | None
) -> None:
    tensor = installed.layers.Dense(2)(installed.backend.variable(X))
    values = installed.backend.get_value(tensor)
    assert tensor.requires_grad
    found = function(tensor, axis=axis)
    assert not hasattr(found, "requires_grad")
    np.testing.assert_allclose(found, function(values, axis=axis), rtol=1e-6)


def test_sums_over_samples_keep_their_axes(installed: Any) -> None:
    tensor = installed.backend.variable(X)
    assert np.sum(tensor, axis=1, keepdims=True).shape == (4, 1)
    np.testing.assert_array_equal(np.concatenate([tensor, X]), [*X, *X])
    np.testing.assert_array_equal(np.array(tensor), X)


def test_uninstall_gives_torch_its_own_back(installed: Any) -> None:
    tensor = installed.backend.variable(X)
    kplug_keras2.uninstall()
    with pytest.raises(TypeError, match="axis"):
        np.sum(tensor, axis=1)
    with pytest.raises(RuntimeError, match="requires grad"):
        np.asarray(tensor)
    kplug_keras2.install()
