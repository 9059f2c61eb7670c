"""Orthogonal: orthonormal sides, Keras's values, the uniform law."""

from __future__ import annotations

import keras
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug.errors import ArgumentValueError
from kplug.initializers import Orthogonal


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.integers(1, 6), min_size=2, max_size=4), gain=st.sampled_from([0.5, 1.0, 3.0])
)
def test_the_shorter_side_is_orthonormal(shape: list[int], gain: float) -> None:
    matrix = Orthogonal(gain=gain, seed=1)(shape, dtype="float64").reshape(-1, shape[-1])
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    expected = gain**2 * torch.eye(tall.shape[1], dtype=torch.float64)
    torch.testing.assert_close(tall.T @ tall, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (2, 2, 3, 5)])
def test_seeded_values_are_those_of_keras(shape: tuple[int, ...]) -> None:
    expected = keras.initializers.Orthogonal(gain=1.5, seed=2)(shape)
    torch.testing.assert_close(Orthogonal(1.5, seed=2)(shape), expected, rtol=1e-4, atol=1e-5)


def test_directions_are_uniform() -> None:
    torch.manual_seed(3)
    corners = torch.stack([Orthogonal()((2, 2))[0, 0] for _ in range(400)])
    assert abs((corners > 0).float().mean().item() - 0.5) < 0.1
    assert corners.square().mean().item() == pytest.approx(0.5, abs=0.07)


def test_an_empty_weight_is_allowed() -> None:
    assert Orthogonal()((0, 4)).shape == (0, 4)


@pytest.mark.parametrize("shape", [(), (3,)])
def test_fewer_than_two_dimensions_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        Orthogonal()(shape)
    assert str(caught.value) == (
        f"orthogonal: argument 'shape' is {shape}; allowed: two or more dimensions"
    )
