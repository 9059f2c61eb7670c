"""Activations, dropout and cross-entropies against Keras's operations and NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug import backend as K
from kplug.errors import ArgumentValueError

X = torch.linspace(-4.0, 4.0, 13).reshape(1, 13)
rng = np.random.default_rng(5)
PROBABILITIES = torch.tensor(rng.dirichlet(np.ones(4), size=6), dtype=torch.float32)
LOGITS = torch.tensor(rng.normal(size=(6, 4)) * 3.0, dtype=torch.float32)
CLASSES = torch.tensor(rng.integers(0, 4, size=6))
ONE_HOT = K.one_hot(CLASSES, 4)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (K.relu(X), keras.ops.relu(X)),
        (K.elu(X, 0.5), keras.ops.elu(X, alpha=0.5)),
        (K.softmax(X), keras.ops.softmax(X)),
        (K.softplus(X), keras.ops.softplus(X)),
        (K.softsign(X), keras.ops.softsign(X)),
        (K.sigmoid(X), keras.ops.sigmoid(X)),
        (K.tanh(X), keras.ops.tanh(X)),
        (K.hard_sigmoid(X), torch.tensor(np.clip(0.2 * X.numpy() + 0.5, 0, 1))),
        (
            K.relu(X, 0.1, 3.0, 0.5),
            keras.activations.relu(X, negative_slope=0.1, max_value=3.0, threshold=0.5),
        ),
    ],
)
def test_activation_equals_keras(made: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(made, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("from_logits", [False, True])
def test_binary_crossentropy_equals_keras(from_logits: bool) -> None:
    output = LOGITS if from_logits else torch.sigmoid(LOGITS)
    expected = keras.ops.binary_crossentropy(ONE_HOT, output, from_logits=from_logits)
    made = K.binary_crossentropy(ONE_HOT, output, from_logits=from_logits)
    assert made.shape == ONE_HOT.shape
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("from_logits", [False, True])
def test_categorical_crossentropies_equal_keras(from_logits: bool) -> None:
    output = LOGITS if from_logits else PROBABILITIES
    expected = keras.ops.categorical_crossentropy(ONE_HOT, output, from_logits=from_logits)
    dense = K.categorical_crossentropy(ONE_HOT, output, from_logits=from_logits)
    sparse = K.sparse_categorical_crossentropy(CLASSES, output, from_logits=from_logits)
    column = K.sparse_categorical_crossentropy(CLASSES[:, None], output, from_logits=from_logits)
    torch.testing.assert_close(dense, expected)
    torch.testing.assert_close(sparse, expected)
    torch.testing.assert_close(column, expected)


def test_crossentropies_at_saturation_have_the_values_of_keras() -> None:
    assert K.binary_crossentropy([1.0], [0.0]).item() == pytest.approx(16.1181, abs=1e-4)
    assert K.binary_crossentropy([1.0], [1.0]).item() == pytest.approx(1.19e-7, rel=1e-2)


def test_channels_first_classes_are_on_axis_one() -> None:
    dense = K.categorical_crossentropy(ONE_HOT.t(), PROBABILITIES.t(), axis=0)
    torch.testing.assert_close(dense, K.categorical_crossentropy(ONE_HOT, PROBABILITIES))


def test_dropout_keeps_the_mean_and_repeats_with_a_seed() -> None:
    made = K.dropout(torch.ones(10_000), 0.25, seed=3)
    assert sorted(set(made.tolist())) == pytest.approx([0.0, 1 / 0.75])
    assert abs(float(made.mean()) - 1.0) < 0.03
    assert torch.equal(made, K.dropout(torch.ones(10_000), 0.25, seed=3))


def test_dropout_shares_draws_along_an_axis_of_size_one() -> None:
    made = K.dropout(torch.ones(4, 50), 0.5, noise_shape=(None, 1))
    assert torch.equal(made, made[:, :1].expand(4, 50))


@pytest.mark.parametrize("level", [-0.1, 1.0])
def test_dropout_refuses_a_level_outside(level: float) -> None:
    with pytest.raises(ArgumentValueError, match=r"allowed: a number in \[0, 1\)"):
        K.dropout(torch.ones(2), level)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_in_top_k_equals_keras(k: int) -> None:
    expected = keras.ops.in_top_k(CLASSES, PROBABILITIES, k)
    assert torch.equal(K.in_top_k(PROBABILITIES, CLASSES, k), expected)


def test_a_tie_counts_as_among_the_largest() -> None:
    assert K.in_top_k([[0.5, 0.5, 0.0]], [1], 1).tolist() == [True]


FUNCTIONS: list[tuple[Callable[..., torch.Tensor], Any]] = [(K.relu, [[1]]), (K.sigmoid, [0.0])]


@pytest.mark.parametrize(("function", "value"), FUNCTIONS)
def test_lists_are_taken(function: Callable[..., torch.Tensor], value: Any) -> None:
    assert isinstance(function(value), torch.Tensor)


@pytest.mark.parametrize(
    "limits",
    [{"max_value": 6.0}, {"alpha": 0.1}, {"threshold": 1.0}, {"alpha": 0.1, "max_value": 6.0}],
)
def test_limits_of_relu_may_be_tensors(limits: dict[str, float]) -> None:
    values = torch.tensor([-1.0, 0.5, 9.0])
    tensors = {name: torch.tensor(limit) for name, limit in limits.items()}
    torch.testing.assert_close(K.relu(values, **tensors), K.relu(values, **limits))
