"""The rules that came with Keras 3, and Adamax, against their rewrites in NumPy."""

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

RATE = st.floats(1e-4, 0.5)
BETA = st.floats(0.0, 0.999)
INNER = st.floats(0.1, 0.99)
EPSILON = st.floats(1e-8, 1e-2)
SMALL = st.floats(0.0, 0.5)

ADAM = {"lr": RATE, "beta_1": BETA, "beta_2": BETA, "epsilon": EPSILON}
RULES: dict[str, tuple[type[optimizers.Optimizer], dict[str, st.SearchStrategy[Any]]]] = {
    "adamax": (optimizers.Adamax, ADAM),
    "adamw": (optimizers.AdamW, {**ADAM, "weight_decay": SMALL}),
    # Powers of two: near zero the rounding decides the sign.
    "lion": (
        optimizers.Lion,
        {"lr": RATE, "beta_1": st.sampled_from([0.5, 0.75]), "beta_2": st.sampled_from([0, 0.5])},
    ),
    "lamb": (optimizers.Lamb, ADAM),
    "ftrl": (
        optimizers.Ftrl,
        {
            "lr": st.floats(0.01, 0.5),
            "learning_rate_power": st.sampled_from([-0.5, -0.25, -1.0]),
            "initial_accumulator_value": st.floats(0.01, 1.0),
            "l1_regularization_strength": SMALL,
            "l2_regularization_strength": SMALL,
            "l2_shrinkage_regularization_strength": SMALL,
            "beta": SMALL,
        },
    ),
    "adafactor": (
        optimizers.Adafactor,
        {
            "lr": RATE,
            "beta_2_decay": st.floats(-1.0, -0.1),
            "epsilon_1": st.floats(1e-10, 1e-3),
            "epsilon_2": SMALL,
            "clip_threshold": st.floats(0.1, 2.0),
        },
    ),
    "muon": (
        optimizers.Muon,
        {
            "lr": RATE,
            "momentum": BETA,
            "nesterov": st.booleans(),
            "ns_steps": st.integers(0, 5),
            "weight_decay": SMALL,
            "adam_weight_decay": SMALL,
        },
    ),
    "schedule_free": (
        optimizers.ScheduleFreeAdamW,
        {
            "lr": RATE,
            "beta_1": INNER,
            "beta_2": BETA,
            "epsilon": EPSILON,
            "warmup_steps": st.integers(0, 5),
        },
    ),
}
SHAPES: list[tuple[int, ...]] = [(3,), (2, 3), (3, 2), (2, 3, 2), ()]


def train(
    optimizer: optimizers.Optimizer, start: Array, gradients: list[Array], dtype: torch.dtype
) -> list[Array]:
    weight = torch.nn.Parameter(torch.tensor(start, dtype=dtype))
    optimizer.build([weight])
    path = []
    for gradient in gradients:
        weight.grad = torch.tensor(gradient, dtype=dtype)
        optimizer.step()
        path.append(weight.detach().double().numpy().copy())
    return path


