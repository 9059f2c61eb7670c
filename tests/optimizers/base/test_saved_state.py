"""Saving and continuing: to the bit, across pickles and copies, and from torch's own files."""

from __future__ import annotations

import copy
import io
import json
import pickle
from typing import Any

import pytest
import torch

from kplug import optimizers, schedules
from kplug.errors import WeightsError

OPTIMIZERS: dict[str, tuple[type[optimizers.Optimizer], dict[str, Any]]] = {
    "sgd": (optimizers.SGD, {"momentum": 0.9, "decay": 0.1, "nesterov": True}),
    "plain sgd": (optimizers.SGD, {}),
    "rmsprop": (optimizers.RMSprop, {"decay": 0.1, "rho": 0.8}),
    "adagrad": (optimizers.Adagrad, {"decay": 0.1}),
    "adadelta": (optimizers.Adadelta, {"epsilon": 1e-3}),
    "adam": (optimizers.Adam, {"decay": 0.1, "beta_1": 0.8}),
    "amsgrad": (optimizers.Adam, {"amsgrad": True}),
    "nadam": (optimizers.Nadam, {"schedule_decay": 0.5}),
    "adamax": (optimizers.Adamax, {"decay": 0.1}),
    "adamw": (optimizers.AdamW, {"weight_decay": 0.5}),
    "lion": (optimizers.Lion, {"beta_1": 0.5}),
    "lamb": (optimizers.Lamb, {"epsilon": 1e-3}),
    "ftrl": (optimizers.Ftrl, {"beta": 0.5, "l1_regularization_strength": 0.01}),
    "adafactor": (optimizers.Adafactor, {"clip_threshold": 0.5}),
    "muon": (optimizers.Muon, {"exclude_layers": ["output"], "rms_rate": None}),
    "schedule free": (optimizers.ScheduleFreeAdamW, {"warmup_steps": 6}),
    "weight decay": (optimizers.Adam, {"weight_decay": 0.5, "name": "decaying"}),
    "average": (optimizers.Adam, {"use_ema": True, "ema_overwrite_frequency": 3}),
    "accumulation": (optimizers.Adam, {"gradient_accumulation_steps": 3}),
    "both": (optimizers.SGD, {"use_ema": True, "gradient_accumulation_steps": 3, "momentum": 0.9}),
    "loss scale": (optimizers.LossScaleOptimizer, {"inner_optimizer": "adam(lr=0.1)"}),
    "both wrappers": (
        optimizers.LossScaleOptimizer,
        {
            "inner_optimizer": {
                "class_name": "MultiOptimizer",
                "config": {
                    "optimizer_map": {"default_optimizer": "adam", "optimizer_map": {"b": "lion"}}
                },
            }
        },
    ),
    "several": (
        optimizers.MultiOptimizer,
        {"optimizer_map": {"default_optimizer": "adam", "optimizer_map": {"b": "lion"}}},
    ),
    "scheduled": (optimizers.Adam, {"lr": schedules.CosineDecay(0.1, 10)}),
    "clipped": (optimizers.SGD, {"clipnorm": 0.5, "momentum": 0.9}),
}


def make(name: str) -> optimizers.Optimizer:
    optimizer_class, arguments = OPTIMIZERS[name]
    return optimizer_class(**arguments)


def make_parameters() -> list[torch.nn.Parameter]:
    return [
        torch.nn.Parameter(torch.linspace(-1, 1, 6).reshape(2, 3)),
        torch.nn.Parameter(torch.ones(3)),
    ]


def train(
    optimizer: torch.optim.Optimizer, parameters: list[torch.nn.Parameter], first: int
) -> None:
    for step in range(first, first + 4):
        generator = torch.Generator().manual_seed(step)
        for parameter in parameters:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()


def copy_parameters(parameters: list[torch.nn.Parameter]) -> list[torch.nn.Parameter]:
    return [torch.nn.Parameter(parameter.detach().clone()) for parameter in parameters]


