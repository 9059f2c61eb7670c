"""Every loss against real Keras, against its formula in float64 NumPy, and against gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kplug import losses

Array = NDArray[np.float64]
EPS = 1e-7


def softmax(x: Array) -> Array:
    shifted = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True))


def smooth(y: Array, alpha: float, classes: int) -> Array:
    return np.asarray(y * (1 - alpha) + alpha / classes)


def normalised(p: Array) -> Array:
    return np.asarray(np.clip(p / p.sum(-1, keepdims=True), EPS, 1 - EPS))


def as_signs(y: Array) -> Array:
    return 2 * y - 1 if np.isin(y, (0.0, 1.0)).all() else y


def length(v: Array) -> Array:
    return np.asarray(np.maximum(np.sqrt((v**2).sum(-1, keepdims=True)), EPS))


def bce(y: Array, p: Array) -> Array:
    p = np.clip(p, EPS, 1 - EPS)
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(-1))


def huber(y: Array, p: Array, delta: float) -> Array:
    e = np.abs(p - y)
    return np.asarray(np.where(e <= delta, e**2 / 2, delta * e - delta**2 / 2).mean(-1))


def pick(y: Array, log_p: Array) -> Array:
    return np.asarray(-np.take_along_axis(log_p, y.astype(int)[..., None], -1)[..., 0])


def focal(y: Array, p: Array, gamma: float, alpha: float | None = None) -> Array:
    share = y * p + (1 - y) * (1 - p)
    clipped = np.clip(p, EPS, 1 - EPS)
    entropy = -(y * np.log(clipped) + (1 - y) * np.log(1 - clipped))
    weight = 1.0 if alpha is None else y * alpha + (1 - y) * (1 - alpha)
    return np.asarray((weight * (1 - share) ** gamma * entropy).mean(-1))


def categorical_focal(y: Array, p: Array, alpha: float, gamma: float) -> Array:
    q = normalised(p)
    return np.asarray(-(alpha * (1 - q) ** gamma * y * np.log(q)).sum(-1))


def tversky(y: Array, p: Array, alpha: float, beta: float) -> Array:
    both, excess, missed = (y * p).sum(-1), ((1 - y) * p).sum(-1), (y * (1 - p)).sum(-1)
    return np.asarray(1 - both / (both + alpha * excess + beta * missed + EPS))


@dataclass(frozen=True)
class Case:
    """A loss, the Keras class that is its oracle, its formula, and the data that it is made for."""

    name: str
    oracle: str
    formula: Callable[[Array, Array], Array]
    targets: str = "real"
    outputs: str = "real"
    arguments: dict[str, Any] = field(default_factory=dict)
    keras_arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.arguments.items())})"

    def ours(self, **more: Any) -> losses.Loss:
        made: losses.Loss = getattr(losses, self.oracle)(**self.arguments, **more)
        return made

    def keras(self, **more: Any) -> Any:
        return getattr(keras.losses, self.oracle)(
            **{**self.arguments, **self.keras_arguments}, **more
        )

    def function(self, y: Any, p: Any) -> torch.Tensor:
        values: torch.Tensor = getattr(losses, self.name)(y, p, **self.arguments)
        return values


CASES = [
    Case("mean_squared_error", "MeanSquaredError", lambda y, p: ((p - y) ** 2).mean(-1)),
    Case("mean_absolute_error", "MeanAbsoluteError", lambda y, p: np.abs(p - y).mean(-1)),
    Case(
        "mean_absolute_percentage_error",
        "MeanAbsolutePercentageError",
        lambda y, p: 100 * (np.abs(y - p) / np.maximum(np.abs(y), EPS)).mean(-1),
    ),
    Case(
        "mean_squared_logarithmic_error",
        "MeanSquaredLogarithmicError",
        lambda y, p: ((np.log1p(np.maximum(p, EPS)) - np.log1p(np.maximum(y, EPS))) ** 2).mean(-1),
        outputs="positive",
        targets="positive",
    ),
    Case("huber", "Huber", lambda y, p: huber(y, p, 1.0)),
    Case("huber", "Huber", lambda y, p: huber(y, p, 0.3), arguments={"delta": 0.3}),
    Case("log_cosh", "LogCosh", lambda y, p: np.log(np.cosh(p - y)).mean(-1)),
    Case(
        "cosine_similarity",
        "CosineSimilarity",
        lambda y, p: -(y / length(y) * p / length(p)).sum(-1),
    ),
    Case("hinge", "Hinge", lambda y, p: np.maximum(1 - as_signs(y) * p, 0).mean(-1), "binary"),
    Case("hinge", "Hinge", lambda y, p: np.maximum(1 - as_signs(y) * p, 0).mean(-1), "sign"),
    Case(
        "squared_hinge",
        "SquaredHinge",
        lambda y, p: (np.maximum(1 - as_signs(y) * p, 0) ** 2).mean(-1),
        "binary",
    ),
    Case(
        "categorical_hinge",
        "CategoricalHinge",
        lambda y, p: np.maximum(((1 - y) * p).max(-1) - (y * p).sum(-1) + 1, 0),
        "one_hot",
    ),
    Case("binary_crossentropy", "BinaryCrossentropy", bce, "binary", "unit"),
    Case(
        "binary_crossentropy",
        "BinaryCrossentropy",
        lambda y, p: bce(smooth(y, 0.2, 2), p),
        "binary",
        "unit",
        {"label_smoothing": 0.2},
    ),
    Case(
        "binary_crossentropy",
        "BinaryCrossentropy",
        lambda y, x: (np.logaddexp(0, x) - x * y).mean(-1),
        "binary",
        "real",
        {"from_logits": True},
    ),
    Case(
        "categorical_crossentropy",
        "CategoricalCrossentropy",
        lambda y, p: -(y * np.log(normalised(p))).sum(-1),
        "one_hot",
        "unit",
    ),
    Case(
        "categorical_crossentropy",
        "CategoricalCrossentropy",
        lambda y, x: -(smooth(y, 0.1, y.shape[-1]) * np.log(softmax(x))).sum(-1),
        "one_hot",
        "real",
        {"from_logits": True, "label_smoothing": 0.1},
    ),
    Case(
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy",
        lambda y, p: pick(y, np.log(normalised(p))),
        "ids",
        "unit",
    ),
    Case(
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy",
        lambda y, x: pick(y, np.log(softmax(x))),
        "ids",
        "real",
        {"from_logits": True},
    ),
    Case(
        "kl_divergence",
        "KLDivergence",
        lambda y, p: (np.clip(y, EPS, 1) * np.log(np.clip(y, EPS, 1) / np.clip(p, EPS, 1))).sum(-1),
        "unit",
        "unit",
    ),
    Case(
        "poisson",
        "Poisson",
        lambda y, p: (p - y * np.log(p + EPS)).mean(-1),
        "count",
        "positive",
    ),
    Case(
        "binary_focal_crossentropy",
        "BinaryFocalCrossentropy",
        lambda y, p: focal(y, p, 2.0),
        "binary",
        "unit",
    ),
    Case(
        "binary_focal_crossentropy",
        "BinaryFocalCrossentropy",
        lambda y, p: focal(y, p, 0.5, 0.3),
        "binary",
        "unit",
        {"apply_class_balancing": True, "alpha": 0.3, "gamma": 0.5},
    ),
    Case(
        "binary_focal_crossentropy",
        "BinaryFocalCrossentropy",
        lambda y, x: focal(smooth(y, 0.1, 2), 1 / (1 + np.exp(-x)), 1.5),
        "binary",
        "real",
        {"from_logits": True, "label_smoothing": 0.1, "gamma": 1.5},
    ),
    Case(
        "categorical_focal_crossentropy",
        "CategoricalFocalCrossentropy",
        lambda y, p: categorical_focal(y, p, 0.25, 2.0),
        "one_hot",
        "unit",
    ),
    Case(
        "categorical_focal_crossentropy",
        "CategoricalFocalCrossentropy",
        lambda y, x: categorical_focal(smooth(y, 0.1, y.shape[-1]), softmax(x), 0.5, 0.7),
        "one_hot",
        "real",
        {"from_logits": True, "label_smoothing": 0.1, "alpha": 0.5, "gamma": 0.7},
    ),
    Case(
        "categorical_generalized_cross_entropy",
        "CategoricalGeneralizedCrossEntropy",
        lambda y, p: (1 - np.exp(-0.3 * pick(y, np.log(p)))) / 0.3,
        "ids",
        "unit",
        {"q": 0.3},
    ),
    Case(
        "dice",
        "Dice",
        lambda y, p: 1 - 2 * (y * p).sum(-1) / (y.sum(-1) + p.sum(-1) + EPS),
        "binary",
        "unit",
        {"axis": -1},
    ),
    Case(
        "tversky",
        "Tversky",
        lambda y, p: tversky(y, p, 0.3, 0.6),
        "binary",
        "unit",
        {"alpha": 0.3, "beta": 0.6, "axis": -1},
        {"alpha": 0.6, "beta": 0.3},  # Keras 3.15.1 exchanges the two against its documentation
    ),
]
parametrize_cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)

REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "none", "mean_with_sample_weight"]


def draw(sort: str, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Return random values of a sort; "ids" has the shape without its last axis."""
    if sort == "ids":
        return generator.integers(0, shape[-1], shape[:-1]).astype(np.float64)
    if sort == "one_hot":
        return np.eye(shape[-1])[generator.integers(0, shape[-1], shape[:-1])]
    made: dict[str, Callable[[], Any]] = {
        "real": lambda: generator.normal(0, 2, shape),
        "positive": lambda: generator.uniform(0.01, 4, shape),
        "unit": lambda: generator.uniform(0.001, 0.999, shape),
        "binary": lambda: generator.integers(0, 2, shape),
        "sign": lambda: generator.choice([-1.0, 1.0], shape),
        "count": lambda: generator.poisson(2.0, shape),
    }
    return np.asarray(made[sort](), dtype=np.float64)


