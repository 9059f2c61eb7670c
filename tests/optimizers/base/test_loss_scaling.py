"""A fixed factor of the loss changes no update."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from kplug import optimizers
from tests.optimizers.small_training import fit, make_model, make_parameter


def test_the_loss_scale_is_divided_out() -> None:
    parameter = make_parameter(1.0)
    optimizer = optimizers.SGD(lr=0.5, loss_scale_factor=8.0).build([parameter])
    parameter.grad = None
    torch.autograd.backward(optimizer.scale_loss(parameter.sum()))
    scaled: Any = parameter.grad
    assert scaled.item() == 8.0
    optimizer.step()
    assert (parameter.item(), scaled.item()) == (0.5, 8.0)
    assert parameter.grad is scaled


def test_fit_scales_the_loss() -> None:
    plain = fit(make_model(optimizers.SGD(lr=0.25)))
    for optimizer in (
        optimizers.SGD(lr=0.25, loss_scale_factor=8.0),
        optimizers.LossScaleOptimizer("sgd(lr=0.25)"),
        optimizers.MultiOptimizer(optimizers.OptimizerMap("sgd(lr=0.25)"), loss_scale_factor=2.0),
    ):
        scaled = fit(make_model(optimizer))
        for expected, found in zip(plain, scaled, strict=True):
            np.testing.assert_array_equal(found, expected)
