"""``Wrapper`` and ``SpectralNormalization`` against Keras's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug import layers
from kplug.errors import ArgumentValueError, ContractError

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

_RANDOM = np.random.default_rng(0)
_INNER: dict[str, tuple[dict[str, Any], Any]] = {
    "Dense": ({"units": 2}, _RANDOM.normal(size=(4, 3)).astype("float32")),
    "Conv2D": (
        {"filters": 3, "kernel_size": 2},
        _RANDOM.normal(size=(2, 5, 5, 2)).astype("float32"),
    ),
    "Embedding": ({"input_dim": 5, "output_dim": 3}, np.array([[0, 4], [2, 2]])),
}


def _make(library: Any, name: str, **options: Any) -> Any:
    arguments, x = _INNER[name]
    inner = getattr(library.layers, name)(**arguments)
    layer = library.layers.SpectralNormalization(inner, **options)
    layer(torch.as_tensor(x))
    return layer


def _pair(name: str, **options: Any) -> tuple[Any, Any]:
    ours, theirs = _make(kplug, name, **options), _make(keras, name, **options)
    ours.set_weights(theirs.get_weights())
    return ours, theirs


@pytest.mark.parametrize("power_iterations", [1, 3])
@pytest.mark.parametrize("name", _INNER)
def test_it_normalizes_as_keras(name: str, power_iterations: int) -> None:
    ours, theirs = _pair(name, power_iterations=power_iterations)
    x = torch.as_tensor(_INNER[name][1])
    for training in (False, True, True):
        # Keras casts the outputs to the type of the inputs: embeddings of integers would be integers.
        made, expected = ours(x, training=training), theirs(x.float(), training=training)
        torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-5)
    for weight, variable in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(weight, variable, rtol=1e-4, atol=1e-5)


def test_the_largest_singular_value_becomes_one() -> None:
    layer = _make(kplug, "Dense", power_iterations=50)
    layer(torch.ones(1, 3), training=True)
    largest = torch.linalg.matrix_norm(layer.kernel.detach(), 2)
    torch.testing.assert_close(largest, torch.tensor(1.0), rtol=1e-4, atol=0)


def test_a_kernel_of_zeros_stays() -> None:
    layer = layers.SpectralNormalization(layers.Dense(2, kernel_initializer="zeros"))
    layer.build_for((None, 3))
    before = layer.vector_u.clone()
    layer(torch.ones(1, 3), training=True)
    assert not layer.kernel.any()
    torch.testing.assert_close(layer.vector_u, before)


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_it_trains_as_keras(jit_compile: bool) -> None:
    models = []
    for library in (kplug, keras):
        inner = library.layers.Dense(2, kernel_initializer="ones")
        model = library.Sequential(
            [
                library.Input((3,)),
                library.layers.SpectralNormalization(inner),
                library.layers.Dense(1),
            ]
        )
        model.compile(
            library.optimizers.SGD(0.1), "mse", jit_compile=jit_compile and library is kplug
        )
        models.append(model)
    ours, theirs = models
    ours.set_weights(theirs.get_weights())
    x, y = _INNER["Dense"][1], np.ones((4, 1), "float32")
    given = {"epochs": 3, "batch_size": 2, "shuffle": False, "verbose": 0}
    made, expected = (one.fit(x, y, **given).history["loss"] for one in models)
    np.testing.assert_allclose(made, expected, rtol=1e-4)
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-4)


def test_files_go_both_ways(tmp_path: Path) -> None:
    x = _INNER["Dense"][1]
    for library, other in ((kplug, keras), (keras, kplug)):
        layer = library.layers.SpectralNormalization(library.layers.Dense(2))
        model = library.Sequential([library.Input((3,)), layer])
        model.save(tmp_path / "model.keras")
        again = other.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(
            again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5
        )


def test_what_it_refuses() -> None:
    with pytest.raises(
        ArgumentValueError, match="argument 'power_iterations' is 0; allowed: an integer >= 1"
    ):
        layers.SpectralNormalization(layers.Dense(2), power_iterations=0)
    layer = layers.SpectralNormalization(layers.ReLU(name="r"), name="s")
    with pytest.raises(ContractError) as caught:
        layer(torch.ones(1, 2))
    assert str(caught.value) == (
        "layer 's' normalizes a kernel, and ReLU 'r' has neither a kernel nor embeddings\n"
        "  Wrap a layer such as Dense, Conv2D or Embedding."
    )


class Doubling(layers.Wrapper):
    def __init__(self, layer: Any, factor: float = 2.0, **options: Any) -> None:
        super().__init__(layer, **options)
        self.factor = factor

    def call(self, inputs: torch.Tensor) -> Any:
        return self.factor * self.layer(inputs)


def test_a_wrapper_of_the_users_own() -> None:
    layer = Doubling(layers.Dense(2, kernel_regularizer="l2"), factor=3.0)
    x = torch.ones(1, 3)
    torch.testing.assert_close(layer(x), 3 * layer.layer(x))
    assert len(layer.losses) == 1
    again = Doubling.from_config(layer.get_config())
    assert again.factor == 3.0
    assert again.layer.units == 2
    with pytest.raises(
        ArgumentValueError, match="Doubling: argument 'layer' is 3; allowed: a layer"
    ):
        Doubling(3)
