"""Values outside their range: named, with what is allowed, before anything is made."""

from __future__ import annotations

import pytest
import torch

from kplug import optimizers
from kplug.errors import ArgumentError, ArgumentValueError

FINITE = "a finite number >= 0"
BETA = "a number in [0, 1)"
RHO = "a number in [0, 1]"
EPSILON = "a finite number >= 0, or None for K.epsilon()"
NAN = float("nan")

BAD = [
    ("sgd", {"momentum": -0.1}, RHO),
    ("sgd", {"momentum": 2.0}, RHO),
    ("sgd", {"momentum": NAN}, RHO),
    ("sgd", {"decay": -1e-6}, FINITE),
    ("sgd", {"decay": "fast"}, FINITE),
    ("sgd", {"nesterov": "false"}, "True or False"),
    ("rmsprop", {"rho": 1.5}, RHO),
    ("rmsprop", {"rho": -0.5}, RHO),
    ("rmsprop", {"epsilon": -1e-7}, EPSILON),
    ("rmsprop", {"decay": float("inf")}, FINITE),
    ("adagrad", {"epsilon": NAN}, EPSILON),
    ("adagrad", {"decay": -1.0}, FINITE),
    ("adadelta", {"rho": 2}, RHO),
    ("adadelta", {"epsilon": "tiny"}, EPSILON),
    ("adadelta", {"decay": None}, FINITE),
    ("adam", {"beta_1": 1.0}, BETA),
    ("adam", {"beta_2": -0.1}, BETA),
    ("adam", {"beta_2": NAN}, BETA),
    ("adam", {"epsilon": -1.0}, EPSILON),
    ("adam", {"decay": -1.0}, FINITE),
    ("adam", {"amsgrad": None}, "True or False"),
    ("nadam", {"beta_1": 1}, BETA),
    ("nadam", {"beta_2": 1.0}, BETA),
    ("nadam", {"schedule_decay": -0.004}, FINITE),
    ("adamax", {"beta_1": 1.0}, BETA),
    ("adamax", {"beta_2": NAN}, BETA),
    ("adamax", {"epsilon": "tiny"}, EPSILON),
    ("adamax", {"decay": -1.0}, FINITE),
    ("adamw", {"weight_decay": None}, FINITE),
    ("adamw", {"weight_decay": -0.1}, FINITE),
    ("adamw", {"beta_1": -0.1}, BETA),
    ("lion", {"beta_1": 0.0}, "a number in (0, 1)"),
    ("lion", {"beta_1": 1.0}, "a number in (0, 1)"),
    ("lion", {"beta_2": 1.0}, BETA),
    ("lamb", {"beta_2": 2.0}, BETA),
    ("lamb", {"epsilon": -1.0}, EPSILON),
    ("ftrl", {"learning_rate_power": 0.5}, "a finite number <= 0"),
    ("ftrl", {"initial_accumulator_value": -0.1}, FINITE),
    ("ftrl", {"l1_regularization_strength": -0.1}, FINITE),
    ("ftrl", {"l2_regularization_strength": NAN}, FINITE),
    ("ftrl", {"l2_shrinkage_regularization_strength": -0.1}, FINITE),
    ("ftrl", {"beta": -0.1}, FINITE),
    ("adafactor", {"beta_2_decay": 0.5}, "a finite number <= 0"),
    ("adafactor", {"clip_threshold": 0.0}, "a finite number > 0"),
    ("adafactor", {"epsilon_1": -1.0}, FINITE),
    ("adafactor", {"relative_step": "no"}, "True or False"),
    ("muon", {"momentum": 1.0}, BETA),
    ("muon", {"adam_beta_1": 1.0}, BETA),
    ("muon", {"adam_weight_decay": -1.0}, FINITE),
    ("muon", {"weight_decay": -1.0}, FINITE),
    ("muon", {"ns_steps": -1}, "an integer from 0 to 100"),
    ("muon", {"ns_steps": 2.5}, "an integer from 0 to 100"),
    ("muon", {"ns_steps": 10**12}, "an integer from 0 to 100"),
    ("muon", {"muon_a": NAN}, "a finite number"),
    ("muon", {"exclude_layers": ["("]}, "a list of regular expressions"),
    ("schedule_free_adamw", {"beta_1": 0.0}, "a number in (0, 1)"),
    ("schedule_free_adamw", {"warmup_steps": -1}, "an integer >= 0"),
    ("adagrad", {"initial_accumulator_value": -1.0}, FINITE),
    ("adam", {"clipnorm": -1.0}, FINITE),
    ("sgd", {"clipvalue": NAN}, FINITE),
    ("sgd", {"global_clipnorm": True}, FINITE),
]
CLASSES = {
    "sgd": optimizers.SGD,
    "rmsprop": optimizers.RMSprop,
    "adagrad": optimizers.Adagrad,
    "adadelta": optimizers.Adadelta,
    "adam": optimizers.Adam,
    "nadam": optimizers.Nadam,
    "adamax": optimizers.Adamax,
    "adamw": optimizers.AdamW,
    "lion": optimizers.Lion,
    "lamb": optimizers.Lamb,
    "ftrl": optimizers.Ftrl,
    "adafactor": optimizers.Adafactor,
    "muon": optimizers.Muon,
    "schedule_free_adamw": optimizers.ScheduleFreeAdamW,
}


