"""Rings of equal weights."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from kplug.constraints import RadialConstraint
from kplug.errors import ArgumentValueError


def tf_keras_rule(kernel: np.ndarray) -> np.ndarray:
    """Grow one even filter outwards from its innermost ring, as tf-keras does."""
    half = len(kernel) // 2
    rings = np.full((2, 2), kernel[half - 1, half - 1])
    for distance in range(1, half):
        rings = np.pad(rings, 1, constant_values=kernel[half + distance, half + distance])
    return rings


@pytest.mark.parametrize("size", [2, 4, 6, 8])
def test_even_sizes_follow_tf_keras(size: int) -> None:
    kernel = np.random.default_rng(size).normal(size=(size, size, 3, 2))
    ours = RadialConstraint()(torch.from_numpy(kernel)).numpy()
    for channel, unit in np.ndindex(3, 2):
        one = kernel[:, :, channel, unit]
        np.testing.assert_array_equal(ours[:, :, channel, unit], tf_keras_rule(one))


def test_odd_sizes_keep_their_centre() -> None:
    kernel = torch.arange(25.0).reshape(5, 5, 1, 1)
    expected = [
        [24, 24, 24, 24, 24],
        [24, 18, 18, 18, 24],
        [24, 18, 12, 18, 24],
        [24, 18, 18, 18, 24],
        [24, 24, 24, 24, 24],
    ]
    assert RadialConstraint()(kernel)[:, :, 0, 0].tolist() == expected


@pytest.mark.parametrize("size", range(1, 8))
def test_a_second_time_changes_nothing(size: int) -> None:
    once = RadialConstraint()(torch.randn(size, size, 2, 3))
    torch.testing.assert_close(RadialConstraint()(once), once, rtol=0, atol=0)


@pytest.mark.parametrize("shape", [(3, 3), (3, 3, 1), (3, 4, 1, 1), (3, 3, 3, 1, 1)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    message = (
        f"radial_constraint: argument 'weight_matrix' is {shape}; allowed: a shape "
        "(size, size, in, out)"
    )
    with pytest.raises(ArgumentValueError, match=re.escape(message)):
        RadialConstraint()(torch.zeros(shape))
