"""``keras.backend`` on symbolic graphs, and the functions only Keras 2 has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import kplug


@pytest.fixture
def K(installed: Any) -> Any:  # noqa: N802 - the field's name
    return installed.backend


def test_functions_connect_to_symbolic_tensors(installed: Any, K: Any) -> None:
    inputs = installed.layers.Input((3,))
    outputs = K.sqrt(K.sum(K.square(inputs), axis=-1, keepdims=True))
    model = installed.models.Model(inputs, outputs)
    assert outputs.shape == (None, 1)
    assert model.predict(np.array([[2.0, 3.0, 6.0]])).tolist() == [[7.0]]


def test_gradients_of_a_graph_are_those_of_torch(installed: Any, K: Any) -> None:
    model = installed.models.Sequential([installed.layers.Dense(2, "tanh", input_dim=3)])
    loss = K.mean(model.output[:, 0])
    (gradient,) = K.gradients(loss, model.input)
    scaled = gradient / (K.sqrt(K.mean(K.square(gradient))) + K.epsilon())
    compute = K.function([model.input], [loss, gradient, scaled])
    x = np.array([[0.1, -0.2, 0.3]], "float32")
    value, found, normed = compute([x])

    tensor = torch.tensor(x, requires_grad=True)
    kernel, bias = (torch.tensor(one) for one in model.get_weights())
    expected = torch.tanh(tensor @ kernel + bias)[:, 0].mean()
    expected.backward()  # type: ignore[no-untyped-call]
    assert tensor.grad is not None
    np.testing.assert_allclose(value, expected.detach(), rtol=1e-5)
    np.testing.assert_allclose(found, tensor.grad, rtol=1e-5)
    np.testing.assert_allclose(normed, found / np.sqrt(np.mean(found**2)), rtol=1e-4)


def test_a_function_has_the_phase_that_it_is_given(installed: Any, K: Any) -> None:
    x = installed.layers.Input((4,))
    outputs = installed.layers.Lambda(lambda t: K.in_train_phase(2 * t, t))(x)
    compute = K.function([x, K.learning_phase()], [outputs])
    ones = np.ones((1, 4), "float32")
    assert [compute([ones, phase])[0].max() for phase in (0, 1)] == [1.0, 2.0]


def test_fit_is_the_training_phase_and_its_validation_is_not(installed: Any, K: Any) -> None:
    phases: list[int] = []

    def note(x: Any) -> Any:
        phases.append(K.learning_phase())
        return x

    model = installed.models.Sequential(
        [installed.layers.Dense(1, input_dim=2), installed.layers.Lambda(note)]
    )
    model.compile("sgd", "mse")
    phases.clear()
    x, y = np.ones((2, 2)), np.ones((2, 1))
    model.fit(x, y, verbose=0, validation_data=(x, y))
    assert phases[0] == 1
    assert phases[-1] == 0


def test_a_placeholder_is_an_input(installed: Any, K: Any) -> None:
    inputs = K.placeholder((2, 3))
    assert K.function([inputs], [inputs * 2])([np.ones((2, 3))])[0].tolist() == [[2.0] * 3] * 2
    with pytest.raises(kplug.KplugError, match="sparse"):
        K.placeholder((2, 3), sparse=True)


def test_patches_and_blocks_are_those_of_torch(K: Any) -> None:
    image = torch.arange(2 * 6 * 4 * 4.0).reshape(2, 6, 4, 4)
    expected = F.pixel_shuffle(torch.arange(64.0).reshape(1, 4, 4, 4), 2).movedim(1, -1)
    channels_last = torch.arange(64.0).reshape(1, 4, 4, 4).movedim(1, -1)
    assert torch.equal(
        K.depth_to_space(channels_last, 2), expected
    )  # one channel: both orders agree

    patches = K.extract_image_patches(image, (2, 2), (2, 1), padding="valid")
    assert patches.shape == (2, 3, 3, 16)
    assert torch.equal(patches[1, 2, 1].reshape(2, 2, 4), image[1, 4:6, 1:3])
    assert K.extract_image_patches(image, (3, 3), (1, 1), padding="same").shape == (2, 6, 4, 36)


def test_batch_dot_takes_further_axes_as_the_batch(K: Any) -> None:
    vectors, matrices = torch.rand(2, 5, 3), torch.rand(2, 5, 3, 4)
    summed = torch.einsum("nij,nijk->nik", vectors, matrices)
    torch.testing.assert_close(K.batch_dot(vectors, matrices, [2, 2]), summed)
    expected = torch.einsum("nik,nijk->nij", summed, matrices)
    torch.testing.assert_close(K.batch_dot(summed, matrices, [2, 3]), expected)


def test_code_that_asks_for_the_backend_takes_the_way_for_tensorflow(K: Any) -> None:
    assert K.backend() == "tensorflow"


def test_a_number_of_the_float_type_multiplies_tensors(installed: Any) -> None:
    K = installed.backend
    factor = K.cast_to_floatx(0.5)
    assert (factor * K.ones((2,))).tolist() == [0.5, 0.5]
    assert K.cast_to_floatx([1, 2]).dtype == "float32"
