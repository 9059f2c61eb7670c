"""Every layer in a file computes what it computes here, for batches and lengths of several sizes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from kplug_authoring.checks.layer_inputs import calls_of
from kplug_authoring.checks.subject import Subject
from kplug_authoring.suites import get_suite
from torch import Tensor

import kplug
from kplug.registry import REGISTRY, Component, get_kind
from kplug.registry.building.example_loading import find_own_example
from kplug.support.nested import find_leaves, map_leaves
from tests.contract.examples import find_examples

Run = Callable[[Any], list[npt.NDArray[Any]]]

# What no graph can have, and a part of what is said of it.
REFUSED = {"kplug-preprocessing/Hashing": "value of a tensor is read in Python"}
# They take texts, which are no inputs of a graph; a Sequential says so (test_export.py).
_OF_TEXTS = ("StringLookup", "TextVectorization")
_COMPONENTS = [
    one
    for one in REGISTRY.components(get_kind("layer"))
    if one.origin.distribution in ("kplug", "kplug-preprocessing") and one.name not in _OF_TEXTS
]


class Around(kplug.Model):
    """A model that calls one layer with the arguments that are its inputs."""

    def __init__(self, layer: Any, *, is_single: bool) -> None:
        super().__init__()
        self.layer, self._is_single = layer, is_single

    def call(self, inputs: Any) -> Any:
        """Return the layer's outputs."""
        return self.layer(inputs) if self._is_single else self.layer(*inputs)


def make(component: Component) -> tuple[Around, Any]:
    """Return a model around the component, and its inputs."""
    name = f"layer/{component.qualified_name}"
    example = find_examples().get(name) or find_own_example(component)
    subject = Subject(component, example, get_suite(get_kind("layer")))
    args = calls_of(subject)
    is_single = len(args) == 1
    model, inputs = (
        Around(subject.make(), is_single=is_single),
        args[0] if is_single else list(args),
    )
    call(model, inputs)
    with torch.no_grad():
        for weight in model.weights:  # no bias is 0, no variance is 1
            if weight.is_floating_point():
                weight += 0.1 * torch.rand(weight.shape)
    return model, inputs


def call(model: Any, inputs: Any) -> list[npt.NDArray[Any]]:
    with torch.no_grad():
        return [leaf.numpy() for leaf in find_leaves(model(inputs), Tensor)]


def resize(inputs: Any, count: int) -> Any:
    """Return so many samples."""
    return map_leaves(inputs, Tensor, lambda one: one.repeat(2, *[1] * (one.ndim - 1))[:count])


def lengthen(inputs: Any) -> Any:
    """Return sequences of twice as many time steps."""
    return map_leaves(
        inputs, Tensor, lambda one: torch.cat([one, one.flip(1)], 1) if one.ndim == 3 else one
    )


def takes_any_length(model: Any, inputs: Any) -> bool:
    """Whether a model of sequences takes longer ones."""
    if not any(one.ndim == 3 for one in find_leaves(inputs, Tensor)):
        return False
    try:
        call(model, lengthen(inputs))
    except Exception:  # noqa: BLE001 - layers refuse in several ways
        return False
    return True


def sign(inputs: Any, *, any_length: bool) -> list[Any]:
    """Return the signature with what varies: the batch, and the length of sequences."""

    def spec(one: Tensor) -> Any:
        rest = (None, *one.shape[2:]) if any_length and one.ndim == 3 else one.shape[1:]
        return kplug.Input(rest, dtype=str(one.dtype).removeprefix("torch."))

    return [map_leaves(inputs, Tensor, spec)]


def load_onnx(path: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]

    def run(inputs: Any) -> list[npt.NDArray[Any]]:
        leaves = [one.numpy() for one in find_leaves(inputs, Tensor)]
        return [np.asarray(one) for one in session.run(None, dict(zip(names, leaves, strict=True)))]

    return run


def load_torch(path: Path) -> Run:
    return functools.partial(call, torch.export.load(path).module())


LOADERS = {".onnx": load_onnx, ".pt2": load_torch}


def assert_close(found: Any, expected: Any) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        largest = float(np.abs(other).max(initial=0.0)) if other.dtype != bool else 0.0
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * max(largest, 1e-3))


@pytest.mark.slow
@pytest.mark.parametrize("extension", LOADERS)
@pytest.mark.parametrize("component", _COMPONENTS, ids=lambda one: one.qualified_name)
@pytest.mark.filterwarnings("ignore")  # torch's and onnx's own code is deprecated here and there
def test_a_file_computes_the_same(component: Component, extension: str, tmp_path: Path) -> None:
    if extension == ".onnx":
        pytest.importorskip("onnxscript")
        pytest.importorskip("onnxruntime")
    path = tmp_path / f"model{extension}"
    model, inputs = make(component)
    any_length = takes_any_length(model, inputs)
    signature = sign(inputs, any_length=any_length)
    refusal = REFUSED.get(component.qualified_name)
    if refusal is not None:
        with pytest.raises(kplug.ContractError, match=refusal):
            model.export(path, input_signature=signature)
        assert not list(tmp_path.iterdir())
        return
    model.export(path, input_signature=signature)
    run = LOADERS[extension](path)
    for count in (1, 7):
        given = resize(inputs, count)
        assert_close(run(given), call(model, given))
        if any_length:
            longer = lengthen(given)
            assert_close(run(longer), call(model, longer))
