"""Makes each architecture in both libraries, with the same weights, for the same inputs."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug.backend import clear_session
from tests.keras_files.architectures import ARCHITECTURES, Library

collect_ignore_glob = ["architectures/*"]


@dataclass
class Pair:
    """One architecture in both libraries.

    Args:
        architecture: Its entry in the table.
        theirs: Keras's model, with drawn weights.
        inputs: Arrays for its inputs.
        weights: The weights, in Keras's order.
        expected: What Keras makes of the inputs, one array an output.
    """

    architecture: Any
    theirs: Any
    inputs: list[Any]
    weights: list[Any]
    expected: list[Any]

    def build_ours(self, rate: float = 0.3) -> Any:
        """Return a new kplug model of the architecture, with weights of its own."""
        clear_session()
        library = Library(kplug.layers, kplug.Model, kplug.Sequential, rate)
        return self.architecture.build(library)

    def build_theirs(self, rate: float = 0.3) -> Any:
        """Return a new Keras model of the architecture, with weights of its own."""
        return _build_theirs(self.architecture, rate)

    def check_outputs(self, model: Any) -> None:
        """Compare what a model of either library makes of the inputs with what is expected."""
        made = run(model, self.inputs)
        assert len(made) == len(self.expected)
        for one, other in zip(made, self.expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)

    def check_weights(self, model: Any) -> None:
        """Compare the weights of a model of either library, in order."""
        for one, other in zip(read_weights(model), self.weights, strict=True):
            np.testing.assert_array_equal(one, other)


def run(model: Any, arrays: list[Any]) -> list[Any]:
    """Return a model's outputs as arrays."""
    tensors = [torch.from_numpy(array) for array in arrays]
    with torch.no_grad():
        made = model(tensors if len(tensors) > 1 else tensors[0], training=False)
    return [one.numpy() for one in (made if isinstance(made, (list, tuple)) else [made])]


def read_weights(model: Any) -> list[Any]:
    """Return the weights of a model of either library, in order."""
    if isinstance(model, keras.Model):  # its get_weights warns with NumPy 2
        return [np.asarray(one.value.detach()) for one in model.weights]
    arrays: list[Any] = model.get_weights()
    return arrays


def _build_theirs(architecture: Any, rate: float) -> Any:
    keras.backend.clear_session(free_memory=False)
    library = Library(keras.layers, keras.Model, keras.Sequential, rate)
    return architecture.build(library)


def draw_weights(model: Any) -> list[Any]:
    """Return random weights for a Keras model; variances are positive, counts integers."""
    generator = np.random.default_rng(5)
    arrays = []
    for variable in model.weights:
        drawn = 0.3 * generator.normal(size=tuple(variable.shape))
        if variable.name.endswith(("variance", "count")):
            drawn = np.abs(drawn) + 0.5
        if variable.name.endswith("seed_generator_state"):
            drawn = np.asarray([7, 0])
        arrays.append(np.asarray(drawn).astype(variable.dtype))
    return arrays


_PAIRS: dict[str, Pair] = {}


@pytest.fixture
def pair(architecture: Any) -> Pair:
    """The architecture in Keras, made once; tests do not change it."""
    name = str(architecture)
    if name not in _PAIRS:
        theirs = _build_theirs(architecture, 0.3)
        weights = draw_weights(theirs)
        theirs.set_weights(weights)
        inputs = architecture.draw_inputs(3)
        _PAIRS[name] = Pair(architecture, theirs, inputs, weights, run(theirs, inputs))
    return _PAIRS[name]


@pytest.fixture
def sampled_pair(pair: Pair) -> Pair:
    """A pair for a test that takes long: in the quick pass it runs with some of them only."""
    return pair


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes a pair with each architecture."""
    if "architecture" not in metafunc.fixturenames:
        return
    is_sampled = "sampled_pair" in metafunc.fixturenames
    first = zlib.crc32(metafunc.function.__name__.encode())
    cases = [
        pytest.param(one, marks=pytest.mark.slow if is_sampled and (number - first) % 9 else ())
        for number, one in enumerate(ARCHITECTURES)
    ]
    metafunc.parametrize("architecture", cases, ids=str)


@pytest.fixture(scope="session")
def architectures() -> list[Any]:
    """All architectures."""
    return ARCHITECTURES


@pytest.fixture
def library() -> Any:
    """The names of kplug, with which an architecture builds kplug's model."""
    clear_session()
    return Library(kplug.layers, kplug.Model, kplug.Sequential, 0.3)
