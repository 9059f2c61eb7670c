"""Helpers for tests of recurrent layers: the same layer in both libraries, with equal weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import Tensor

Pair = tuple[Any, Any]
MakePair = Callable[..., Pair]
Same = Callable[..., None]


@pytest.fixture(scope="session")
def make_pair() -> MakePair:
    """Return a function that builds a layer of kplug and one of Keras, with equal weights."""
    return _give_same_weights


@pytest.fixture(scope="session")
def same() -> Same:
    """Return a function that compares outputs and gradients of two layers."""
    return _same


def _give_same_weights(ours: Any, theirs: Any, shape: tuple[int, ...], seed: int = 0) -> Pair:
    theirs.build(shape)
    random = np.random.default_rng(seed)
    theirs.set_weights([0.5 * random.standard_normal(one.shape) for one in theirs.weights])
    ours.build_for((None, *shape[1:]))
    ours.set_weights([one.value.detach().numpy() for one in theirs.weights])
    return ours, theirs


def _same(pair: Pair, x: Tensor, mask: Tensor | None = None, states: Any = None) -> None:
    ours, theirs = pair
    ours_x, theirs_x = x.clone().requires_grad_(), x.clone().requires_grad_()
    named = {} if mask is None else {"mask": mask}
    if states is not None:
        named["initial_state"] = states
    made = _listed(ours(ours_x, **named))
    expected = _listed(theirs(theirs_x, **named))
    assert len(made) == len(expected)
    for one, other in zip(made, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
    for outputs in (made, expected):
        sum((output * _weights_like(output)).sum() for output in outputs).backward()  # type: ignore[union-attr]
    torch.testing.assert_close(ours_x.grad, theirs_x.grad, rtol=1e-4, atol=1e-5)
    for (name, weight), variable in zip(ours.named_weights(), theirs.weights, strict=True):
        assert torch.isfinite(weight.grad).all(), name
        torch.testing.assert_close(weight.grad, variable.value.grad, rtol=1e-4, atol=1e-4)
    assert _shapes(ours, x) == [(None, *output.shape[1:]) for output in expected]


def _listed(outputs: Any) -> list[Tensor]:
    return list(keras.tree.flatten(outputs))


def _weights_like(output: Tensor) -> Tensor:
    return torch.linspace(-1.0, 1.0, output.numel()).reshape(output.shape)


def _shapes(ours: Any, x: Tensor) -> list[Any]:
    found = ours.compute_output_shape((None, *x.shape[1:]))
    return found if isinstance(found, list) else [found]
