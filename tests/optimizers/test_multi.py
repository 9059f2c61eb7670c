"""Several optimizers in one: who trains which parameter, and what reaches all of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug import optimizers
from kplug.errors import ArgumentError, ContractError, WeightsError
from tests.optimizers.small_training import make_parameter


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


@pytest.mark.parametrize("given", [3, {"a": "adam"}])
def test_what_is_no_map(given: object) -> None:
    with pytest.raises(ContractError, match="does not tell which optimizer trains which parameter"):
        optimizers.MultiOptimizer(given)


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
