"""Weight decay, averages of weights, accumulation and loss scaling around any rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug import optimizers
from kplug.errors import ArgumentError, ArgumentValueError, ContractError
from kplug.layers import Dense


def make_parameter(*values: float) -> torch.nn.Parameter:
    parameter = torch.nn.Parameter(torch.tensor(values or (1.0,), dtype=torch.float64))
    parameter.grad = torch.ones_like(parameter)
    return parameter


def step_with(optimizer: optimizers.Optimizer, parameter: torch.Tensor, gradient: float) -> float:
    parameter.grad = torch.full_like(parameter, gradient)
    optimizer.step()
    return parameter.item()


CLASSES: list[Callable[..., optimizers.Optimizer]] = [
    optimizers.SGD,
    optimizers.RMSprop,
    optimizers.Adagrad,
    optimizers.Adadelta,
    optimizers.Adam,
    optimizers.Nadam,
    optimizers.Adamax,
    optimizers.AdamW,
    optimizers.Lion,
    optimizers.Lamb,
    optimizers.Ftrl,
    optimizers.Adafactor,
    optimizers.Muon,
    optimizers.ScheduleFreeAdamW,
]


# Schedule-free's first step starts from its other sequence, which does not decay.
@pytest.mark.parametrize("make", CLASSES[:-1])
def test_weight_decay_shrinks_before_the_update(make: Callable[..., optimizers.Optimizer]) -> None:
    plain, decayed = make_parameter(0.75), make_parameter(1.0)
    name = "adam_weight_decay" if make is optimizers.Muon else "weight_decay"
    make(lr=0.5, **{name: 0.0}).build([plain]).step()
    make(lr=0.5, **{name: 0.5}).build([decayed]).step()
    assert decayed.item() == pytest.approx(plain.item(), rel=1e-12)


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


def test_accumulation_waits_and_takes_the_mean() -> None:
    parameter = make_parameter(0.0)
    optimizer = optimizers.SGD(lr=1.0, gradient_accumulation_steps=3).build([parameter])
    found = [step_with(optimizer, parameter, gradient) for gradient in (1.0, 2.0, 6.0, 3.0)]
    assert found == [0.0, 0.0, -3.0, -3.0]
    assert optimizer.iterations == 1


def test_the_average_starts_at_the_first_weights() -> None:
    parameter = make_parameter(0.0)
    optimizer = optimizers.SGD(lr=1.0, use_ema=True, ema_momentum=0.75).build([parameter])
    assert [step_with(optimizer, parameter, -4.0) for _ in range(2)] == [4.0, 8.0]
    optimizer.finalize_variable_values()
    assert parameter.item() == 0.75 * 4.0 + 0.25 * 8.0


def test_the_average_is_written_every_so_many_updates() -> None:
    parameter = make_parameter(0.0)
    optimizer = optimizers.SGD(
        lr=1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2
    ).build([parameter])
    assert [step_with(optimizer, parameter, -4.0) for _ in range(2)] == [4.0, 6.0]


def test_the_loss_scale_is_divided_out() -> None:
    parameter = make_parameter(1.0)
    optimizer = optimizers.SGD(lr=0.5, loss_scale_factor=8.0).build([parameter])
    parameter.grad = None
    torch.autograd.backward(optimizer.scale_loss(parameter.sum()))
    scaled: Any = parameter.grad
    assert scaled.item() == 8.0
    optimizer.step()
    assert (parameter.item(), scaled.item()) == (0.5, 8.0)
    assert parameter.grad is scaled


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


def test_exclusions_come_before_the_parameters() -> None:
    optimizer = optimizers.SGD(weight_decay=0.5).build([make_parameter()])
    with pytest.raises(ContractError) as caught:
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert str(caught.value) == (
        "sgd: exclude_from_weight_decay() after the parameters were given\n"
        "  Call it before build() or compile()."
    )


def make_model(optimizer: Any) -> kplug.Sequential:
    kplug.utils.set_random_seed(0)
    model = kplug.Sequential([Dense(1, kernel_initializer="ones", input_dim=2)])
    model.compile(loss="mean_squared_error", optimizer=optimizer)
    return model


def fit(model: kplug.Sequential, epochs: int = 1) -> list[Any]:
    data = np.ones((4, 2), dtype="float32"), np.zeros((4, 1), dtype="float32")
    model.fit(*data, epochs=epochs, batch_size=4, verbose=0)
    return list(model.get_weights())


def test_fit_scales_the_loss() -> None:
    plain = fit(make_model(optimizers.SGD(lr=0.25)))
    for optimizer in (
        optimizers.SGD(lr=0.25, loss_scale_factor=8.0),
        optimizers.LossScaleOptimizer("sgd(lr=0.25)"),
        optimizers.MultiOptimizer(optimizers.OptimizerMap("sgd(lr=0.25)"), loss_scale_factor=2.0),
    ):
        scaled = fit(make_model(optimizer))
        for expected, found in zip(plain, scaled, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_fit_ends_with_the_averages() -> None:
    model = make_model(optimizers.SGD(lr=0.25, use_ema=True, ema_momentum=0.5))
    found = fit(model, epochs=3)
    bare = make_model(optimizers.SGD(lr=0.25))
    path = [fit(bare)[0] for _ in range(3)]
    expected = 0.5 * (0.5 * path[0] + 0.5 * path[1]) + 0.5 * path[2]
    np.testing.assert_allclose(found[0], expected, rtol=1e-6)


def test_fit_tells_the_names() -> None:
    optimizer = optimizers.AdamW(lr=0.25, weight_decay=1.0)
    optimizer.exclude_from_weight_decay(var_names=["kernel"])
    kept = fit(make_model(optimizer))[0]
    decayed = fit(make_model(optimizers.AdamW(lr=0.25, weight_decay=1.0)))[0]
    without = fit(make_model(optimizers.AdamW(lr=0.25, weight_decay=0.0)))[0]
    np.testing.assert_array_equal(kept, without)
    assert (decayed < kept).all()
