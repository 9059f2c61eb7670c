"""Weights that shrink before the update, and those that are left alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from kplug import optimizers
from kplug.errors import ContractError
from tests.optimizers.optimizer_classes import CLASSES
from tests.optimizers.small_training import fit, make_model, make_parameter, step_with


# Schedule-free's first step starts from its other sequence, which does not decay.
@pytest.mark.parametrize("make", CLASSES[:-1])
def test_weight_decay_shrinks_before_the_update(make: Callable[..., optimizers.Optimizer]) -> None:
    plain, decayed = make_parameter(0.75), make_parameter(1.0)
    name = "adam_weight_decay" if make is optimizers.Muon else "weight_decay"
    make(lr=0.5, **{name: 0.0}).build([plain]).step()
    make(lr=0.5, **{name: 0.5}).build([decayed]).step()
    assert decayed.item() == pytest.approx(plain.item(), rel=1e-12)


def test_decay_and_weight_decay_share_the_rate() -> None:
    parameter = make_parameter(1.0)
    optimizer = optimizers.SGD(lr=0.5, decay=1.0, weight_decay=0.5).build([parameter])
    first = step_with(optimizer, parameter, 0.0)
    assert first == 1.0 - 0.5 * 0.5
    assert step_with(optimizer, parameter, 0.0) == first * (1.0 - 0.25 * 0.5)


def test_a_group_decays_at_its_own_rate() -> None:
    slow, fast = make_parameter(1.0), make_parameter(1.0)
    optimizer = optimizers.SGD(lr=0.5, weight_decay=0.5).build([fast])
    optimizer.add_param_group({"params": [slow], "lr": 0.25})
    for parameter in (slow, fast):
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert (fast.item(), slow.item()) == (0.75, 0.875)


def test_exclusions_come_before_the_parameters() -> None:
    optimizer = optimizers.SGD(weight_decay=0.5).build([make_parameter()])
    with pytest.raises(ContractError) as caught:
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert str(caught.value) == (
        "sgd: exclude_from_weight_decay() after the parameters were given\n"
        "  Call it before build() or compile()."
    )


def test_fit_tells_the_names() -> None:
    optimizer = optimizers.AdamW(lr=0.25, weight_decay=1.0)
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    kept = fit(make_model(optimizer))[0]
    decayed = fit(make_model(optimizers.AdamW(lr=0.25, weight_decay=1.0)))[0]
    without = fit(make_model(optimizers.AdamW(lr=0.25, weight_decay=0.0)))[0]
    np.testing.assert_array_equal(kept, without)
    assert (decayed < kept).all()
