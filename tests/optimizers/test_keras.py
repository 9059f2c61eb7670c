"""The rules that Keras 3 has too, and what it does beside the rule, against Keras itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import optimizers

# Keras's conversion to NumPy: torch's __array__ does not know NumPy 2's copy argument.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Array = np.ndarray[Any, np.dtype[np.float64]]

# Keras holds the rate in float32; this one is exact there.
RATE = 2.0**-6
SHAPES = [(3, 2), (2,), (2, 3, 2), ()]

RULES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {"momentum": 0.75}),
    ("RMSprop", {"centered": True, "epsilon": 1e-3}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "rho": 0.5, "epsilon": 1e-2}),
    ("Adam", {}),
    ("Adam", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adam", {"amsgrad": True}),
    ("Adadelta", {"rho": 0.8, "epsilon": 1e-4}),
    ("Adamax", {}),
    ("Adamax", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}),
    ("AdamW", {"weight_decay": 2.0**-8}),  # Keras multiplies rate and decay in float32
    ("AdamW", {"weight_decay": 0.5, "amsgrad": True}),
    ("Lion", {}),
    ("Lion", {"beta_1": 0.5, "beta_2": 0.75}),
    ("Lamb", {}),
    ("Lamb", {"beta_1": 0.8, "epsilon": 1e-3}),
    ("Ftrl", {}),
    ("Ftrl", {"learning_rate_power": -0.75, "initial_accumulator_value": 0.5, "beta": 0.25}),
    (
        "Ftrl",
        {
            "l1_regularization_strength": 0.5,
            "l2_regularization_strength": 0.25,
            "l2_shrinkage_regularization_strength": 0.125,
        },
    ),
    ("Adafactor", {}),
    ("Adafactor", {"clip_threshold": 0.25, "epsilon_1": 1e-6, "epsilon_2": 0.5}),
    ("Adafactor", {"relative_step": False, "beta_2_decay": -0.5}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "rms_rate": None, "ns_steps": 3, "adam_lr_ratio": 0.5}),
    ("Muon", {"weight_decay": None, "adam_weight_decay": 0.5, "momentum": 0.5}),
]
BESIDE: list[tuple[str, dict[str, Any]]] = [
    ("Adam", {"clipnorm": 0.5}),
    ("SGD", {"clipvalue": 0.25}),
    ("SGD", {"global_clipnorm": 0.5}),
    ("SGD", {"global_clipnorm": 100.0}),
    ("SGD", {"weight_decay": 0.25, "momentum": 0.5}),
    ("Lion", {"weight_decay": 0.25}),
    ("Adam", {"use_ema": True, "ema_momentum": 0.5}),
    ("Adam", {"use_ema": True, "ema_momentum": 0.75, "ema_overwrite_frequency": 2}),
    ("Adam", {"gradient_accumulation_steps": 3}),
    ("SGD", {"gradient_accumulation_steps": 2, "momentum": 0.5, "weight_decay": 0.25}),
    ("Lamb", {"gradient_accumulation_steps": 2, "global_clipnorm": 0.5}),
    (
        "AdamW",
        {"gradient_accumulation_steps": 2, "use_ema": True, "ema_overwrite_frequency": 2},
    ),
    ("Adamax", {"loss_scale_factor": 8.0, "weight_decay": 0.5}),
]


def draw_gradients(seed: int, steps: int = 6, scale: float = 1.0) -> list[list[Array]]:
    generator = np.random.default_rng(seed)
    return [
        [np.asarray(scale * generator.normal(size=shape)) for shape in SHAPES] for _ in range(steps)
    ]


def compare(
    name: str,
    arguments: dict[str, Any],
    gradients: list[list[Array]],
    *,
    prepare: Callable[[Any, list[Any]], None] = lambda optimizer, weights: None,
    tolerance: float = 1e-9,
    finalize: bool = False,
) -> None:
    """Train the same weights with both and compare them after every step."""
    generator = np.random.default_rng(1)
    starts = [np.asarray(generator.normal(size=shape)) for shape in SHAPES]
    variables = [
        keras.Variable(start, dtype="float64", name=f"weight_{index}")
        for index, start in enumerate(starts)
    ]
    parameters = [torch.nn.Parameter(torch.tensor(start)) for start in starts]
    peer = getattr(keras.optimizers, name)(**{"learning_rate": RATE, **arguments})
    ours = getattr(optimizers, name)(**{"learning_rate": RATE, **arguments})
    prepare(peer, variables)
    prepare(ours, parameters)
    ours.build([(f"weight_{index}", parameter) for index, parameter in enumerate(parameters)])
    for step in gradients:
        peer.apply([torch.tensor(gradient) for gradient in step], variables)
        for parameter, gradient in zip(parameters, step, strict=True):
            parameter.grad = torch.tensor(gradient)
        ours.step()
        assert_equal(parameters, variables, tolerance)
        assert ours.iterations == int(peer.iterations)
    if finalize:
        peer.finalize_variable_values(variables)
        ours.finalize_variable_values()
        assert_equal(parameters, variables, tolerance)


def assert_equal(
    parameters: list[torch.nn.Parameter], variables: list[Any], tolerance: float
) -> None:
    for parameter, variable in zip(parameters, variables, strict=True):
        np.testing.assert_allclose(
            parameter.detach().numpy(),
            keras.ops.convert_to_numpy(variable),
            rtol=tolerance,
            atol=tolerance,
        )


def describe(case: object) -> str:
    return "-".join(map(str, case)) if isinstance(case, dict) else str(case)


@pytest.mark.parametrize(("name", "arguments"), RULES, ids=describe)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**16), scale=st.sampled_from([1e-3, 1.0, 30.0]))
def test_the_rule(name: str, arguments: dict[str, Any], seed: int, scale: float) -> None:
    # Keras computes scalars of these in float32, whatever the weights' type.
    tolerance = 1e-6 if name in ("Adafactor", "Lamb", "Muon") else 1e-9
    compare(name, arguments, draw_gradients(seed, scale=scale), tolerance=tolerance)


@pytest.mark.parametrize(("name", "arguments"), BESIDE, ids=describe)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_what_is_beside_the_rule(name: str, arguments: dict[str, Any], seed: int) -> None:
    # Keras rounds norms, momenta and means of gradients to float32 here, whatever the weights' type.
    rounded = {"clipnorm", "use_ema", "gradient_accumulation_steps"}
    tolerance = 1e-6 if rounded & set(arguments) else 1e-9
    compare(name, arguments, draw_gradients(seed), tolerance=tolerance, finalize=True)


@pytest.mark.parametrize("name", ["SGD", "AdamW", "Lion", "Muon"])
def test_excluded_weights_do_not_decay(name: str) -> None:
    def by_list(optimizer: Any, weights: list[Any]) -> None:
        optimizer.exclude_from_weight_decay(var_list=weights[:1])

    def by_name(optimizer: Any, weights: list[Any]) -> None:
        optimizer.exclude_from_weight_decay(var_names=["_1", "t_2"])

    for prepare in (by_list, by_name):
        compare(name, {"weight_decay": 0.5}, draw_gradients(3), prepare=prepare, tolerance=1e-6)


SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"decay_steps": 2, "decay_rate": 0.5, "staircase": True}),
    ("CosineDecay", {"decay_steps": 4, "warmup_target": 0.5, "warmup_steps": 2}),
    ("PolynomialDecay", {"decay_steps": 4, "power": 2.0}),
]


@pytest.mark.parametrize(("schedule", "arguments"), SCHEDULES)
@pytest.mark.parametrize("extra", [{}, {"gradient_accumulation_steps": 2}])
def test_a_schedule_counts_every_step(
    schedule: str, arguments: dict[str, Any], extra: dict[str, Any]
) -> None:
    from kplug import schedules

    starts = np.ones(3)
    variable = keras.Variable(starts, dtype="float64")
    parameter = torch.nn.Parameter(torch.tensor(starts))
    theirs = getattr(keras.optimizers.schedules, schedule)(0.25, **arguments)
    ours_schedule = getattr(schedules, schedule)(0.25, **arguments)
    peer = keras.optimizers.SGD(learning_rate=theirs, weight_decay=0.5, **extra)
    ours = optimizers.SGD(lr=ours_schedule, weight_decay=0.5, **extra).build([parameter])
    for step in range(6):
        gradient = torch.full((3,), 0.5 + step, dtype=torch.float64)
        peer.apply([gradient.clone()], [variable])
        parameter.grad = gradient
        ours.step()
        # Keras's schedules compute in float32.
        assert_equal([parameter], [variable], 1e-6)


def test_dynamic_loss_scaling() -> None:
    variable = keras.Variable(np.ones(2), dtype="float64")
    parameter = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
    peer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(learning_rate=RATE), initial_scale=8.0, dynamic_growth_steps=2
    )
    ours = optimizers.LossScaleOptimizer(
        optimizers.Adam(lr=RATE), initial_scale=8.0, dynamic_growth_steps=2
    ).build([parameter])
    for value in [1.0, 2.0, float("inf"), -4.0, float("nan"), 8.0, 1.0, 3.0]:
        gradient = torch.tensor([value, 0.5], dtype=torch.float64)
        peer.apply([gradient.clone()], [variable])
        parameter.grad = gradient
        ours.step()
        assert ours.dynamic_scale == float(peer.dynamic_scale)
        assert ours.iterations == int(peer.iterations)
        assert_equal([parameter], [variable], 1e-9)


def test_several_optimizers() -> None:
    variables = [
        keras.Variable(np.ones(2), dtype="float64", name=name) for name in ("encoder", "decoder")
    ]
    parameters = [torch.nn.Parameter(torch.ones(2, dtype=torch.float64)) for _ in range(2)]
    peer = keras.optimizers.MultiOptimizer(
        keras.optimizers.OptimizerMap(
            keras.optimizers.SGD(learning_rate=RATE),
            {"enc.*": keras.optimizers.Adam(learning_rate=RATE)},
        )
    )
    ours = optimizers.MultiOptimizer(
        optimizers.OptimizerMap(optimizers.SGD(lr=RATE), {"enc.*": optimizers.Adam(lr=RATE)})
    ).build(zip(("encoder", "decoder"), parameters, strict=True))
    for step in range(4):
        gradients = [torch.full((2,), step - 1.5, dtype=torch.float64) for _ in range(2)]
        peer.apply([gradient.clone() for gradient in gradients], variables)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        ours.step()
        assert_equal(parameters, variables, 1e-9)
    assert ours.iterations == int(peer.iterations) == 4
