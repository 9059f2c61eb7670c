"""Random draws: distribution, seeds, and Keras 3's draws for the same seed."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import torch

from kplug import backend as K
from kplug.errors import ArgumentValueError


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (K.random_normal, keras.random.normal),
        (K.random_uniform, keras.random.uniform),
        (K.truncated_normal, keras.random.truncated_normal),
    ],
)
@pytest.mark.parametrize("seed", [0, 5, 2**33 + 1])
def test_draws_equal_those_of_keras(
    ours: Callable[..., torch.Tensor], theirs: Callable[..., torch.Tensor], seed: int
) -> None:
    expected = theirs((3, 4), 0.5, 2.0, seed=seed & 0xFFFFFFFF)
    made = ours((3, 4), 0.5, 2.0, seed=seed)
    np.testing.assert_allclose(made.numpy(), expected.detach().cpu().numpy(), rtol=1e-6)


def test_normal_has_mean_and_deviation() -> None:
    draws = K.random_normal((20_000,), mean=3.0, stddev=0.5, seed=1)
    assert abs(float(draws.mean()) - 3.0) < 0.02
    assert abs(float(draws.std()) - 0.5) < 0.02


def test_truncated_normal_stays_inside_two_deviations() -> None:
    draws = K.truncated_normal((20_000,), mean=1.0, stddev=0.5, seed=1)
    assert float((draws - 1.0).abs().max()) <= 1.0


def test_uniform_integers_include_the_lower_bound_only() -> None:
    draws = K.random_uniform((1000,), 0, 3, dtype="int32", seed=1)
    assert draws.dtype is torch.int32
    assert sorted(set(draws.tolist())) == [0, 1, 2]


def test_binomial_has_its_share_of_ones() -> None:
    draws = K.random_binomial((10_000,), p=0.3, seed=2)
    assert set(draws.tolist()) == {0.0, 1.0}
    assert abs(float(draws.mean()) - 0.3) < 0.02


def test_binomial_refuses_what_is_no_probability() -> None:
    with pytest.raises(ArgumentValueError, match=r"allowed: a number in \[0, 1\]"):
        K.random_binomial((2,), p=1.5)


def test_without_seed_the_global_generator_decides() -> None:
    torch.manual_seed(4)
    first = K.random_normal((3,))
    torch.manual_seed(4)
    assert torch.equal(K.random_normal((3,)), first)


def test_variables_gather_gradients() -> None:
    assert K.random_normal_variable((2,), 0.0, 1.0).requires_grad
    assert K.random_uniform_variable((2,), 0.0, 1.0).requires_grad


def test_guide_initializer_may_be_called_without_dtype() -> None:
    made = K.random_normal((2, 3), dtype=None)
    assert made.dtype is torch.float32