def assert_same(left: list[torch.nn.Parameter], right: list[torch.nn.Parameter]) -> None:
    assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_saved_state_continues_to_the_bit(name: str) -> None:
    parameters = make_parameters()
    optimizer = make(name).build(parameters)
    train(optimizer, parameters, 0)
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    resumed_parameters = copy_parameters(parameters)
    resumed = make(name).build(resumed_parameters)
    file.seek(0)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    assert max(group["iterations"] for group in resumed.param_groups) == 4
    train(optimizer, parameters, 4)
    train(resumed, resumed_parameters, 4)
    assert_same(parameters, resumed_parameters)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("clone", [copy.deepcopy, lambda obj: pickle.loads(pickle.dumps(obj))])
def test_a_copy_continues_to_the_bit(name: str, clone: Any) -> None:
    parameters = make_parameters()
    optimizer = make(name).build(parameters)
    train(optimizer, parameters, 0)
    copied = clone(optimizer)
    copied_parameters = [p for group in copied.param_groups for p in group["params"]]
    train(optimizer, parameters, 4)
    train(copied, copied_parameters, 4)
    assert max(group["iterations"] for group in copied.param_groups) == 8
    assert_same(parameters, copied_parameters)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_unbuilt_one_is_picklable(name: str) -> None:
    optimizer = pickle.loads(pickle.dumps(make(name)))
    assert repr(optimizer.get_config()) == repr(make(name).get_config())
    parameters = make_parameters()
    train(optimizer.build(parameters), parameters, 0)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_config_survives_json(name: str) -> None:
    config = make(name).get_config()
    again = OPTIMIZERS[name][0].from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config


def test_the_config_has_the_guides_names_and_current_values() -> None:
    optimizer = optimizers.Adam()
    optimizer.lr = 0.5
    assert optimizer.get_config() == {
        "lr": 0.5,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-7,
        "decay": 0.0,
        "amsgrad": False,
    }


@pytest.mark.parametrize(
    ("name", "torch_optimizer"),
    [
        ("sgd", lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True)),
        ("adam", torch.optim.Adam),
        ("adagrad", torch.optim.Adagrad),
        ("rmsprop", torch.optim.RMSprop),
    ],
)
def test_a_torch_state_can_be_continued(name: str, torch_optimizer: Any) -> None:
    parameters = make_parameters()
    theirs = torch_optimizer(parameters)
    train(theirs, parameters, 0)
    ours = make(name).build(parameters)
    ours.load_state_dict(theirs.state_dict())
    assert ours.iterations == (0 if name == "sgd" else 4)
    train(ours, parameters, 4)
    assert all(torch.isfinite(parameter).all() for parameter in parameters)


def test_a_state_from_another_kernel_is_fitted_to_this_one() -> None:
    parameters = make_parameters()
    optimizer = optimizers.Adam().build(parameters)
    train(optimizer, parameters, 0)
    saved = copy.deepcopy(optimizer.state_dict())
    saved["param_groups"][0]["fused"] = None
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["fused"] is True


def test_a_state_of_other_shapes_is_refused_untouched() -> None:
    parameters = make_parameters()
    donor = optimizers.Adam().build(parameters)
    train(donor, parameters, 0)
    others = [torch.nn.Parameter(torch.ones(2, 3)), torch.nn.Parameter(torch.ones(5))]
    optimizer = optimizers.Adam(lr=0.5).build(others)
    with pytest.raises(WeightsError) as caught:
        optimizer.load_state_dict(donor.state_dict())
    assert str(caught.value) == (
        "adam: saved 'exp_avg' of parameter 1 has shape (3,), the parameter has (5,); nothing was "
        "loaded\n  The state belongs to another model."
    )
    assert (optimizer.lr, optimizer.iterations, len(optimizer.state)) == (0.5, 0, 0)


def test_a_state_of_other_length_is_refused() -> None:
    donor = optimizers.SGD().build(make_parameters())
    with pytest.raises(WeightsError) as caught:
        optimizers.SGD().load_state_dict(donor.state_dict())
    assert str(caught.value) == (
        "sgd: the saved state is for groups of [2] parameters, this optimizer has groups of [0]; "
        "nothing was loaded\n  Build the optimizer with the same parameters first."
    )


