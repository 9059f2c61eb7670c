"""Gradients that are collected over several steps."""

from __future__ import annotations

from kplug import optimizers
from tests.optimizers.small_training import make_parameter, step_with


def test_accumulation_waits_and_takes_the_mean() -> None:
    parameter = make_parameter(0.0)
    optimizer = optimizers.SGD(lr=1.0, gradient_accumulation_steps=3).build([parameter])
    found = [step_with(optimizer, parameter, gradient) for gradient in (1.0, 2.0, 6.0, 3.0)]
    assert found == [0.0, 0.0, -3.0, -3.0]
    assert optimizer.iterations == 1
