"""Optimizers around other optimizers."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from kplug import optimizers
from kplug.errors import ArgumentError, ArgumentValueError, ContractError, WeightsError


def make_parameter(value: float = 1.0) -> torch.nn.Parameter:
    parameter = torch.nn.Parameter(torch.tensor([value]))
    parameter.grad = torch.ones_like(parameter)
    return parameter


def make_several() -> optimizers.MultiOptimizer:
    return optimizers.MultiOptimizer(
        optimizers.OptimizerMap("sgd(lr=0.5)", {"bias": "adam", "enc/.*": "lion(lr=0.25)"})
    )


def test_parameters_go_where_the_map_says() -> None:
    named = {name: make_parameter() for name in ("bias", "enc/kernel", "kernel")}
    optimizer = make_several().build(named.items())
    adam, lion, sgd = optimizer.optimizers
    assert isinstance(adam, optimizers.Adam)
    assert adam.param_groups[0]["params"] == [named["bias"]]
    assert lion.param_groups[0]["params"] == [named["enc/kernel"]]
    assert sgd.param_groups[0]["params"] == [named["kernel"]]
    optimizer.step()
    assert (named["kernel"].item(), named["enc/kernel"].item()) == (0.5, 0.75)


def test_a_function_may_choose() -> None:
    chosen: list[str] = []
    sgd = optimizers.SGD(lr=0.5)

    def choose(parameter: torch.Tensor, name: str) -> Any:
        chosen.append(name)
        return sgd if parameter.ndim else "adam"

    parameters = [("one", make_parameter()), ("two", make_parameter())]
    optimizer = optimizers.MultiOptimizer(choose).build(parameters)
    assert chosen == ["one", "two"]
    assert optimizer.optimizers == [sgd]
    by_parameter = optimizers.MultiOptimizer(lambda parameter: optimizers.SGD())
    assert len(by_parameter.build([p for _, p in parameters]).optimizers) == 2


def test_it_has_no_rate_of_its_own() -> None:
    optimizer = make_several()
    with pytest.raises(AttributeError, match="each optimizer inside it has its own learning rate"):
        _ = optimizer.lr
    with pytest.raises(AttributeError, match=r"see \.optimizers"):
        optimizer.learning_rate = 0.1
    assert not hasattr(optimizer, "learning_rate")


def test_the_loss_scale_reaches_all() -> None:
    optimizer = optimizers.MultiOptimizer(optimizers.OptimizerMap("sgd"), loss_scale_factor=4.0)
    assert [inner.loss_scale_factor for inner in optimizer.optimizers] == [4.0]
    assert optimizer.scale_loss(torch.tensor(2.0)).item() == 8.0
    optimizer.loss_scale_factor = None
    assert optimizer.optimizers[0].loss_scale_factor is None


def test_the_map_is_a_mapping() -> None:
    mapping = optimizers.OptimizerMap("sgd", {"a": "adam"})
    mapping["b"] = optimizers.Lion()
    assert (list(mapping), len(mapping)) == (["a", "b"], 2)
    del mapping["a"]
    assert isinstance(mapping["a"], optimizers.SGD)
    with pytest.raises(ArgumentError, match="the key 'b' is there already"):
        mapping["b"] = "adam"


def test_two_fitting_expressions_are_refused() -> None:
    mapping = optimizers.OptimizerMap("sgd", {"a.*": "adam", ".*b": "lion"})
    with pytest.raises(ArgumentError) as caught:
        _ = mapping["ab"]
    assert str(caught.value) == (
        "optimizer_map: several entries fit the parameter 'ab': 'a.*', '.*b'\n"
        "  Make the expressions exclude each other."
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


@pytest.mark.parametrize("given", [3, {"a": "adam"}])
def test_what_is_no_map(given: object) -> None:
    with pytest.raises(ContractError, match="does not tell which optimizer trains which parameter"):
        optimizers.MultiOptimizer(given)


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


def test_a_state_needs_the_parameters() -> None:
    state = make_several().build([("a", make_parameter())]).state_dict()
    with pytest.raises(WeightsError, match="the parameters must be known"):
        make_several().load_state_dict(state)


def test_weight_decay_is_excluded_inside() -> None:
    parameter = make_parameter()
    optimizer = optimizers.LossScaleOptimizer("sgd(lr=0.5, weight_decay=0.5)", initial_scale=1.0)
    optimizer.exclude_from_weight_decay(var_list=[parameter])
    optimizer.build([parameter]).step()
    assert parameter.item() == 0.5


def test_averages_are_written_inside() -> None:
    parameter = make_parameter(0.0)
    optimizer = optimizers.LossScaleOptimizer(
        optimizers.SGD(lr=1.0, use_ema=True, ema_momentum=0.5), initial_scale=1.0
    ).build([parameter])
    optimizer.step()
    optimizer.step()
    optimizer.finalize_variable_values([parameter])
    assert parameter.item() == -1.5


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
