"""Weights as cuDNN's layers, Keras 1 and other backends stored them.

Expected values come from the rules of Keras 2.3 (``keras.engine.saving``), written out in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

import kplug
from kplug import Sequential, layers
from kplug.errors import WeightsError

Array = npt.NDArray[Any]
UNITS, FEATURES, STEPS = 3, 2, 5
GENERATOR = np.random.default_rng(4)
X = GENERATOR.normal(size=(4, STEPS, FEATURES)).astype("float32")


def random(*shape: int) -> Array:
    return GENERATOR.normal(size=shape).astype("float32")


def write(
    path: Path, stored: dict[str, Sequence[Array]], version: str | None = "2.2.4", backend: str = ""
) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.asarray([name.encode() for name in stored])
        if version is not None:
            file.attrs["keras_version"] = version.encode()
        if backend:
            file.attrs["backend"] = backend.encode()
        for name, arrays in stored.items():
            names = [f"{name}/weight_{number}:0" for number in range(len(arrays))]
            group = file.create_group(name)
            group.attrs["weight_names"] = np.asarray([each.encode() for each in names])
            for each, array in zip(names, arrays, strict=True):
                group[each] = array
    return path


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def run_cudnn_lstm(x: Array, kernel: Array, recurrent: Array, bias: Array) -> Array:
    """cuDNN's LSTM: each gate has a matrix (units, in) in row order, W·x + b_W + R·h + b_R."""
    matrices = [part.ravel().reshape(UNITS, -1) for part in np.hsplit(kernel, 4)]
    inner = np.hsplit(recurrent, 4)  # (units, units), applied from the left
    biases = bias.reshape(2, 4, UNITS).sum(axis=0)
    h = c = np.zeros((len(x), UNITS))
    for t in range(x.shape[1]):
        i, f, new, o = (
            x[:, t] @ m.T + h @ r.T + b for m, r, b in zip(matrices, inner, biases, strict=True)
        )
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(new)
        h = sigmoid(o) * np.tanh(c)
    return h


def run_cudnn_gru(x: Array, kernel: Array, recurrent: Array, bias: Array) -> Array:
    matrices = [part.ravel().reshape(UNITS, -1) for part in np.hsplit(kernel, 3)]
    inner = np.hsplit(recurrent, 3)
    of_input, of_state = bias.reshape(2, 3, UNITS)
    h = np.zeros((len(x), UNITS))
    for t in range(x.shape[1]):
        projected = [x[:, t] @ m.T + b for m, b in zip(matrices, of_input, strict=True)]
        recurred = [h @ r.T + b for r, b in zip(inner, of_state, strict=True)]
        z, r = sigmoid(projected[0] + recurred[0]), sigmoid(projected[1] + recurred[1])
        h = z * h + (1.0 - z) * np.tanh(projected[2] + r * recurred[2])
    return h


def make_cudnn(gates: int) -> list[Array]:
    columns = gates * UNITS
    return [random(FEATURES, columns), random(UNITS, columns), random(2 * columns)]


CUDNN: dict[str, tuple[Callable[..., Any], int, Callable[..., Array]]] = {
    "LSTM": (layers.LSTM, 4, run_cudnn_lstm),
    "GRU": (layers.GRU, 3, run_cudnn_gru),
}


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("name", CUDNN)
def test_cudnn(name: str, by_name: bool, tmp_path: Path) -> None:
    make, gates, run = CUDNN[name]
    arrays = make_cudnn(gates)
    model = Sequential([make(UNITS, name="rnn", input_shape=(STEPS, FEATURES))])
    model.load_weights(write(tmp_path / "w.h5", {"rnn": arrays}), by_name=by_name)
    expected = run(*(array.astype("float64") for array in (X, *arrays)))
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CUDNN)
def test_cudnn_in_both_directions_and_in_a_nested_model(name: str, tmp_path: Path) -> None:
    make, gates, run = CUDNN[name]
    both = [make_cudnn(gates), make_cudnn(gates)]
    outer = Sequential([layers.Bidirectional(make(UNITS), input_shape=(STEPS, FEATURES))])
    model = Sequential([outer])
    model.ensure_built()
    model.load_weights(write(tmp_path / "w.h5", {outer.name: [*both[0], *both[1]]}))
    exact = X.astype("float64")
    expected = np.concatenate([run(exact, *both[0]), run(exact[:, ::-1], *both[1])], axis=1)
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)


def test_cudnn_and_a_gru_that_resets_before_do_not_fit(tmp_path: Path) -> None:
    model = Sequential([layers.GRU(UNITS, reset_after=False, input_shape=(STEPS, FEATURES))])
    model.ensure_built()
    with pytest.raises(WeightsError, match=r"has shape \(9,\), the file's .* has shape \(18,\)"):
        model.load_weights(write(tmp_path / "w.h5", {"gru": make_cudnn(3)}))


