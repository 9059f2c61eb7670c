"""Optimizers keep as many state blocks for a weight as Keras's optimizers make variables."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug import optimizers
from kplug.saving.state.optimizer_variables import find_blocks

# Keras's variables and NumPy 2 disagree about `__array__`.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def build(name: str, **settings: Any) -> Any:
    weights = [torch.nn.Parameter(torch.zeros(2, 3)), torch.nn.Parameter(torch.zeros(3))]
    return getattr(optimizers, name)(**settings).build(weights)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("SGD", {}),
        ("SGD", {"momentum": 0.9}),
        ("RMSprop", {}),
        ("RMSprop", {"momentum": 0.9}),
        ("RMSprop", {"momentum": 0.9, "centered": True}),
        ("Adagrad", {}),
        ("Adadelta", {}),
        ("Adam", {}),
        ("Adam", {"amsgrad": True}),
        ("AdamW", {"use_ema": True}),
        ("Adamax", {"gradient_accumulation_steps": 2}),
        ("Lion", {}),
        ("Lamb", {}),
        ("Ftrl", {}),
    ],
)
def test_blocks_hold_as_much_as_variables_of_keras(name: str, settings: dict[str, Any]) -> None:
    theirs = getattr(keras.optimizers, name)(**settings)
    theirs.build([keras.Variable(np.zeros((2, 3))), keras.Variable(np.zeros(3))])
    blocks = find_blocks(build(name, **settings))
    assert blocks is not None
    # Beside those of the two weights, Keras has the iteration and the learning rate.
    assert 2 * sum(len(block) for block in blocks) == len(theirs.variables) - 2


def test_average_and_accumulator_stand_before_what_the_rule_keeps() -> None:
    optimizer = build("Adam", use_ema=True, gradient_accumulation_steps=2)
    assert find_blocks(optimizer) == [
        ("average",),
        ("gradient_accumulator",),
        ("exp_avg", "exp_avg_sq"),
    ]


def test_rules_of_others_are_unknown_whatever_they_are_called() -> None:
    theirs = torch.optim.Adam([torch.nn.Parameter(torch.zeros(2))])
    assert find_blocks(theirs) is None


def test_optimizer_with_two_groups_has_no_blocks_of_keras() -> None:
    optimizer = build("Adam")
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(2))]})
    assert find_blocks(optimizer) is None
