"""The arguments that every optimizer takes: what they do together, in configurations and in errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
import torch

from kplug import optimizers
from kplug.errors import ArgumentError, ArgumentValueError
from tests.docstrings import read_arguments
from tests.optimizers.optimizer_classes import CLASSES
from tests.optimizers.small_training import make_parameter


@pytest.mark.parametrize("make", CLASSES)
def test_everything_beside_the_rule_together(make: Callable[..., optimizers.Optimizer]) -> None:
    parameters = [make_parameter(1.0, 2.0), make_parameter(3.0)]
    optimizer = make(
        lr=0.01,
        weight_decay=0.125,
        use_ema=True,
        ema_momentum=0.5,
        ema_overwrite_frequency=2,
        loss_scale_factor=4.0,
        gradient_accumulation_steps=2,
        clipnorm=1.0,
        name="mine",
    ).build(parameters)
    late = parameters[1].grad
    parameters[1].grad = None  # its first gradient comes after averages and accumulators exist
    for step in range(8):
        if step == 3:
            parameters[1].grad = late
        optimizer.step()
    assert optimizer.iterations == 4
    assert optimizer.name == "mine"
    assert all(torch.isfinite(parameter).all() for parameter in parameters)
    assert parameters[0].grad is not None
    assert parameters[0].grad.tolist() == [1.0, 1.0]
    assert parameters[1].item() != 3.0


def test_a_plain_step_does_nothing_beside_the_rule() -> None:
    optimizer = optimizers.SGD(weight_decay=None, use_ema=False, gradient_accumulation_steps=None)
    assert optimizer._is_plain
    assert optimizer.get_config() == optimizers.SGD().get_config()
    parameter = make_parameter(1.0)
    optimizer.build([parameter]).finalize_variable_values()
    assert parameter.item() == 1.0


def test_only_what_differs_is_in_the_config() -> None:
    config = optimizers.SGD(weight_decay=0.5, use_ema=True, name="mine").get_config()
    assert {key: config[key] for key in ("weight_decay", "use_ema", "name")} == {
        "weight_decay": 0.5,
        "use_ema": True,
        "name": "mine",
    }
    assert "ema_momentum" not in config


def test_keras_configurations_are_understood() -> None:
    config = {
        "name": "adam",
        "learning_rate": 0.25,
        "weight_decay": None,
        "clipnorm": None,
        "global_clipnorm": None,
        "clipvalue": None,
        "use_ema": False,
        "ema_momentum": 0.99,
        "ema_overwrite_frequency": None,
        "loss_scale_factor": None,
        "gradient_accumulation_steps": None,
        "jit_compile": True,
        "is_legacy_optimizer": False,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-07,
        "amsgrad": False,
    }
    optimizer = optimizers.get({"class_name": "Adam", "config": config})
    assert isinstance(optimizer, optimizers.Adam)
    assert (optimizer.lr, optimizer.name) == (0.25, "adam")


EMA = "a number in [0, 1]"
BAD: list[tuple[str, object, str]] = [
    ("weight_decay", -0.1, "a finite number >= 0"),
    ("weight_decay", float("nan"), "a finite number >= 0"),
    ("weight_decay", "much", "a finite number >= 0"),
    ("use_ema", "yes", "True or False"),
    ("ema_momentum", 1.5, EMA),
    ("ema_momentum", -0.5, EMA),
    ("ema_overwrite_frequency", -1, "an integer >= 1, or None"),
    ("ema_overwrite_frequency", 2.5, "an integer >= 1, or None"),
    ("loss_scale_factor", 0.0, "a finite number > 0"),
    ("loss_scale_factor", float("inf"), "a finite number > 0"),
    ("gradient_accumulation_steps", 1, "an integer >= 2, or None"),
    ("gradient_accumulation_steps", -3, "an integer >= 2, or None"),
    ("gradient_accumulation_steps", True, "an integer >= 2, or None"),
    ("gradient_accumulation_mean", "tokens", "'samples' or 'steps'"),
    ("gradient_accumulation_mean", None, "'samples' or 'steps'"),
    ("name", 3, "a string, or None"),
]


@pytest.mark.parametrize(("argument", "value", "allowed"), BAD)
def test_bad_values_are_refused(argument: str, value: object, allowed: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        optimizers.SGD(**{argument: value})  # type: ignore[arg-type]
    assert str(caught.value) == f"sgd: argument {argument!r} is {value!r}; allowed: {allowed}"


def test_unknown_keywords_are_named_with_the_closest() -> None:
    with pytest.raises(ArgumentError) as caught:
        optimizers.Lion(weight_decy=0.1)  # type: ignore[call-arg]
    text = str(caught.value)
    assert text.startswith("lion has no argument 'weight_decy'")
    assert "Did you mean 'weight_decay'?\n  Known: lr, beta_1, beta_2, learning_rate," in text


OPTIMIZERS = [one for one in vars(optimizers).values() if inspect.isclass(one)]
RULES = [
    one
    for one in dict.fromkeys(OPTIMIZERS)
    if issubclass(one, optimizers.Optimizer) and "lr" in inspect.signature(one).parameters
]


@pytest.mark.parametrize("rule", RULES)
def test_every_argument_is_described_in_the_order_of_the_signature(rule: type) -> None:
    parameters = inspect.signature(rule).parameters.values()
    shared = optimizers.CommonArguments.__annotations__
    own = [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY]
    own += [each.name for each in parameters if each.name not in (*own, *shared)]
    assert list(read_arguments(rule)) == [*own, "common"]
