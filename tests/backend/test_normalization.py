"""Batch normalisation against Keras's operation and NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import backend as K


def _draw(seed: int, *shape: int) -> torch.Tensor:
    draws = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return draws * 2 + 1


@given(rank=st.integers(2, 5), axis=st.integers(-4, 4), has=st.tuples(st.booleans(), st.booleans()))
@settings(max_examples=25, deadline=None)
def test_given_moments_equal_keras(rank: int, axis: int, has: tuple[bool, bool]) -> None:
    axis = axis if -rank <= axis < rank else -1
    x = _draw(0, *range(2, 2 + rank))
    channels = x.shape[axis]
    mean, var = _draw(1, channels), _draw(2, channels).abs()
    beta = _draw(3, channels) if has[0] else None
    gamma = _draw(4, channels) if has[1] else None
    expected = keras.ops.batch_normalization(x, mean, var, axis, beta, gamma, epsilon=1e-3)
    made = K.batch_normalization(x, mean, var, beta, gamma, axis)
    torch.testing.assert_close(made, expected, rtol=1e-12, atol=1e-12)


def test_moments_that_broadcast_are_taken_as_they_are() -> None:
    x = _draw(0, 2, 3, 4)
    mean, var = x.mean((0, 2), keepdim=True), x.var((0, 2), keepdim=True)
    made = K.batch_normalization(x, mean, var, None, None)
    torch.testing.assert_close(made, (x - mean) / torch.sqrt(var + 1e-3))


@pytest.mark.parametrize("axes", [[0], [0, 1, 2], (0, -1), [0, 2, 3]])
def test_moments_of_the_batch_equal_numpy(axes: list[int]) -> None:
    x = _draw(0, 3, 4, 5, 6).numpy()
    at = tuple(axes)
    kept = x.mean(at).shape
    gamma, beta = _draw(1, *kept).numpy(), _draw(2, *kept).numpy()
    normed, mean, var = K.normalize_batch_in_training(x, gamma, beta, axes, 0.01)
    np.testing.assert_allclose(mean.numpy(), x.mean(at))
    np.testing.assert_allclose(var.numpy(), x.var(at))
    scaled = (x - x.mean(at, keepdims=True)) / np.sqrt(x.var(at, keepdims=True) + 0.01)
    sizes = x.mean(at, keepdims=True).shape
    expected = scaled * gamma.reshape(sizes) + beta.reshape(sizes)
    np.testing.assert_allclose(normed.numpy(), expected, atol=1e-12)


def test_gradients_flow_through_the_moments_of_the_batch() -> None:
    x = _draw(0, 5, 2).requires_grad_()
    gamma, beta = _draw(1, 2).requires_grad_(), _draw(2, 2).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, gamma, beta: K.normalize_batch_in_training(x, gamma, beta, [0]), (x, gamma, beta)
    )