def make_data(case: Case, shape: tuple[int, ...], seed: int) -> tuple[Array, Array]:
    generator = np.random.default_rng(seed)
    return draw(case.targets, shape, generator), draw(case.outputs, shape, generator)


shapes = st.one_of(
    st.tuples(st.integers(1, 5), st.integers(2, 4)),
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(2, 4)),
)
seeds = st.integers(0, 2**16)


@parametrize_cases
@settings(max_examples=15, deadline=None)
@given(shape=shapes, seed=seeds)
def test_function_equals_the_formula(case: Case, shape: tuple[int, ...], seed: int) -> None:
    y, p = make_data(case, shape, seed)
    np.testing.assert_allclose(case.function(y, p), case.formula(y, p), rtol=1e-12, atol=1e-14)


@parametrize_cases
@settings(max_examples=25, deadline=None)
@given(
    shape=shapes,
    seed=seeds,
    reduction=st.sampled_from(REDUCTIONS),
    weighting=st.sampled_from(["none", "scalar", "sample"]),
)
def test_class_equals_keras(
    case: Case, shape: tuple[int, ...], seed: int, reduction: str, weighting: str
) -> None:
    y, p = (torch.tensor(part, dtype=torch.float32) for part in make_data(case, shape, seed))
    if reduction == "mean_with_sample_weight" and weighting == "scalar":
        weighting = "none"  # Keras divides by the one number, not by its sum over the samples
    weights = {"none": None, "scalar": 2.3, "sample": _weights(shape, seed)}[weighting]
    expected = case.keras(reduction=reduction)(y, p, sample_weight=weights)
    actual = case.ours(reduction=reduction)(y, p, sample_weight=weights)
    if reduction == "none":
        expected = expected.reshape(shape[:-1])  # Keras drops an axis of 1 with a scalar weight
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=2e-6)


