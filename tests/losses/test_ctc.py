"""CTC against Keras and against the sum over every path."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from kplug import losses
from kplug.errors import DataError

Array = NDArray[np.float64]


def collapse(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(label for label, _ in itertools.groupby(path) if label)


def formula(labels: tuple[int, ...], logits: Array) -> float:
    """Return −ln of the summed probability of every path that spells the labels."""
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    steps, classes = p.shape
    paths = itertools.product(range(classes), repeat=steps)
    total = sum(
        float(np.prod([p[t, c] for t, c in enumerate(path)]))
        for path in paths
        if collapse(path) == labels
    )
    return float(-np.log(total)) if total else float("inf")


@settings(max_examples=25, deadline=None)
@given(
    labels=st.lists(st.integers(1, 2), min_size=1, max_size=3),
    steps=st.integers(1, 5),
    seed=st.integers(0, 2**16),
)
def test_value_is_the_sum_over_all_paths(labels: list[int], steps: int, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 2, (steps, 3))
    padded = [labels + [0] * (4 - len(labels))]
    (value,) = losses.ctc(padded, logits[None]).tolist()
    assert value == pytest.approx(formula(tuple(labels), logits), rel=1e-12)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "none"])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_class_equals_keras(reduction: str, is_weighted: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 6, 4, generator=generator)
    labels = torch.tensor([[1, 2, 1, 0], [3, 3, 0, 0], [2, 0, 0, 0]])
    weights = torch.tensor([1.0, 0.0, 2.5]) if is_weighted else None
    expected = keras.losses.CTC(reduction=reduction)(labels, logits, sample_weight=weights)
    actual = losses.CTC(reduction=reduction)(labels, logits, weights)
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-6)


def test_gradient_is_that_of_the_value() -> None:
    logits = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    loss = losses.CTC()
    labels = torch.tensor([[1, 2], [2, 0]])
    assert torch.autograd.gradcheck(lambda x: loss(labels, x), (logits,))


def test_labels_that_need_more_steps_have_probability_zero() -> None:
    assert losses.ctc([[1, 1]], torch.zeros(1, 2, 3)).item() == float("inf")


def test_labels_may_be_whole_floats() -> None:
    logits = torch.randn(1, 4, 3)
    assert losses.CTC()([[1.0, 2.0]], logits) == losses.CTC()([[1, 2]], logits)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_types_are_computed_in_float32(dtype: torch.dtype) -> None:
    logits = torch.randn(2, 4, 3).to(dtype)
    labels = torch.tensor([[1, 2], [2, 0]])
    assert losses.CTC()(labels, logits) == losses.CTC()(labels, logits.float())
    assert losses.ctc(labels, logits).dtype is dtype


def test_empty_batch_has_loss_zero() -> None:
    assert losses.CTC()(torch.zeros(0, 2), torch.zeros(0, 4, 3)).item() == 0.0


@pytest.mark.parametrize("wrong", [3, -1])
def test_id_out_of_range(wrong: int) -> None:
    for call in (losses.ctc, losses.CTC()):
        with pytest.raises(DataError) as caught:
            call([[1, wrong]], torch.zeros(1, 4, 3))
        assert str(caught.value) == (
            f"ctc: y_true holds the class id {wrong}; y_pred has 3 classes, so that ids go from 0 to "
            "2\n  Count classes from 0, or enlarge the last layer."
        )


@pytest.mark.parametrize(
    ("labels", "logits"), [((2,), (2, 4, 3)), ((2, 3), (2, 3)), ((1, 3), (2, 4, 3))]
)
def test_shapes_that_do_not_fit(labels: tuple[int, ...], logits: tuple[int, ...]) -> None:
    with pytest.raises(DataError) as caught:
        losses.CTC()(torch.ones(labels), torch.zeros(logits))
    assert str(caught.value) == (
        f"ctc: y_true has shape {labels} and y_pred has shape {logits}; labels of shape (N, L) and "
        "logits of shape (N, T, C) are needed\n"
        "  Pad the label sequences of a batch with 0 to one length."
    )