@pytest.mark.parametrize(("name", "arguments", "allowed"), BAD)
def test_the_constructor_refuses(name: str, arguments: dict[str, float], allowed: str) -> None:
    ((argument, value),) = arguments.items()
    with pytest.raises(ArgumentValueError) as caught:
        CLASSES[name](**arguments)
    assert str(caught.value) == f"{name}: argument {argument!r} is {value!r}; allowed: {allowed}"


def test_a_setting_is_checked_when_it_is_changed() -> None:
    optimizer = optimizers.Adam()
    with pytest.raises(ArgumentValueError) as caught:
        optimizer.beta_2 = 1.0
    assert str(caught.value) == "adam: argument 'beta_2' is 1.0; allowed: a number in [0, 1)"
    assert optimizer.beta_2 == 0.999


def test_a_setting_reaches_every_group() -> None:
    optimizer = optimizers.Adam().build([torch.nn.Parameter(torch.ones(1))])
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(1))]})
    optimizer.beta_1 = 0.5
    assert [group["betas"] for group in optimizer.param_groups] == [(0.5, 0.999), (0.5, 0.999)]


def test_ends_of_the_ranges_are_allowed() -> None:
    optimizers.SGD(lr=0, momentum=0, decay=0)
    optimizers.RMSprop(rho=1.0, epsilon=0.0)
    optimizers.Adam(beta_1=0.0, beta_2=0.0)
    assert optimizers.SGD(nesterov=True).get_config()["nesterov"] is True


def test_two_ways_of_clipping_are_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        optimizers.Adam(clipnorm=1.0, global_clipnorm=2)
    assert str(caught.value) == (
        "adam: only one way of clipping can be used at a time, given: clipnorm=1, global_clipnorm=2\n"
        "  clipnorm limits each gradient's norm, global_clipnorm the norm of all together, clipvalue "
        "each element."
    )


def test_an_unknown_keyword_is_pythons_error() -> None:
    with pytest.raises(TypeError, match="has no argument 'momentun'"):
        optimizers.SGD(momentun=0.9)  # type: ignore[call-arg]


def test_a_misspelt_argument_in_a_spec_gets_a_suggestion() -> None:
    with pytest.raises(ArgumentError, match="Did you mean 'momentum'"):
        optimizers.get("sgd(momentun=0.9)")


@pytest.mark.parametrize(
    ("optimizer", "name"),
    [(optimizers.Adam(), "amsgrad"), (optimizers.Adagrad(), "initial_accumulator_value")],
)
def test_what_state_was_made_by_cannot_change(optimizer: optimizers.Optimizer, name: str) -> None:
    before = getattr(optimizer, name)
    with pytest.raises(AttributeError, match=f"'{name}' cannot change once the optimizer is made"):
        setattr(optimizer, name, not before)
    assert getattr(optimizer, name) == before
