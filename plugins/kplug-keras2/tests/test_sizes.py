"""Dynamic sizes of symbolic tensors."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

X = np.random.default_rng(0).normal(size=(3, 4, 4, 2)).astype("float32")


def compute(keras: Any, x: Any, y: Any, values: Any = X) -> Any:
    return keras.backend.function([x], [y])([values])[0]


def test_a_loss_is_divided_by_the_number_of_its_parts(installed: Any) -> None:
    K, layers = installed.backend, installed.layers
    x = layers.Input((4, 4, 2))
    for count in (
        K.cast(K.prod(K.shape(x)), "float32"),
        K.prod(K.cast(K.shape(x), "float32")),
        K.cast(K.shape(x)[0], K.floatx()) * 32.0,
    ):
        mean = compute(installed, x, K.sum(K.square(x)) / count)
        np.testing.assert_allclose(mean, np.square(X).mean(), rtol=1e-5)
        assert compute(installed, x, count) == 96


def test_unknown_sizes_make_shapes(installed: Any) -> None:
    K, layers = installed.backend, installed.layers
    x = layers.Input((4, 4, 2))
    size = K.shape(x)
    assert size[1:] == (4, 4, 2)
    for shape in (
        (size[0], 16, 2),
        K.stack([size[0], size[1] * size[2], size[3]]),
        K.concatenate([size[:1], [16, 2]]),
        [-1, size[0] * 0 + 16, 2],
    ):
        flat = K.reshape(x, shape)
        assert flat.shape == (None, 16, 2)
        np.testing.assert_array_equal(compute(installed, x, flat), X.reshape(3, 16, 2))
    doubled = x + K.ones((size[0], 1, 1, 2)) * K.cast(2 * size[0], "float32")
    np.testing.assert_allclose(compute(installed, x, doubled), X + 6, rtol=1e-6)


def test_a_model_draws_as_many_numbers_as_samples(installed: Any) -> None:
    K, layers = installed.backend, installed.layers
    x = layers.Input((2,))
    noise = K.random_uniform(shape=(K.shape(x)[0], 2), minval=5.0, maxval=6.0)
    model = installed.models.Model(x, layers.add([x, noise]))
    for count in (1, 4):
        found = model.predict(np.zeros((count, 2)))
        assert found.shape == (count, 2)
        assert ((found >= 5) & (found <= 6)).all()


def test_functions_of_tensorflow_take_them(installed: Any) -> None:
    tf = importlib.import_module("tensorflow")
    x = installed.layers.Input((4, 4, 2))
    size = tf.shape(x)
    y = tf.reshape(x, [size[0], size[1] * size[2], 2]) + tf.fill(tf.stack([size[0], 16, 2]), 1.0)
    np.testing.assert_allclose(compute(installed, x, y), X.reshape(3, 16, 2) + 1, rtol=1e-6)


def test_a_shape_is_multiplied_as_in_tensorflow(installed: Any) -> None:
    K = installed.backend
    seen: list[Any] = []

    def double(x: Any) -> Any:
        seen.append((K.shape(x)[1:3] * 2, K.shape(x)[1:3] // 2))
        return x

    installed.layers.Lambda(double)(K.variable(X))
    assert seen[-1] == ((8, 8), (2, 2))


def test_shapes_with_values_are_numbers(installed: Any) -> None:
    K = installed.backend
    value = K.variable(np.zeros((2, 3)))
    assert K.shape(value) == (2, 3)
    assert K.eval(K.prod(K.shape(value))) == pytest.approx(6)
