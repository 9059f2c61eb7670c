"""Optimizers around other optimizers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kplug import optimizers
from kplug.errors import ContractError
from tests.optimizers.small_training import make_parameter


def make_several() -> optimizers.MultiOptimizer:
    return optimizers.MultiOptimizer(
        optimizers.OptimizerMap("sgd(lr=0.5)", {"bias": "adam", "enc/.*": "lion(lr=0.25)"})
    )


REFUSED: list[tuple[Any, str]] = [
    (lambda: optimizers.LossScaleOptimizer("torch/adamw"), "TorchOptimizerFactory"),
    (
        lambda: optimizers.LossScaleOptimizer(optimizers.LossScaleOptimizer("adam")),
        "LossScaleOptimizer",
    ),
    (lambda: optimizers.OptimizerMap(make_several()), "MultiOptimizer"),
]


@pytest.mark.parametrize(("make", "name"), REFUSED)
def test_what_may_not_stand_inside(make: Any, name: str) -> None:
    with pytest.raises(ContractError, match=f"must be one of kplug's own kind, not {name}"):
        make()


WRAPPERS: list[Any] = [
    lambda: optimizers.LossScaleOptimizer("adam(lr=0.5)", initial_scale=4.0, name="scaled"),
    lambda: make_several(),
]


@pytest.mark.parametrize("make", WRAPPERS)
def test_the_config_survives_json(make: Any) -> None:
    optimizer = make()
    config = optimizer.get_config()
    again = type(optimizer).from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config


@pytest.mark.parametrize("make", WRAPPERS)
def test_parameters_are_added_before_they_are_wrapped(make: Any) -> None:
    with pytest.raises(ContractError, match="parameter groups belong to the optimizers inside"):
        make().build([make_parameter()]).add_param_group({"params": [make_parameter()]})
