"""Dynamic loss scaling: its arguments, its rate, the scale that is saved with the state."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug import optimizers
from kplug.errors import ArgumentError, ArgumentValueError


def make_parameter(value: float = 1.0) -> torch.nn.Parameter:
    parameter = torch.nn.Parameter(torch.tensor([value]))
    parameter.grad = torch.ones_like(parameter)
    return parameter


BAD = [
    ({"initial_scale": 0.0}, "a finite number > 0"),
    ({"dynamic_growth_steps": 0}, "an integer >= 1"),
]


@pytest.mark.parametrize(("arguments", "allowed"), BAD)
def test_bad_arguments(arguments: dict[str, Any], allowed: str) -> None:
    ((argument, value),) = arguments.items()
    with pytest.raises(ArgumentValueError) as caught:
        optimizers.LossScaleOptimizer("adam", **arguments)
    assert str(caught.value) == (
        f"loss_scale_optimizer: argument {argument!r} is {value!r}; allowed: {allowed}"
    )


def test_the_rate_is_that_of_the_inner_one() -> None:
    optimizer = optimizers.LossScaleOptimizer("adam(lr=0.5)").build([make_parameter()])
    assert optimizer.lr == optimizer.learning_rate == 0.5
    optimizer.lr = 0.25
    assert optimizer.inner_optimizer.lr == 0.25
    optimizer.iterations = 3
    assert optimizer.inner_optimizer.iterations == 3


def test_the_scale_is_saved_with_the_state() -> None:
    optimizer = optimizers.LossScaleOptimizer("adam", initial_scale=8.0).build([make_parameter()])
    optimizer.param_groups[0]["params"][0].grad = torch.tensor([float("nan")])
    optimizer.step()
    other = optimizers.LossScaleOptimizer("adam", initial_scale=8.0).build([make_parameter()])
    other.load_state_dict(optimizer.state_dict())
    assert other.dynamic_scale == 4.0
    other.step()
    assert other.iterations == other.inner_optimizer.iterations == 1


@pytest.mark.parametrize("argument", ["clipnorm", "weight_decay", "use_ema", "loss_scale_factor"])
def test_what_belongs_to_the_inner_optimizer_is_refused(argument: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        optimizers.LossScaleOptimizer("sgd", **{argument: 1.0})  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"loss_scale_optimizer: the argument {argument!r} belongs to the optimizer inside it\n"
        "  Give it to the inner optimizer."
    )


def test_an_unknown_keyword_is_refused() -> None:
    with pytest.raises(ArgumentError, match="has no argument 'growth'"):
        optimizers.LossScaleOptimizer("sgd", growth=2)


def test_the_scale_is_always_dynamic() -> None:
    assert optimizers.LossScaleOptimizer("sgd", dynamic=True).scales_loss
    with pytest.raises(ArgumentValueError, match="'dynamic' is False; allowed: True"):
        optimizers.LossScaleOptimizer("sgd", dynamic=False)


def test_keras_s_older_configuration_lists_what_is_unset() -> None:
    unset = {"clipnorm": None, "use_ema": False, "ema_momentum": 0.99, "weight_decay": None}
    config = {"inner_optimizer": "sgd", "initial_scale": 2.0, **unset}
    assert optimizers.LossScaleOptimizer.from_config(config).initial_scale == 2.0
    with pytest.raises(ArgumentError, match="'clipnorm' belongs to the optimizer inside it"):
        optimizers.LossScaleOptimizer.from_config({**config, "clipnorm": 1.0})


@pytest.mark.parametrize("is_function", [False, True])
def test_the_loss_of_several_may_be_scaled(is_function: bool) -> None:
    sgd, lion = optimizers.SGD(lr=0.5), optimizers.Lion(lr=0.25)
    mapping: Any = optimizers.OptimizerMap(sgd, {"b": lion})
    if is_function:
        mapping = lambda parameter, name: lion if name == "b" else sgd  # noqa: E731
    several = optimizers.MultiOptimizer(mapping)
    optimizer = optimizers.LossScaleOptimizer(several, initial_scale=4.0, dynamic_growth_steps=1)
    named = {"a": make_parameter(), "b": make_parameter()}
    optimizer.build(named.items())
    for parameter in named.values():
        parameter.grad = torch.tensor([4.0])
    optimizer.step()
    assert (named["a"].item(), named["b"].item(), optimizer.dynamic_scale) == (0.5, 0.75, 8.0)
    assert optimizer.iterations == 1
    assert optimizer.state[named["b"]] is lion.state[named["b"]]
