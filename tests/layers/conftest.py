"""Helpers for the tests of layers: comparison with Keras's layer, and tensors with masks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import Tensor

from kplug import layers
from kplug.backend.masks import get_mask, set_mask

Compare = Callable[..., Tensor]


@pytest.fixture(scope="session")
def compare() -> Compare:
    """Return a function that makes a layer in both libraries and compares their behaviour."""
    return _compare


@pytest.fixture(scope="session")
def masked() -> Callable[..., Tensor]:
    """Return a function that copies a tensor and attaches a mask with the given rows."""
    return _masked


def _masked(x: Tensor, *rows: list[int]) -> Tensor:
    x = x.clone()
    set_mask(x, torch.tensor(rows).bool())
    return x


@pytest.fixture(scope="session")
def mask_of() -> Callable[[Tensor], Tensor]:
    """Return a function that returns a tensor's mask, which must exist."""
    return _mask_of


def _mask_of(tensor: Tensor) -> Tensor:
    mask = get_mask(tensor)
    assert mask is not None
    return mask


def _compare(
    name: str, inputs: Any, *, training: bool = False, tolerance: float = 1e-4, **arguments: Any
) -> Tensor:
    """Compare outputs, gradients, weights and shapes for the same weights; return our outputs."""
    theirs = getattr(keras.layers, name)(**arguments)
    ours = getattr(layers, name)(**arguments)
    theirs.build(_shapes(inputs))
    theirs.set_weights([_draw_weight(variable) for variable in theirs.weights])
    ours.build_for(_shapes(inputs, batch=None))
    ours.set_weights([variable.value.detach().numpy() for variable in theirs.weights])
    ours_x, theirs_x = _leaf(inputs), _leaf(inputs)
    made = ours(ours_x, training=training)
    with _no_onednn():
        expected = theirs(theirs_x, **({"training": training} if training else {}))
    torch.testing.assert_close(made, expected, rtol=tolerance, atol=tolerance)
    # Weights that follow the data have changed by now.
    for one, other in zip(ours.get_weights(), theirs.weights, strict=True):
        np.testing.assert_allclose(one, other.value.detach().numpy(), rtol=1e-5, atol=1e-6)
    found = ours.compute_output_shape(_shapes(inputs, batch=None))
    assert found == (None, *expected.shape[1:])
    if made.requires_grad:
        _compare_gradients(ours, theirs, (made, expected), (ours_x, theirs_x))
    outputs: Tensor = made.detach()
    return outputs


@contextlib.contextmanager
def _no_onednn() -> Iterator[None]:
    """Switch off torch's oneDNN kernels.

    In torch 2.13 they give wrong numbers for some strided convolutions of contiguous OIHW kernels, which
    is how Keras calls them: 4×4 images, a 3×3 kernel, strides (1, 2), one channel, one filter.
    """
    was_enabled = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(was_enabled)


def _compare_gradients(ours: Any, theirs: Any, outputs: Any, inputs: Any) -> None:
    made, expected = (
        (output * torch.arange(1.0, output.numel() + 1).reshape(output.shape)).sum()
        for output in outputs
    )
    made.backward()
    try:
        with _no_onednn():
            expected.backward()
    except RuntimeError as error:
        # torch 2.13 refuses the gradient of some small kernels in the layout that Keras gives them.
        if "grad_weight" not in str(error):
            raise
        assert all(weight.grad.isfinite().all() for weight in ours.weights)
        return
    for one, other in zip(*map(_tensors, inputs), strict=True):
        if other.grad is not None:
            _assert_close(one.grad, other.grad)
    for weight, variable in zip(ours.weights, theirs.weights, strict=True):
        assert weight.requires_grad is variable.trainable
        if variable.trainable:
            _assert_close(weight.grad, variable.value.grad)


def _assert_close(found: Tensor, expected: Tensor) -> None:
    """Compare gradients; the absolute tolerance scales with the largest, for errors of cancellation."""
    largest = float(expected.abs().max()) if expected.numel() else 0.0
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=max(1e-3, 1e-5 * largest))


def _tensors(inputs: Any) -> list[Any]:
    return list(inputs) if isinstance(inputs, list) else [inputs]


def _leaf(inputs: Any) -> Any:
    if isinstance(inputs, list):
        return [_leaf(part) for part in inputs]
    leaf = inputs.clone()
    return leaf.requires_grad_() if leaf.is_floating_point() else leaf


def _shapes(inputs: Any, batch: Any = 0) -> Any:
    if isinstance(inputs, list):
        return [_shapes(part, batch) for part in inputs]
    return tuple(inputs.shape) if batch == 0 else (None, *inputs.shape[1:])


def _draw_weight(variable: Any) -> Any:
    values = np.random.default_rng(9).normal(size=tuple(variable.shape)).astype("float32")
    return np.abs(values) + 0.1 if "variance" in variable.name else values