def draw(seed: int, shape: tuple[int, ...], steps: int) -> tuple[Array, list[Array]]:
    generator = np.random.default_rng(seed)
    start = np.asarray(generator.normal(size=shape))
    return start, [np.asarray(generator.normal(size=shape)) for _ in range(steps)]


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_float64_follows_the_formula(name: str, data: st.DataObject) -> None:
    optimizer_class, strategies = RULES[name]
    arguments = {key: data.draw(strategy, key) for key, strategy in strategies.items()}
    shape = data.draw(st.sampled_from(SHAPES), "shape")
    start, gradients = draw(data.draw(st.integers(0, 2**16), "seed"), shape, 6)
    path = train(optimizer_class(**arguments), start, gradients, torch.float64)
    np.testing.assert_allclose(
        path, follow(name, start, gradients, **arguments), rtol=1e-10, atol=1e-10
    )


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.bfloat16, 0.06)])
def test_other_precisions_follow_too(name: str, dtype: torch.dtype, tolerance: float) -> None:
    optimizer_class, strategies = RULES[name]
    start, gradients = draw(5, (2, 3), 4)
    rounded = [torch.tensor(g, dtype=dtype).double().numpy() for g in (start, *gradients)]
    optimizer = optimizer_class(lr=0.01)
    config = optimizer.get_config()
    path = train(optimizer, rounded[0], rounded[1:], dtype)
    expected = follow(name, rounded[0], rounded[1:], **{key: config[key] for key in strategies})
    np.testing.assert_allclose(path, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", RULES)
def test_large_tensors_follow_the_formula_in_blocks(name: str) -> None:
    optimizer_class, strategies = RULES[name]
    start, gradients = draw(6, (300, 400), 2)
    optimizer = optimizer_class(lr=0.01)
    config = optimizer.get_config()
    path = train(optimizer, start, gradients, torch.float64)
    expected = follow(name, start, gradients, **{key: config[key] for key in strategies})
    np.testing.assert_allclose(path, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_dtype_is_kept_and_gradients_are_not_written_to(name: str, dtype: torch.dtype) -> None:
    kernel = torch.nn.Parameter(torch.ones(4, 3, dtype=dtype).T)
    frozen = torch.nn.Parameter(torch.ones(2, dtype=dtype))
    optimizer = RULES[name][0]().build([kernel, frozen])
    kernel.grad = torch.ones_like(kernel)
    optimizer.step()
    assert all(value.dtype is dtype for value in optimizer.state[kernel].values() if value.ndim)
    assert kernel.dtype is dtype
    assert kernel.grad.tolist() == torch.ones(3, 4).tolist()
    assert frozen.tolist() == [1.0, 1.0]


def test_ftrl_rests_at_rate_zero() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = optimizers.Ftrl(lr=0.0).build([weight])
    weight.grad = torch.ones(2)
    optimizer.step()
    assert weight.tolist() == [1.0, 1.0]


def test_muon_goes_by_names() -> None:
    matrices = {
        name: torch.nn.Parameter(torch.ones(2, 2)) for name in ("a", "embedding_1", "output")
    }
    optimizer = optimizers.Muon(exclude_layers=["out"]).build(matrices.items())
    for matrix in matrices.values():
        matrix.grad = torch.eye(2)
    optimizer.step()
    kept = {name: set(optimizer.state[matrix]) for name, matrix in matrices.items()}
    adam = {"momentum", "velocity"}
    assert kept == {"a": {"momentum"}, "embedding_1": adam, "output": adam}


CONVERGING: list[tuple[type[optimizers.Optimizer], float]] = [
    (optimizers.SGD, 5e-4),
    (optimizers.RMSprop, 5e-3),
    (optimizers.Adagrad, 0.5),
    (optimizers.Adadelta, 10.0),
    (optimizers.Adam, 0.02),
    (optimizers.Nadam, 0.02),
    (optimizers.Adamax, 0.05),
    (optimizers.AdamW, 0.02),
    (optimizers.Lion, 2e-3),
    (optimizers.Lamb, 0.02),
    (optimizers.Ftrl, 0.5),
    (optimizers.Adafactor, 0.1),
    (optimizers.Muon, 0.02),
    (optimizers.ScheduleFreeAdamW, 0.05),
]


@pytest.mark.sampled
@pytest.mark.parametrize(("optimizer_class", "rate"), CONVERGING)
def test_it_walks_down_the_valley_of_rosenbrock(
    optimizer_class: type[optimizers.Optimizer], rate: float
) -> None:
    point = torch.nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64))
    none = {"weight_decay": 0.0} if optimizer_class is optimizers.AdamW else {}
    none = {"adam_weight_decay": 0.0} if optimizer_class is optimizers.Muon else none
    optimizer = optimizer_class(lr=rate, **none).build([point])
    values = []
    for _ in range(2000):
        x, y = point.tolist()
        values.append((1 - x) ** 2 + 100 * (y - x * x) ** 2)
        slope = 200 * (y - x * x)
        point.grad = torch.tensor([-2 * (1 - x) - 2 * x * slope, slope], dtype=torch.float64)
        optimizer.step()
    assert values[0] == pytest.approx(24.2)
    assert max(values[-10:]) < 1.0


@pytest.mark.sampled
@pytest.mark.parametrize(("optimizer_class", "rate"), CONVERGING)
def test_it_finds_the_minimum_of_a_parabola(
    optimizer_class: type[optimizers.Optimizer], rate: float
) -> None:
    point = torch.nn.Parameter(torch.tensor([[3.0, -2.0]], dtype=torch.float64))
    none = {"weight_decay": 0.0} if optimizer_class in (optimizers.AdamW, optimizers.Muon) else {}
    # Ftrl's weights are a function of the rate: a falling one would pull them to 0.
    schedule = rate if optimizer_class is optimizers.Ftrl else f"cosine_decay({10 * rate}, 1500)"
    optimizer = optimizer_class(lr=schedule, **none).build([point])
    for _ in range(1500):
        point.grad = 2.0 * (point.detach() - 1.0)
        optimizer.step()
    assert point.flatten().tolist() == pytest.approx([1.0, 1.0], abs=0.05)


@pytest.mark.parametrize("optimizer_class", [each for each, _ in CONVERGING])
@pytest.mark.parametrize("arguments", [{}, {"gradient_accumulation_steps": 2, "clipnorm": 1.0}])
def test_sparse_gradients_give_the_dense_result(
    optimizer_class: type[optimizers.Optimizer], arguments: dict[str, Any]
) -> None:
    table = torch.nn.Parameter(torch.linspace(-1, 1, 12).reshape(4, 3))
    twin = torch.nn.Parameter(table.detach().clone())
    pairs = [(optimizer_class(lr=0.1, **arguments).build([p]), p) for p in (table, twin)]
    for step in range(4):
        dense = torch.zeros(4, 3)
        dense[step] = step + 1.0
        table.grad, twin.grad = dense.to_sparse(1), dense
        for optimizer, _ in pairs:
            optimizer.step()
    assert torch.equal(table, twin)


@pytest.mark.parametrize("optimizer_class", [each for each, _ in CONVERGING])
def test_one_group_may_hold_several_types(optimizer_class: type[optimizers.Optimizer]) -> None:
    values = torch.tensor([[1.0, -2.0], [0.5, 3.0]])
    types = (torch.float32, torch.float64)
    together = [torch.nn.Parameter(values.to(dtype, copy=True)) for dtype in types]
    alone = [torch.nn.Parameter(parameter.detach().clone()) for parameter in together]
    both = optimizer_class(lr=0.1).build(together)
    single = [optimizer_class(lr=0.1).build([parameter]) for parameter in alone]
    for parameter in (*together, *alone):
        parameter.grad = torch.ones_like(parameter)
    for optimizer in (both, *single):
        optimizer.step()
    for found, expected in zip(together, alone, strict=True):
        torch.testing.assert_close(found, expected)
        assert not torch.equal(found, values.to(found.dtype))
