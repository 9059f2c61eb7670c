"""Numbers that a loss is not defined for: refused with the first batch, before anything changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug import losses
from kplug.errors import DataError
from kplug.layers import Dense, Input

SIGMOID = "End the model with a sigmoid, or say from_logits=True if these are logits."
SOFTMAX = "End the model with a softmax, or say from_logits=True if these are logits."
ONE_ANSWER = (
    "Give one target in [0, 1] for each output; for several exclusive classes use "
    "categorical_crossentropy, or sparse_categorical_crossentropy with class ids."
)
ROW = [[0.5, -3.0]]
UNIT = "allowed: numbers in [0, 1]"


@pytest.mark.parametrize(
    ("spec", "y_true", "y_pred", "text"),
    [
        ("binary_crossentropy", [[1, 0]], ROW, f"y_pred holds -3; {UNIT}\n  {SIGMOID}"),
        ("binary_crossentropy", [[1, 0]], [[0.5, 1.25]], f"y_pred holds 1.25; {UNIT}\n  {SIGMOID}"),
        ("binary_crossentropy", [[2, 0]], [[0.5, 0.5]], f"y_true holds 2; {UNIT}\n  {ONE_ANSWER}"),
        ("binary_focal_crossentropy", [[1, 0]], ROW, f"y_pred holds -3; {UNIT}\n  {SIGMOID}"),
        (
            "categorical_crossentropy",
            [[1, 0]],
            ROW,
            f"y_pred holds -3; allowed: numbers >= 0\n  {SOFTMAX}",
        ),
        (
            "categorical_focal_crossentropy",
            [[1, 0]],
            ROW,
            f"y_pred holds -3; allowed: numbers >= 0\n  {SOFTMAX}",
        ),
        (
            "sparse_categorical_crossentropy",
            [1],
            ROW,
            f"y_pred holds -3; allowed: numbers >= 0\n  {SOFTMAX}",
        ),
        (
            "sparse_categorical_crossentropy",
            [0.5],
            [[0.5, 0.5]],
            "y_true holds 0.5; allowed: class ids, which are whole numbers\n"
            "  For probabilities as targets use a loss that takes one-hot targets.",
        ),
        (
            "sparse_categorical_crossentropy",
            [float("-inf")],
            [[0.5, 0.5]],
            "y_true holds -inf; allowed: class ids, which are whole numbers\n"
            "  For probabilities as targets use a loss that takes one-hot targets.",
        ),
        (
            "categorical_generalized_cross_entropy",
            [0],
            [[1.5, 0.5]],
            f"y_pred holds 1.5; {UNIT}\n  End the model with a softmax.",
        ),
        (
            "categorical_generalized_cross_entropy",
            [2],
            [[0.5, 0.5]],
            "y_true holds the class id 2; y_pred has 2 classes, so that ids go from 0 to 1\n"
            "  Count classes from 0, or enlarge the last layer.",
        ),
        (
            "kl_divergence",
            [[1, 0]],
            ROW,
            f"y_pred holds -3; {UNIT}\n  End the model with a softmax.",
        ),
        ("kl_divergence", [[-1, 0]], [[0.5, 0.5]], f"y_true holds -1; {UNIT}"),
        (
            "poisson",
            [[1, 0]],
            ROW,
            "y_pred holds -3; allowed: numbers >= 0\n  End the model with an activation that is never "
            "negative, such as softplus or exp.",
        ),
    ],
)
def test_numbers_outside_the_range(spec: str, y_true: Any, y_pred: Any, text: str) -> None:
    loss = losses.get(spec)
    assert loss is not None
    for _ in range(2):  # a refused batch does not count as a check that was passed
        with pytest.raises(DataError) as caught:
            loss(torch.tensor(y_true), torch.tensor(y_pred))
        assert str(caught.value) == f"{spec}: {text}"


@pytest.mark.parametrize(
    "name",
    [
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "sparse_categorical_crossentropy",
    ],
)
def test_logits_may_be_any_number(name: str) -> None:
    loss = losses.get(f"{name}(from_logits=True)")
    assert loss is not None
    y = torch.tensor([1]) if "sparse" in name else torch.tensor([[0.0, 1.0]])
    assert loss(y, torch.tensor(ROW)).isfinite()


@pytest.mark.parametrize("value", [1.000001, -0.000001, float("nan")])
def test_rounding_errors_and_nan_pass(value: float) -> None:
    found = losses.BinaryCrossentropy()([[1.0]], [[value]]).item()
    expected = -np.log(np.clip(value, 1e-7, 1 - 1e-7))
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-6, nan_ok=True)


def test_a_shape_error_comes_before_the_numbers() -> None:
    with pytest.raises(DataError, match="must have the same shape"):
        losses.BinaryCrossentropy()(torch.tensor([[5], [1]]), torch.tensor([ROW[0], ROW[0]]))


def test_an_ignored_class_need_not_exist() -> None:
    loss = losses.SparseCategoricalCrossentropy(ignore_class=255)
    assert loss([0, 255], [[0.5, 0.5], [0.5, 0.5]]).item() == pytest.approx(np.log(2))
    with pytest.raises(DataError, match="the class id 254"):
        losses.SparseCategoricalCrossentropy(ignore_class=255)([0, 254], [[0.5, 0.5]] * 2)


def test_numbers_are_read_with_the_first_batch_only(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    loss = losses.BinaryCrossentropy()
    monkeypatch.setattr(
        losses.BinaryCrossentropy, "check_values", lambda self, y, p: seen.append(len(p))
    )
    loss(torch.zeros(0, 1), torch.zeros(0, 1))  # says nothing yet
    for size in (3, 2):
        loss(torch.ones(size, 1), torch.full((size, 1), 0.5))
    assert seen == [3]


def test_a_loss_inside_vmap_is_not_checked() -> None:
    loss = losses.BinaryCrossentropy()
    y, p = torch.ones(3, 2), torch.full((3, 2), 0.5)
    values = torch.func.vmap(lambda a, b: loss(a, b))(y, p)
    np.testing.assert_allclose(values, [np.log(2)] * 3, rtol=1e-6)


def test_training_refuses_before_the_first_update() -> None:
    model = kplug.Sequential([Input((2,)), Dense(1)])
    model.compile(loss="binary_crossentropy", optimizer="sgd(lr=1.0)")
    before = model.get_weights()
    x = np.array([[5.0, 5.0], [-5.0, -5.0]], dtype=np.float32)
    with pytest.raises(
        DataError,
        match=r"^loss: binary_crossentropy: y_pred holds .*; allowed: numbers in \[0, 1\]",
    ):
        model.fit(x, np.array([[1.0], [0.0]]), verbose=0)
    for was, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


@pytest.mark.parametrize(
    "name", ["mean_squared_error", "binary_crossentropy", "dice", "circle", "ctc"]
)
def test_targets_that_are_no_real_numbers(name: str) -> None:
    loss = losses.get(name)
    assert loss is not None
    outputs = torch.full((2, 4, 3) if name == "ctc" else (2, 3), 0.5)
    with pytest.raises(DataError, match=rf"^{name}: y_true holds <U1 values"):
        loss([["a", "b"], ["c", "d"]], outputs)
    with pytest.raises(DataError) as caught:
        loss(torch.zeros(2, 3, dtype=torch.complex64), outputs)
    assert str(caught.value) == (
        f"{name}: y_true holds complex numbers (complex64)\n"
        "  Give real and imaginary parts as two outputs: torch.view_as_real."
    )


@pytest.mark.parametrize(
    "name",
    [
        "binary_crossentropy",
        "categorical_crossentropy",
        "cosine_similarity",
        "binary_focal_crossentropy",
    ],
)
@pytest.mark.parametrize("axis", [2, -3])
def test_axis_that_is_not_there(name: str, axis: int) -> None:
    loss = losses.get({"name": name, "args": {"axis": axis}})
    assert loss is not None
    with pytest.raises(
        ValueError, match=rf"^{name}: argument 'axis' is {axis}; allowed: an axis of"
    ):
        loss(torch.full((2, 2), 0.5), torch.full((2, 2), 0.5))
