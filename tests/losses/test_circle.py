"""Circle loss against Keras, against its formula, and where an embedding has no partner."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from kplug import losses
from kplug.errors import ArgumentValueError, DataError

Array = NDArray[np.float64]


def formula(labels: Array, z: Array, gamma: float, margin: float, keeps_self: bool) -> Array:
    """Return the loss of each embedding, pair by pair."""
    values = []
    for i, label in enumerate(labels):
        near, far = [], []
        for j, other in enumerate(labels):
            d = max(1 - float(z[i] @ z[j]), 0.0)
            if other != label:
                far.append(gamma * max(1 + margin - d, 0) * (1 - margin - d))
            elif i != j or keeps_self:
                near.append(gamma * (margin + d) * (d - margin))
        total = np.logaddexp.reduce(near or [-np.inf]) + np.logaddexp.reduce(far or [-np.inf])
        values.append(np.logaddexp(0, total))
    return np.asarray(values)


def draw(count: int, classes: int, seed: int) -> tuple[Array, Array]:
    generator = np.random.default_rng(seed)
    z = generator.normal(size=(count, 4))
    labels = generator.integers(0, classes, count)
    return labels.astype(np.float64), z / np.linalg.norm(z, axis=1, keepdims=True)


examples = {
    "count": st.integers(1, 7),
    "classes": st.integers(1, 4),
    "gamma": st.sampled_from([1.0, 16.0, 80.0]),
    "margin": st.sampled_from([0.1, 0.25, 0.4]),
    "keeps_self": st.booleans(),
    "seed": st.integers(0, 2**16),
}


@settings(max_examples=30, deadline=None)
@given(**examples)
def test_values_equal_the_formula(
    count: int, classes: int, gamma: float, margin: float, keeps_self: bool, seed: int
) -> None:
    labels, z = draw(count, classes, seed)
    expected = formula(labels, z, gamma, margin, keeps_self)
    values = losses.circle(labels, z, remove_diagonal=not keeps_self, gamma=gamma, margin=margin)
    np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    **examples,
    reduction=st.sampled_from(["sum_over_batch_size", "sum", "none", "mean_with_sample_weight"]),
    is_weighted=st.booleans(),
)
def test_class_equals_keras(
    count: int,
    classes: int,
    gamma: float,
    margin: float,
    keeps_self: bool,
    seed: int,
    reduction: str,
    is_weighted: bool,
) -> None:
    labels, z = draw(count, classes, seed)
    y, p = torch.tensor(labels), torch.tensor(z, dtype=torch.float32)
    weights = torch.arange(1.0, count + 1) if is_weighted else None
    arguments: dict[str, Any] = {
        "gamma": gamma,
        "margin": margin,
        "remove_diagonal": not keeps_self,
        "reduction": reduction,
    }
    if (
        reduction == "mean_with_sample_weight"
        and not (formula(labels, z, gamma, margin, keeps_self) > 0).any()
    ):
        return  # Keras divides 0 by 0 here, and says 0 too
    # Keras multiplies the mask into the weights that it was given, in place.
    copy = None if weights is None else weights.clone()
    expected = keras.losses.Circle(**arguments)(y, p, sample_weight=copy)
    actual = losses.Circle(**arguments)(y, p, weights)
    torch.testing.assert_close(actual, expected, rtol=2e-6, atol=2e-6)


def test_references_of_one_s_own() -> None:
    labels, z = draw(4, 2, 0)
    other_labels, others = draw(6, 3, 1)
    expected = keras.losses.circle(
        labels, z, ref_labels=other_labels, ref_embeddings=others, remove_diagonal=False, gamma=10.0
    )
    values = losses.circle(labels, z, other_labels, others, remove_diagonal=False, gamma=10.0)
    torch.testing.assert_close(values.float(), expected)


def test_gradient_is_that_of_the_value() -> None:
    labels, z = draw(6, 3, 3)
    outputs = torch.tensor(z, requires_grad=True)
    loss = losses.Circle(gamma=5.0)
    assert torch.autograd.gradcheck(lambda x: loss(labels, x), (outputs,))


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [0, 0, 1]])
def test_embeddings_without_a_partner_have_loss_and_gradient_zero(labels: list[int]) -> None:
    outputs = torch.eye(3).requires_grad_()
    values = losses.circle(labels, outputs)
    (gradient,) = torch.autograd.grad(values.sum(), outputs)
    assert gradient.isfinite().all()
    assert values[-1].item() == 0.0


def test_embeddings_without_a_partner_are_left_out_of_the_mean() -> None:
    labels, outputs = [0, 0, 1], torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    values = losses.circle(labels, outputs)
    assert losses.Circle()(labels, outputs).item() == pytest.approx(values.sum().item() / 2)


def test_nothing_waits_for_the_device() -> None:
    labels, outputs = torch.empty(3, device="meta"), torch.empty(3, 4, device="meta")
    assert losses.Circle()(labels, outputs, torch.empty(3, device="meta")).shape == ()


def test_empty_batch_has_loss_zero() -> None:
    assert losses.Circle()(torch.zeros(0), torch.zeros(0, 4)).item() == 0.0


def test_half_types_are_computed_in_float32() -> None:
    labels, z = draw(5, 2, 0)
    outputs = torch.tensor(z, dtype=torch.bfloat16)
    assert losses.Circle()(labels, outputs) == losses.Circle()(labels, outputs.float())


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"gamma": -1.0}, "argument 'gamma' is -1.0; allowed: a finite number >= 0"),
        ({"margin": float("nan")}, "argument 'margin' is nan; allowed: a finite number"),
        ({"remove_diagonal": 3}, "argument 'remove_diagonal' is 3; allowed: True or False"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        losses.Circle(**arguments)
    assert str(caught.value) == f"circle: {text}"


def test_nan_is_seen_where_no_embedding_has_a_partner() -> None:
    outputs = torch.full((3, 2), float("nan"))
    for reduction in ("none", "sum_over_batch_size"):
        value = losses.Circle(reduction=reduction)([0, 1, 2], outputs)
        expected = keras.losses.Circle(reduction=reduction)(torch.tensor([0, 1, 2]), outputs)
        torch.testing.assert_close(value, expected, equal_nan=True)
        assert value.isnan().all()


@pytest.mark.parametrize(("labels", "outputs"), [((3, 2), (3, 4)), ((2,), (3, 4)), ((3,), (3,))])
def test_shapes_that_do_not_fit(labels: tuple[int, ...], outputs: tuple[int, ...]) -> None:
    with pytest.raises(DataError) as caught:
        losses.Circle()(torch.zeros(labels), torch.zeros(outputs))
    assert str(caught.value) == (
        f"circle: y_true has shape {labels} and the embeddings have shape {outputs}; class ids of "
        "shape (N,) and embeddings of shape (N, D) are needed\n"
        "  Give one class id for each embedding."
    )


def test_references_without_their_labels() -> None:
    with pytest.raises(DataError) as caught:
        losses.circle([0], torch.zeros(1, 2), ref_embeddings=torch.zeros(1, 2))
    assert str(caught.value) == (
        "circle: references need both ref_labels and ref_embeddings\n"
        "  Give both, or neither to compare the batch with itself."
    )