def split(arrays: Sequence[Array], order: Sequence[int]) -> list[Array]:
    """Return kernel, recurrent kernel and bias gate by gate, as Keras 1 stored them."""
    gates = [np.split(array, len(order), axis=-1) for array in arrays]
    return [gates[offset][place] for place in order for offset in range(3)]


@pytest.mark.parametrize(
    ("make", "order"), [(layers.LSTM, (0, 2, 1, 3)), (layers.GRU, (0, 1, 2))], ids=["LSTM", "GRU"]
)
def test_keras_1_stored_each_gate(
    make: Callable[..., Any], order: Sequence[int], tmp_path: Path
) -> None:
    options = {} if make is layers.LSTM else {"reset_after": False}
    model = Sequential(
        [make(UNITS, input_shape=(STEPS, FEATURES), **options), layers.Dense(2, name="dense")]
    )
    columns = len(order) * UNITS
    wanted = [random(FEATURES, columns), random(UNITS, columns), random(columns)]
    dense = [random(UNITS, 2), random(2)]
    model.ensure_built()
    path = tmp_path / "w.h5"
    write(path, {"rnn": split(wanted, order), "dense": dense}, version=None)
    model.load_weights(path)
    for found, expected in zip(model.get_weights(), [*wanted, *dense], strict=True):
        np.testing.assert_array_equal(found, expected)
    write(path, {"rnn": split(wanted, order), "dense": dense})
    with pytest.raises(WeightsError, match="has 3 weights"):
        model.load_weights(path)


CONVOLUTIONS: dict[str, tuple[Callable[..., Any], Callable[[Array], Array], str | None]] = {
    # what Keras stored of a kernel (…, in, out) of today
    "Keras 1, sequences": (
        lambda: layers.Conv1D(4, 3, input_shape=(6, 2)),
        lambda kernel: kernel[:, None],
        None,
    ),
    "Keras 1.1, sequences": (
        lambda: layers.Conv1D(4, 3, input_shape=(6, 2)),
        lambda kernel: kernel[:, None].transpose(3, 2, 0, 1),
        None,
    ),
    "Keras 1, channels first": (
        lambda: layers.Conv2D(3, 3, data_format="channels_first", input_shape=(3, 6, 6)),
        lambda kernel: kernel.transpose(3, 2, 0, 1),
        None,
    ),
    "Keras 1, volumes": (
        lambda: layers.Conv3D(4, 2, data_format="channels_first", input_shape=(3, 4, 4, 4)),
        lambda kernel: kernel.transpose(4, 3, 0, 1, 2),
        None,
    ),
    "Keras 1, transposed": (
        lambda: layers.Conv2DTranspose(3, 3, input_shape=(6, 6, 3)),
        lambda kernel: kernel.transpose(0, 1, 3, 2),
        None,
    ),
    "Keras 2, other order": (
        lambda: layers.Conv2D(4, (3, 2), input_shape=(6, 6, 5)),
        lambda kernel: kernel.transpose(2, 3, 1, 0),
        "2.2.4",
    ),
    "Keras 2": (lambda: layers.Conv2D(4, 3, input_shape=(6, 6, 4)), lambda kernel: kernel, "2.2.4"),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_axes_of_kernels(name: str, tmp_path: Path) -> None:
    make, store, version = CONVOLUTIONS[name]
    model = Sequential([make()])
    model.ensure_built()
    kernel, bias = (random(*array.shape) for array in model.get_weights())
    model.load_weights(write(tmp_path / "w.h5", {"conv": [store(kernel), bias]}, version))
    np.testing.assert_array_equal(model.get_weights()[0], kernel)


@pytest.mark.parametrize("is_nested", [False, True])
def test_kernels_of_theano_are_mirrored(is_nested: bool, tmp_path: Path) -> None:
    layer = layers.Conv2D(4, 3) if is_nested else layers.Conv2D(4, 3, input_shape=(6, 6, 2))
    model = Sequential(
        [layers.TimeDistributed(layer, input_shape=(2, 6, 6, 2)) if is_nested else layer]
    )
    model.ensure_built()
    kernel, bias = random(3, 3, 2, 4), random(4)
    path = write(tmp_path / "w.h5", {"conv": [kernel, bias]}, backend="theano")
    model.load_weights(path)
    np.testing.assert_array_equal(model.get_weights()[0], kernel[::-1, ::-1])


def test_what_kplug_writes_is_read_as_it_is(tmp_path: Path) -> None:
    model = Sequential([layers.LSTM(UNITS, input_shape=(STEPS, FEATURES)), layers.Dense(1)])
    model.ensure_built()
    model.save_weights(tmp_path / "w.h5")
    other = kplug.Sequential([layers.LSTM(UNITS, input_shape=(STEPS, FEATURES)), layers.Dense(1)])
    other.load_weights(tmp_path / "w.h5")
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
