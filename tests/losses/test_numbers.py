"""Every loss against real Keras, against its formula in float64 NumPy, and against gradients."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import losses
from tests.losses.cases import CASES, NAMES, draw, make_data, make_theirs

parametrize_cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)

REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "none", "mean_with_sample_weight"]


# Which of the others is right depends on the shapes; two take no pair of equal shapes; a sum has terms.
ELSEWHERE = {"Crossentropy", "Circle", "CTC", "WeightedSum"}


def test_every_loss_has_a_case() -> None:
    assert {case.owner for case in CASES} | ELSEWHERE == set(NAMES)


shapes = st.one_of(
    st.tuples(st.integers(1, 5), st.integers(2, 4)),
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(2, 4)),
)
seeds = st.integers(0, 2**16)


@parametrize_cases
@settings(max_examples=15, deadline=None)
@given(shape=shapes, seed=seeds)
def test_function_equals_the_formula(case: Any, shape: tuple[int, ...], seed: int) -> None:
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
    case: Any, shape: tuple[int, ...], seed: int, reduction: str, weighting: str
) -> None:
    y, p = (torch.tensor(part, dtype=torch.float32) for part in make_data(case, shape, seed))
    if reduction == "mean_with_sample_weight" and weighting == "scalar":
        weighting = "none"  # Keras divides by the one number, not by its sum over the samples
    weights = {"none": None, "scalar": 2.3, "sample": _weights(shape, seed)}[weighting]
    expected = make_theirs(case, reduction=reduction)(y, p, sample_weight=weights)
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
    case: Any, shape: tuple[int, ...], seed: int
) -> None:
    y, p = (torch.tensor(part) for part in make_data(case, shape, seed))
    loss = case.ours()
    torch.testing.assert_close(loss(y, p), loss.values(y, p).mean(), rtol=1e-12, atol=1e-14)


@parametrize_cases
def test_gradient_is_that_of_the_value(case: Any) -> None:
    y, p = make_data(case, (3, 4), seed=5)
    loss = case.ours()
    outputs = torch.tensor(p, requires_grad=True)
    targets = torch.tensor(y)
    assert torch.autograd.gradcheck(lambda x: loss(targets, x), (outputs,))
    assert torch.autograd.gradcheck(lambda x: loss(targets, x, [1.0, 0.0, 2.0]), (outputs,))


@parametrize_cases
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_type_of_the_predictions_is_kept(case: Any, dtype: torch.dtype) -> None:
    y, p = make_data(case, (3, 4), seed=1)
    assert case.ours()(torch.tensor(y), torch.tensor(p, dtype=dtype)).dtype is dtype


@parametrize_cases
def test_half_types_are_computed_in_float32(case: Any) -> None:
    y, p = make_data(case, (3, 4), seed=1)
    outputs = torch.tensor(p, dtype=torch.bfloat16)
    loss = case.ours()(torch.tensor(y), outputs)
    torch.testing.assert_close(loss, case.ours()(torch.tensor(y), outputs.float()))


@parametrize_cases
def test_empty_batch_has_loss_zero(case: Any) -> None:
    y, p = make_data(case, (0, 4), seed=0)
    assert case.ours()(torch.tensor(y), torch.tensor(p)).item() == 0.0


@parametrize_cases
def test_empty_batch_has_no_values(case: Any) -> None:
    y, p = (torch.tensor(part) for part in make_data(case, (0, 4), seed=0))
    assert case.ours(reduction=None)(y, p).shape == (0,)
    if case.name != "categorical_hinge":  # Keras takes no empty maximum
        assert make_theirs(case, reduction=None)(y, p).shape == (0,)


@parametrize_cases
@pytest.mark.parametrize("weight", [2.5, [2.5]])
@pytest.mark.filterwarnings("ignore:.*sample_weight cannot act on single samples")
def test_one_axis_is_one_sample_as_in_keras(case: Any, weight: Any) -> None:
    y, p = (torch.tensor(part, dtype=torch.float32) for part in make_data(case, (4,), seed=3))
    for weights in (None, torch.tensor(weight)):
        expected = make_theirs(case)(y, p, weights)
        torch.testing.assert_close(case.ours()(y, p, weights), expected, rtol=1e-5, atol=1e-6)


@parametrize_cases
def test_nothing_waits_for_the_device(case: Any) -> None:
    # A meta tensor has no values: whatever reads one raises.
    y, p = (torch.tensor(part, device="meta") for part in make_data(case, (3, 4), seed=0))
    assert case.ours()(y, p).shape == ()
    assert case.ours()(y, p, torch.empty(3, device="meta")).shape == ()


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.label, marks=pytest.mark.slow if place % 5 else [])
        for place, case in enumerate(CASES)
    ],
)
def test_loss_compiles_to_one_graph(case: Any) -> None:
    y, p = (torch.tensor(part) for part in make_data(case, (3, 4), seed=3))
    loss = case.ours()
    torch._dynamo.reset()
    compiled: Any = torch.compile(loss.__call__, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(y, p), loss(y, p))


@parametrize_cases
def test_inputs_are_not_written_to(case: Any) -> None:
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


@parametrize_cases
@pytest.mark.parametrize("place", [(slice(None), slice(None)), (1, slice(None)), (1, 0), (1, 2)])
def test_nan_among_the_predictions_of_a_sample_is_nan(case: Any, place: Any) -> None:
    y, p = (torch.tensor(part, dtype=torch.float32) for part in make_data(case, (3, 4), seed=1))
    p[place] = float("nan")
    values = case.ours(reduction="none")(y, p)
    assert torch.equal(values.isnan(), p.isnan().any(-1))
    assert case.ours()(y, p).isnan()
    try:
        expected = make_theirs(case, reduction=None)(y, p)
    except RuntimeError:  # torch's binary cross-entropy, which Keras calls, takes no NaN
        return
    torch.testing.assert_close(values, expected, equal_nan=True, rtol=1e-6, atol=2e-6)


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