def _hold_state(**spoilt: Any) -> tuple[optimizers.Adam, dict[str, Any]]:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = optimizers.Adam().build([weight])
    weight.grad = torch.ones(2)
    optimizer.step()
    state = copy.deepcopy(optimizer.state_dict())
    state["param_groups"][0].update(spoilt)
    return optimizer, state


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("lr", float("nan"), "adam: the saved state has 'lr' = nan, which it cannot have"),
        ("lr", -0.1, "adam: the saved state has 'lr' = -0.1, which it cannot have"),
        ("lr", "0.1", "adam: the saved state has 'lr' = '0.1', which it cannot have"),
        ("iterations", 1.5, "adam: the saved state has 'iterations' = 1.5, which it cannot have"),
        (
            "amsgrad",
            "yes",
            "the saved state has a setting that cannot be: adam: argument 'amsgrad'",
        ),
        ("betas", (0.9,), "adam: the saved state has 'betas' = (0.9,), which it cannot have"),
        (
            "betas",
            (0.9, 1.5),
            "the saved state has a setting that cannot be: adam: argument 'beta_2'",
        ),
        ("epsilon", [], "the saved state has a setting that cannot be: adam: argument 'epsilon'"),
        ("epsilon", None, "adam: the saved state has 'epsilon' = None, which it cannot have"),
        ("decay", -1.0, "the saved state has a setting that cannot be: adam: argument 'decay'"),
        ("params", [1], "adam: the saved state is of parameter 0, its groups list [1]"),
    ],
)
def test_settings_that_cannot_be_are_refused(key: str, value: Any, message: str) -> None:
    optimizer, state = _hold_state(**{key: value})
    before = copy.deepcopy(optimizer.state_dict())
    with pytest.raises(WeightsError) as caught:
        optimizer.load_state_dict(state)
    assert caught.value.message.startswith(message)
    assert caught.value.message.endswith("nothing was loaded")
    assert optimizer.state_dict()["param_groups"] == before["param_groups"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("step", -1.0, "is -1.0, no number of steps"),
        ("step", "1", "is '1', no number of steps"),
        ("exp_avg", "x", "is 'x', no tensor"),
        ("exp_avg", None, "is None, no tensor"),
        ("exp_avg", torch.tensor(1.0), "has shape (), the parameter has (2,)"),
        (
            "exp_avg",
            torch.ones(2, dtype=torch.int64),
            "is torch.int64, the parameter torch.float32",
        ),
    ],
)
def test_state_that_cannot_be_is_refused(key: str, value: Any, message: str) -> None:
    optimizer, state = _hold_state()
    state["state"][0][key] = value
    with pytest.raises(WeightsError) as caught:
        optimizer.load_state_dict(state)
    assert (
        caught.value.message == f"adam: saved {key!r} of parameter 0 {message}; nothing was loaded"
    )


def test_settings_inside_a_wrapper_are_checked_too() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = optimizers.LossScaleOptimizer("adam").build([weight])
    state = copy.deepcopy(optimizer.state_dict())
    state["param_groups"][0]["betas"] = (0.9, 2.0)
    with pytest.raises(WeightsError, match=r"argument 'beta_2' is 2\.0"):
        optimizer.load_state_dict(state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda state: state["state"][0].pop("exp_avg"),
            "the saved state of parameter 0 lacks 'exp_avg'",
        ),
        (lambda state: state.pop("state"), "the saved state is no state_dict of an optimizer"),
        (
            lambda state: state.update(param_groups=5),
            "the saved state is no state_dict of an optimizer",
        ),
        (
            lambda state: state["param_groups"][0].pop("params"),
            "the saved state is no state_dict of an",
        ),
        (
            lambda state: state["state"].update({0: 7}),
            "the saved state is no state_dict of an optimizer",
        ),
    ],
)
def test_a_damaged_state_is_refused_whole(change: Any, message: str) -> None:
    optimizer, state = _hold_state()
    before = copy.deepcopy(optimizer.state_dict())
    change(state)
    with pytest.raises(WeightsError) as caught:
        optimizer.load_state_dict(state)
    assert caught.value.message.startswith(f"adam: {message}")
    assert str(caught.value).endswith("\n  The file is damaged, or of another optimizer.")
    assert str(optimizer.state_dict()) == str(before)
