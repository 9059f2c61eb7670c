"""Each rule against its rewrite in NumPy, over generated gradients and hyperparameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from kplug import optimizers
from tests.optimizers.formulas import follow

Array = NDArray[np.float64]

RATE = st.floats(1e-4, 1.0)
BETA = st.floats(0.0, 0.999)
EPSILON = st.floats(1e-8, 1e-2)
DECAY = st.sampled_from([0.0, 1e-6, 0.1, 2.0])

RULES: dict[str, tuple[type[optimizers.Optimizer], dict[str, st.SearchStrategy[Any]]]] = {
    "sgd": (
        optimizers.SGD,
        {"lr": RATE, "momentum": st.just(0.0) | BETA, "decay": DECAY, "nesterov": st.booleans()},
    ),
    "rmsprop": (
        optimizers.RMSprop,
        {
            "lr": RATE,
            "rho": BETA,
            # a − ḡ² cancels after one step with ρ = 0; a smaller ε would magnify the rounding of both sides.
            "epsilon": st.floats(1e-4, 1e-2),
            "decay": DECAY,
            "momentum": st.just(0.0) | st.floats(0.1, 0.99),
            "centered": st.booleans(),
        },
    ),
    "adagrad": (optimizers.Adagrad, {"lr": RATE, "epsilon": EPSILON, "decay": DECAY}),
    "adadelta": (
        optimizers.Adadelta,
        {"lr": RATE, "rho": BETA, "epsilon": EPSILON, "decay": DECAY},
    ),
    "adam": (
        optimizers.Adam,
        {
            "lr": RATE,
            "beta_1": BETA,
            "beta_2": BETA,
            "epsilon": EPSILON,
            "decay": DECAY,
            "amsgrad": st.booleans(),
        },
    ),
    "nadam": (
        optimizers.Nadam,
        {
            "lr": RATE,
            "beta_1": BETA,
            "beta_2": BETA,
            "epsilon": EPSILON,
            "schedule_decay": st.sampled_from([0.0, 0.004, 1.0]),
        },
    ),
}
GRADIENT = st.lists(
    st.floats(-3.0, 3.0).filter(lambda value: value == 0.0 or abs(value) > 1e-3),
    min_size=3,
    max_size=3,
)


def train(
    optimizer: optimizers.Optimizer, gradients: list[Array], dtype: torch.dtype
) -> tuple[list[Array], Array]:
    start = np.array([1.0, -2.0, 0.5])
    weight = torch.nn.Parameter(torch.tensor(start, dtype=dtype))
    optimizer.build([weight])
    path = []
    for gradient in gradients:
        weight.grad = torch.tensor(gradient, dtype=dtype)
        optimizer.step()
        path.append(weight.detach().double().numpy().copy())
    return path, start


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_float64_follows_the_formula(name: str, data: st.DataObject) -> None:
    optimizer_class, strategies = RULES[name]
    arguments = {key: data.draw(strategy, key) for key, strategy in strategies.items()}
    gradients = [np.array(g) for g in data.draw(st.lists(GRADIENT, min_size=1, max_size=8))]
    path, start = train(optimizer_class(**arguments), gradients, torch.float64)
    np.testing.assert_allclose(
        path, follow(name, start, gradients, **arguments), rtol=1e-10, atol=1e-10
    )


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_float32_follows_the_formula(name: str, seed: int) -> None:
    optimizer_class, _ = RULES[name]
    gradients = list(
        np.random.default_rng(seed).normal(size=(8, 3)).astype(np.float32).astype(float)
    )
    optimizer = optimizer_class(lr=0.01)
    arguments = optimizer.get_config()
    path, start = train(optimizer, gradients, torch.float32)
    np.testing.assert_allclose(
        path, follow(name, start, gradients, **arguments), rtol=1e-5, atol=1e-6
    )


@settings(max_examples=40, deadline=None)
@given(
    rates=st.lists(st.sampled_from([0.0, 1e-3, 0.01, 0.5, 2.0]), min_size=2, max_size=8),
    momentum=st.sampled_from([0.5, 0.9]),
    nesterov=st.booleans(),
)
def test_a_changing_rate_leaves_the_velocity_alone(
    rates: list[float], momentum: float, nesterov: bool
) -> None:
    gradients = [np.array([0.5, -1.0]) * (index + 1) for index in range(len(rates))]
    velocity, expected = np.zeros(2), np.array([1.0, -2.0])
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    optimizer = optimizers.SGD(momentum=momentum, nesterov=nesterov).build([weight])
    for rate, gradient in zip(rates, gradients, strict=True):
        velocity = momentum * velocity - rate * gradient
        expected = expected + (momentum * velocity - rate * gradient if nesterov else velocity)
        optimizer.lr = rate
        weight.grad = torch.tensor(gradient)
        optimizer.step()
    np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=1e-11, atol=1e-12)


def test_bias_correction_counts_the_steps_of_the_optimizer() -> None:
    first, second = (torch.nn.Parameter(torch.ones(1, dtype=torch.float64)) for _ in range(2))
    optimizer = optimizers.Adam(lr=0.1, epsilon=1e-2).build([first, second])
    mean = square = 0.0
    expected = 1.0
    for step, gradient in enumerate([None, 0.5, None, -2.0, 1.0], start=1):
        first.grad = torch.ones(1, dtype=torch.float64)
        second.grad = None if gradient is None else torch.full((1,), gradient, dtype=torch.float64)
        optimizer.step()
        if gradient is not None:
            mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
            rate = 0.1 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            expected -= rate * mean / (np.sqrt(square) + 1e-2)
    assert second.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", RULES)
def test_parameters_without_gradient_stay(name: str) -> None:
    trained, frozen = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    optimizer = RULES[name][0]().build([trained, frozen])
    trained.grad = torch.ones(2)
    optimizer.step()
    assert frozen.tolist() == [1.0, 1.0]
    assert trained.tolist() != [1.0, 1.0]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_dtype_and_memory_order_are_kept(name: str, dtype: torch.dtype) -> None:
    kernel = torch.nn.Parameter(torch.ones(4, 3, dtype=dtype).T)
    optimizer = RULES[name][0]().build([kernel])
    kernel.grad = torch.ones_like(kernel)
    optimizer.step()
    state = optimizer.state[kernel]
    mirrors = [value for value in state.values() if value.ndim]
    assert kernel.dtype is dtype
    assert all(value.dtype is dtype and value.stride() == kernel.stride() for value in mirrors)


@pytest.mark.parametrize("name", RULES)
def test_converges_on_a_parabola(name: str) -> None:
    weight = torch.nn.Parameter(torch.tensor([3.0, -2.0]))
    rates = {"adadelta": 10.0, "adagrad": 1.0}
    optimizer = RULES[name][0](lr=rates.get(name, 0.1)).build([weight])
    target = torch.tensor([1.0, 1.0])
    for _ in range(600):
        optimizer.zero_grad()
        ((weight - target) ** 2).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert weight.tolist() == pytest.approx([1.0, 1.0], abs=0.05)