def _weights(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    # Zero weights too: they count in the denominator.
    values = np.random.default_rng(seed + 1).integers(0, 4, shape[:-1])
    values += values.sum() == 0
    return torch.tensor(values, dtype=torch.float32)


@parametrize_cases
@settings(max_examples=15, deadline=None)
@given(shape=shapes, seed=seeds)
def test_shortcut_for_the_mean_equals_the_mean_of_the_values(
    case: Case, shape: tuple[int, ...], seed: int
) -> None:
    y, p = (torch.tensor(part) for part in make_data(case, shape, seed))
    loss = case.ours()
    torch.testing.assert_close(loss(y, p), loss.values(y, p).mean(), rtol=1e-12, atol=1e-14)


@parametrize_cases
def test_gradient_is_that_of_the_value(case: Case) -> None:
    y, p = make_data(case, (3, 4), seed=5)
    loss = case.ours()
    outputs = torch.tensor(p, requires_grad=True)
    targets = torch.tensor(y)
    assert torch.autograd.gradcheck(lambda x: loss(targets, x), (outputs,))
    assert torch.autograd.gradcheck(lambda x: loss(targets, x, [1.0, 0.0, 2.0]), (outputs,))


@parametrize_cases
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_type_of_the_predictions_is_kept(case: Case, dtype: torch.dtype) -> None:
    y, p = make_data(case, (3, 4), seed=1)
    assert case.ours()(torch.tensor(y), torch.tensor(p, dtype=dtype)).dtype is dtype


@parametrize_cases
def test_half_types_are_computed_in_float32(case: Case) -> None:
    y, p = make_data(case, (3, 4), seed=1)
    outputs = torch.tensor(p, dtype=torch.bfloat16)
    loss = case.ours()(torch.tensor(y), outputs)
    torch.testing.assert_close(loss, case.ours()(torch.tensor(y), outputs.float()))


@parametrize_cases
def test_empty_batch_has_loss_zero(case: Case) -> None:
    y, p = make_data(case, (0, 4), seed=0)
    assert case.ours()(torch.tensor(y), torch.tensor(p)).item() == 0.0


@parametrize_cases
def test_nothing_waits_for_the_device(case: Case) -> None:
    # A meta tensor has no values: whatever reads one raises.
    y, p = (torch.tensor(part, device="meta") for part in make_data(case, (3, 4), seed=0))
    assert case.ours()(y, p).shape == ()
    assert case.ours()(y, p, torch.empty(3, device="meta")).shape == ()


@parametrize_cases
def test_loss_compiles_to_one_graph(case: Case) -> None:
    y, p = (torch.tensor(part) for part in make_data(case, (3, 4), seed=3))
    loss = case.ours()
    torch._dynamo.reset()
    compiled = torch.compile(loss.__call__, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(y, p), loss(y, p))


@parametrize_cases
def test_inputs_are_not_written_to(case: Case) -> None:
    y, p = (torch.tensor(part) for part in make_data(case, (3, 4), seed=2))
    copies = y.clone(), p.clone()
    case.ours()(y, p, [1.0, 2.0, 3.0])
    assert torch.equal(y, copies[0])
    assert torch.equal(p, copies[1])


# --- golden numbers, measured with Keras 3 ------------------------------------------------------


def test_saturated_binary_crossentropy_in_float32() -> None:
    values = losses.binary_crossentropy(
        torch.tensor([[1.0], [1.0], [0.0]]), torch.tensor([[0.0], [1.0], [1.0]])
    )
    np.testing.assert_allclose(values, [16.1181, 1.1920929e-07, 15.942385], rtol=1e-6)


def test_saturated_categorical_crossentropy_in_float32() -> None:
    values = losses.categorical_crossentropy([[1.0, 0.0]], [[0.0, 1.0]])
    np.testing.assert_allclose(values, [16.1181], rtol=1e-6)


def test_binary_crossentropy_of_nan_is_nan_and_no_error() -> None:
    loss = losses.BinaryCrossentropy()(torch.ones(2, 1), torch.tensor([[float("nan")], [0.5]]))
    assert loss.isnan()


def test_binary_crossentropy_of_saturated_half_values_is_finite() -> None:
    values = losses.binary_crossentropy(
        torch.tensor([[1.0], [0.0]], dtype=torch.bfloat16),
        torch.tensor([[1.0], [1.0]], dtype=torch.bfloat16),
    )
    assert values.dtype is torch.bfloat16
    assert values.isfinite().all()


def test_log_cosh_of_a_large_error_is_linear() -> None:
    values = losses.log_cosh([[0.0], [0.0]], [[1000.0], [-1000.0]])
    np.testing.assert_allclose(values, [1000 - np.log(2)] * 2, rtol=1e-6)


def test_log_cosh_keeps_the_digits_of_float64() -> None:
    errors = np.array([[-30.0], [-10.5], [-5.0], [10.5]])
    expected = np.log(np.cosh(errors[:, 0]))
    np.testing.assert_allclose(losses.log_cosh(0 * errors, errors), expected, rtol=1e-14)


def test_hinge_converts_zeros_only_if_every_label_is_zero_or_one() -> None:
    assert losses.hinge([[0.0, 1.0]], [[0.5, 0.5]]).item() == pytest.approx((1.5 + 0.5) / 2)
    assert losses.hinge([[0.0, -1.0]], [[0.5, 0.5]]).item() == pytest.approx((1.0 + 1.5) / 2)


def test_cosine_of_a_zero_vector_is_zero_with_a_finite_gradient() -> None:
    outputs = torch.zeros(1, 3, requires_grad=True)
    loss = losses.CosineSimilarity()(torch.ones(1, 3), outputs)
    (gradient,) = torch.autograd.grad(loss, outputs)
    assert loss.item() == 0.0
    assert gradient.isfinite().all()


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_ignored_class_is_left_out_as_in_keras(from_logits: bool, reduction: str) -> None:
    ids = torch.tensor([[0, -1, 2], [-1, -1, 1]])
    outputs = torch.tensor(np.random.default_rng(0).uniform(0.1, 1, (2, 3, 3)), dtype=torch.float32)
    arguments: dict[str, Any] = {
        "ignore_class": -1,
        "from_logits": from_logits,
        "reduction": reduction,
    }
    expected = keras.losses.SparseCategoricalCrossentropy(**arguments)(ids, outputs)
    actual = losses.SparseCategoricalCrossentropy(**arguments)(ids, outputs)
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("axis", [1, -1])
def test_classes_may_lie_on_another_axis(axis: int) -> None:
    generator = torch.Generator().manual_seed(0)
    outputs = torch.rand(2, 3, 4, generator=generator, dtype=torch.float64)
    ids = torch.randint(0, outputs.shape[axis], (2, 4 if axis == 1 else 3), generator=generator)
    last = outputs.movedim(axis, -1)
    one_hot = torch.nn.functional.one_hot(ids, last.shape[-1]).double()
    for from_logits in (False, True):
        expected = losses.categorical_crossentropy(one_hot, last, from_logits)
        sparse = losses.sparse_categorical_crossentropy(ids, outputs, from_logits, axis=axis)
        moved = one_hot.movedim(-1, axis)
        dense = losses.categorical_crossentropy(moved, outputs, from_logits, axis=axis)
        torch.testing.assert_close(sparse, expected)
        torch.testing.assert_close(dense, expected)


@pytest.mark.parametrize(
    ("shape", "targets", "same_as"),
    [
        ((4, 1), "binary", "binary_crossentropy"),
        ((4, 3), "ids", "sparse_categorical_crossentropy"),
        ((4, 3), "one_hot", "categorical_crossentropy"),
    ],
)
def test_crossentropy_is_chosen_from_the_shapes(
    shape: tuple[int, ...], targets: str, same_as: str
) -> None:
    generator = np.random.default_rng(0)
    y, p = (torch.tensor(draw(sort, shape, generator)) for sort in (targets, "unit"))
    expected = getattr(losses, same_as)(y, p).mean()
    torch.testing.assert_close(losses.Crossentropy()(y, p), expected)
