"""Every argument that a loss takes, over its range; weights and masks; saturated probabilities."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from kplug import losses
from tests.losses.cases import CASES, NAMES, Case, make_theirs

Array = NDArray[np.float64]

share = st.floats(0, 1, width=32)
factor = st.floats(0, 4, width=32)
flag = st.booleans()

ARGUMENTS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "Huber": {"delta": st.floats(0.125, 4, width=32)},
    "CosineSimilarity": {"axis": st.sampled_from([1, 2, -1])},
    "BinaryCrossentropy": {
        "from_logits": flag,
        "label_smoothing": share,
        "axis": st.sampled_from([1, 2, -1]),
    },
    "BinaryFocalCrossentropy": {
        "apply_class_balancing": flag,
        "alpha": share,
        "gamma": factor,
        "from_logits": flag,
        "label_smoothing": share,
        "axis": st.sampled_from([1, 2, -1]),
    },
    "CategoricalCrossentropy": {"from_logits": flag, "label_smoothing": share},
    "CategoricalFocalCrossentropy": {
        "alpha": factor | st.lists(factor, min_size=3, max_size=3),
        "gamma": factor,
        "from_logits": flag,
        "label_smoothing": share,
    },
    "SparseCategoricalCrossentropy": {
        "from_logits": flag,
        "ignore_class": st.sampled_from([None, 0, 2]),
        "axis": st.sampled_from([1, 2, -1]),
    },
    "CategoricalGeneralizedCrossEntropy": {"q": st.floats(0.03125, 0.96875, width=32)},
    "Dice": {"axis": st.sampled_from([1, -1, (1, 2)])},
}
# Arguments with another meaning in Keras, or of a loss that takes other data or that Keras lacks.
ELSEWHERE = {
    "CategoricalCrossentropy": {"axis"},
    "CategoricalFocalCrossentropy": {"axis"},
    "Tversky": {"alpha", "beta", "axis"},
    "Circle": {"gamma", "margin", "remove_diagonal"},
    "Crossentropy": {"from_logits"},
    "WeightedSum": {"terms", "weights"},
}


def test_every_argument_of_every_loss_is_drawn() -> None:
    for name in NAMES:
        known = {*ARGUMENTS.get(name, ()), *ELSEWHERE.get(name, ())}
        assert list_own_arguments(getattr(losses, name)) == known, name


def list_own_arguments(owner: type) -> set[str]:
    return set(inspect.signature(owner).parameters) - {"reduction", "name", "dtype"}


@pytest.mark.parametrize("name", ARGUMENTS)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**16), is_weighted=flag)
def test_arguments_mean_what_they_mean_in_keras(
    name: str, data: st.DataObject, seed: int, is_weighted: bool
) -> None:
    arguments = data.draw(st.fixed_dictionaries(ARGUMENTS[name]))
    generator = np.random.default_rng(seed)
    outputs = generator.uniform(0.01, 0.99, (2, 3, 3))
    if arguments.get("from_logits"):
        outputs = np.log(outputs / (1 - outputs))
    if name.startswith(("Sparse", "CategoricalGen")):
        y = torch.tensor(generator.integers(0, 3, (2, 3)))
    else:
        y = torch.tensor(np.eye(3)[generator.integers(0, 3, (2, 3))])
    p = torch.tensor(outputs, dtype=torch.float32)
    # One weight a step: with a mask and one a sample Keras fails, and over both axes there is one a sample.
    weights: torch.Tensor | None = torch.tensor([[2.0, 0.0, 1.0], [0.5, 1.0, 3.0]])
    if not is_weighted or arguments.get("axis") == (1, 2):
        weights = None
    actual = getattr(losses, name)(**arguments)(y, p, weights)
    # Last, as Keras multiplies a mask into the weights that it was given, in place.
    expected = getattr(keras.losses, name)(**arguments)(y, p, sample_weight=weights)
    torch.testing.assert_close(actual, expected, rtol=2e-6, atol=2e-6)


def reduce_by_hand(values: Array, weights: Array, mask: Array, reduction: str) -> Any:
    """Return the reduction of values of shape (N, T), weights of shape (N,) and a mask (N, T)."""
    product = values * weights[:, None] * mask
    if reduction == "sum":
        return product.sum()
    divisor = (weights[:, None] * mask).sum() if "weight" in reduction else mask.sum()
    return product.sum() / divisor if divisor else 0.0


@settings(max_examples=30, deadline=None)
@given(
    steps=st.integers(1, 4),
    weights=st.lists(st.integers(0, 3), min_size=3, max_size=3),
    reduction=st.sampled_from(["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight"]),
    seed=st.integers(0, 2**16),
)
def test_weights_and_masks_equal_the_formula_in_float64(
    steps: int, weights: list[int], reduction: str, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    y, p = generator.normal(size=(2, 3, steps, 2))
    mask = generator.integers(0, 2, (3, steps)).astype(bool)
    values = ((y - p) ** 2).mean(-1)
    expected = reduce_by_hand(values, np.array(weights, float), mask, reduction)
    loss = losses.MeanSquaredError(reduction=reduction)
    actual = loss(torch.tensor(y), torch.tensor(p), weights, torch.tensor(mask))
    assert actual.dtype is torch.float64
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-14)


# Of each loss of probabilities the first case, which has the fewest arguments.
SATURATED = {
    case.owner: case
    for case in reversed(CASES)
    if case.owner == "Poisson" or (case.outputs == "unit" and "from_logits" not in case.arguments)
}


@pytest.mark.parametrize("case", SATURATED.values(), ids=SATURATED)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_saturated_probabilities(case: Case, dtype: torch.dtype) -> None:
    p = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.5, 0.5]], dtype=dtype)
    y = torch.tensor([0, 1, 2]) if case.targets == "ids" else torch.eye(3)
    p.requires_grad_()
    value = case.ours()(y, p)
    (gradient,) = torch.autograd.grad(value, p)
    assert value.isfinite()
    assert gradient.isfinite().all()
    expected = make_theirs(case)(y, p.detach())
    if (
        dtype is not torch.float64
    ):  # which Keras computes in float32, where 1 - epsilon is another number
        torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", SATURATED.values(), ids=SATURATED)
def test_arithmetic_in_bfloat16_is_near(case: Case) -> None:
    generator = np.random.default_rng(0)
    p = generator.dirichlet([2.0] * 3, 4)
    y = torch.tensor([0, 1, 2, 2])
    targets = y if case.targets == "ids" else torch.nn.functional.one_hot(y, 3)
    exact = case.ours()(targets, torch.tensor(p))
    near = case.ours(dtype="bfloat16")(targets, torch.tensor(p))
    assert near.dtype is torch.bfloat16
    torch.testing.assert_close(near.double(), exact, rtol=0.03, atol=0.01)
