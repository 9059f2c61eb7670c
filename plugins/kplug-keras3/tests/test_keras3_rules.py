"""Every rule against Keras, a NumPy implementation, and recorded values."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

import keras
import kplug_keras3
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from kplug import optimizers
from kplug.errors import ArgumentError, ArgumentValueError

# Keras's conversion to NumPy: torch's __array__ does not know NumPy 2's copy argument.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Array = NDArray[np.float64]

RATE = 2.0**-6  # Keras holds the rate in float32; this one is exact there
SHAPES = [(3, 2), (2,), ()]

CASES: list[tuple[str, dict[str, Any]]] = [
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.75}),
    ("RMSprop", {"centered": True, "epsilon": 1e-3}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "rho": 0.5, "epsilon": 1e-2}),
    ("RMSprop", {"weight_decay": 0.25, "clipvalue": 0.5}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "epsilon": 0.25}),
    ("Adagrad", {"gradient_accumulation_steps": 2}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.5, "epsilon": 1e-3}),
    ("Adamax", {}),
    ("Adamax", {"beta_1": 0.5, "epsilon": 1e-2}),
    ("Nadam", {}),
    ("Nadam", {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 1e-3}),
]
CLASSES = [getattr(kplug_keras3, name) for name in kplug_keras3.__all__]


@pytest.mark.parametrize(("name", "arguments"), CASES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**16), scale=st.sampled_from([1e-3, 1.0, 30.0]))
def test_six_steps_of_keras(name: str, arguments: dict[str, Any], seed: int, scale: float) -> None:
    generator = np.random.default_rng(seed)
    starts = [np.asarray(generator.normal(size=shape)) for shape in SHAPES]
    variables = [keras.Variable(start, dtype="float64") for start in starts]
    parameters = [torch.nn.Parameter(torch.tensor(start)) for start in starts]
    arguments = {"learning_rate": RATE, **arguments}
    peer = getattr(keras.optimizers, name)(**arguments)
    ours = getattr(kplug_keras3, name)(**arguments).build(parameters)
    for _ in range(6):
        gradients = [torch.tensor(scale * generator.normal(size=shape)) for shape in SHAPES]
        peer.apply([gradient.clone() for gradient in gradients], variables)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        ours.step()
        for parameter, variable in zip(parameters, variables, strict=True):
            expected = keras.ops.convert_to_numpy(variable)
            found = parameter.detach().numpy()
            np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", kplug_keras3.__all__)
def test_the_defaults_are_keras_own(name: str) -> None:
    ours = getattr(kplug_keras3, name)().get_config()
    theirs = getattr(keras.optimizers, name)().get_config()
    assert ours.pop("lr") == pytest.approx(theirs["learning_rate"], rel=1e-6)
    shared = {key: value for key, value in ours.items() if key in theirs}
    assert shared == {key: theirs[key] for key in shared}
    assert set(ours) - set(theirs) <= {"decay", "schedule_decay"}


GOLDEN = [
    ("RMSprop", (0.996185401979, -1.997491083068)),
    ("Adagrad", (0.998988179222, -1.999234135584)),
    ("Adadelta", (0.999998183779, -1.999998988426)),
    ("Adamax", (0.998054428116, -1.998398383273)),
    ("Nadam", (0.998573469956, -1.999008371277)),
]


@pytest.mark.parametrize(("name", "expected"), GOLDEN)
def test_three_steps_give_the_measured_numbers(name: str, expected: tuple[float, float]) -> None:
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    optimizer = getattr(kplug_keras3, name)().build([weight])
    for gradient in ([0.5, -1.0], [0.1, 0.2], [0.0, 3e-4]):
        weight.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
    assert weight.tolist() == pytest.approx(expected, rel=0.0, abs=1e-11)


def rmsprop(
    weight: Array,
    gradients: list[Array],
    lr: float,
    rho: float,
    momentum: float,
    epsilon: float,
    centered: bool,
) -> Array:
    square, mean, velocity = (np.zeros_like(weight) for _ in range(3))
    for gradient in gradients:
        square = rho * square + (1 - rho) * gradient**2
        mean = rho * mean + (1 - rho) * gradient
        variance = square - mean**2 if centered else square
        velocity = momentum * velocity + lr * gradient / np.sqrt(variance + epsilon)
        weight = weight - velocity
    return weight


@settings(max_examples=30, deadline=None)
@given(
    lr=st.floats(1e-4, 0.5),
    rho=st.floats(0.0, 1.0),
    momentum=st.just(0.0) | st.floats(0.1, 0.99),
    # a − ḡ² cancels after one step with ρ = 0; a smaller ε would magnify the rounding of both sides.
    epsilon=st.floats(1e-4, 1e-2),
    centered=st.booleans(),
    shape=st.sampled_from([(3,), (2, 3), (300, 250)]),
)
def test_rmsprop_follows_the_formula(shape: tuple[int, ...], **arguments: Any) -> None:
    generator = np.random.default_rng(2)
    start = generator.normal(size=shape)
    gradients = [generator.normal(size=shape) for _ in range(4)]
    weight = torch.nn.Parameter(torch.tensor(start))
    optimizer = kplug_keras3.RMSprop(**arguments).build([weight])
    for gradient in gradients:
        weight.grad = torch.tensor(gradient)
        optimizer.step()
    expected = rmsprop(start, gradients, **arguments)
    np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_the_config_survives_json(optimizer_class: type[optimizers.Optimizer]) -> None:
    config = optimizer_class(lr=0.25, weight_decay=0.5).get_config()
    again = optimizer_class.from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_a_saved_state_continues_to_the_bit(optimizer_class: type[optimizers.Optimizer]) -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = optimizer_class(lr=0.25).build([weight])
    weight.grad = torch.tensor([1.0, -2.0, 0.5])
    optimizer.step()
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    other_weight = torch.nn.Parameter(weight.detach().clone())
    other = optimizer_class(lr=0.25).build([other_weight])
    other.load_state_dict(torch.load(file, weights_only=True))
    copied = copy.deepcopy(optimizer)
    (copied_weight,) = copied.param_groups[0]["params"]
    other_weight.grad = copied_weight.grad = weight.grad
    for each in (optimizer, other, copied):
        each.step()
    assert torch.equal(weight, other_weight)
    assert torch.equal(weight, copied_weight)
    assert copied.get_config() == optimizer.get_config()


@pytest.mark.parametrize("optimizer_class", CLASSES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_dtype_is_kept(optimizer_class: type[optimizers.Optimizer], dtype: torch.dtype) -> None:
    weight = torch.nn.Parameter(torch.ones(3, dtype=dtype))
    weight.grad = torch.ones_like(weight)
    optimizer = optimizer_class(lr=8.0).build([weight])
    optimizer.step()
    assert all(value.dtype is dtype for value in optimizer.state[weight].values() if value.ndim)
    assert weight.dtype is dtype
    assert (weight < 1).all()


@pytest.mark.parametrize("optimizer_class", CLASSES)
def test_it_finds_the_minimum_of_a_parabola(optimizer_class: type[optimizers.Optimizer]) -> None:
    weight = torch.nn.Parameter(torch.tensor([3.0, -2.0]))
    rates = {"Adadelta": 10.0, "Adagrad": 1.0}
    optimizer = optimizer_class(lr=rates.get(optimizer_class.__name__, 0.05)).build([weight])
    for _ in range(600):
        weight.grad = 2.0 * (weight.detach() - 1.0)
        optimizer.step()
    assert weight.tolist() == pytest.approx([1.0, 1.0], abs=0.05)


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("RMSprop", {"rho": 1.5}, "a number in [0, 1]"),
    ("RMSprop", {"momentum": -1.0}, "a finite number >= 0"),
    ("RMSprop", {"centered": "no"}, "True or False"),
    ("RMSprop", {"epsilon": -1.0}, "a finite number >= 0, or None for K.epsilon()"),
    ("Adagrad", {"initial_accumulator_value": -0.1}, "a finite number >= 0"),
    ("Adagrad", {"epsilon": -0.1}, "a finite number >= 0, or None for K.epsilon()"),
    ("Nadam", {"beta_1": 1.0}, "a number in [0, 1)"),
    ("Adamax", {"beta_2": -0.5}, "a number in [0, 1)"),
    ("Adadelta", {"rho": 2.0}, "a number in [0, 1]"),
]


@pytest.mark.parametrize(("name", "arguments", "allowed"), BAD)
def test_bad_values_are_refused(name: str, arguments: dict[str, Any], allowed: str) -> None:
    ((argument, value),) = arguments.items()
    with pytest.raises(ArgumentValueError) as caught:
        getattr(kplug_keras3, name)(**arguments)
    assert str(caught.value) == (
        f"{name.lower()}: argument {argument!r} is {value!r}; allowed: {allowed}"
    )


def test_keras_two_arguments_are_unknown_here() -> None:
    with pytest.raises(ArgumentError, match="has no argument 'schedule_decay'"):
        kplug_keras3.Nadam(schedule_decay=0.004)  # type: ignore[call-arg]
