"""Focal cross-entropies: a weight for each class, saturated answers, arguments out of range."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug import losses
from kplug.errors import ArgumentValueError, DataError


@pytest.mark.parametrize("alpha", [[0.2, 1.0, 3.0], (0.2, 1.0, 3.0), np.array([0.2, 1.0, 3.0])])
def test_each_class_may_have_its_weight(alpha: Any) -> None:
    y = torch.eye(3)
    p = torch.tensor([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.25, 0.25, 0.5]])
    expected = keras.losses.CategoricalFocalCrossentropy(alpha=[0.2, 1.0, 3.0])(y, p)
    loss = losses.CategoricalFocalCrossentropy(alpha=alpha)
    torch.testing.assert_close(loss(y, p), expected)
    assert loss.get_config()["alpha"] == [0.2, 1.0, 3.0]


def test_weights_of_classes_lie_along_the_axis() -> None:
    generator = torch.Generator().manual_seed(0)
    p = torch.rand(2, 3, 4, generator=generator, dtype=torch.float64)
    y = torch.rand(2, 3, 4, generator=generator, dtype=torch.float64)
    last = losses.categorical_focal_crossentropy(y.mT, p.mT, alpha=[0.2, 1.0, 3.0])
    middle = losses.categorical_focal_crossentropy(y, p, alpha=[0.2, 1.0, 3.0], axis=1)
    torch.testing.assert_close(middle, last)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_saturated_answers_have_finite_values_and_gradients(gamma: float) -> None:
    y = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    p = torch.tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    for loss in (
        losses.BinaryFocalCrossentropy(gamma=gamma),
        losses.CategoricalFocalCrossentropy(gamma=gamma),
    ):
        value = loss(y, p)
        (gradient,) = torch.autograd.grad(value, p)
        assert value.isfinite()
        assert gradient.isfinite().all()


def test_exponent_zero_is_plain_cross_entropy() -> None:
    y, p = torch.tensor([[1.0, 0.0, 1.0]]), torch.tensor([[0.9, 0.3, 1.0]])
    torch.testing.assert_close(
        losses.binary_focal_crossentropy(y, p, gamma=0.0), losses.binary_crossentropy(y, p)
    )
    torch.testing.assert_close(
        losses.categorical_focal_crossentropy(y, p, alpha=1.0, gamma=0.0),
        losses.categorical_crossentropy(y, p),
    )


def test_ranks_are_aligned() -> None:
    y, p = torch.tensor([1.0, 0.0]), torch.tensor([[0.9], [0.3]])
    expected = keras.losses.BinaryFocalCrossentropy()(y, p)
    torch.testing.assert_close(losses.BinaryFocalCrossentropy()(y, p), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_values_near_one_are_finite(dtype: torch.dtype) -> None:
    y, p = torch.tensor([[1.0, 0.0]], dtype=dtype), torch.tensor([[1.0, 1.0]], dtype=dtype)
    values = losses.binary_focal_crossentropy(y, p)
    assert values.dtype is dtype
    assert values.isfinite().all()


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("binary", {"gamma": -1}, "argument 'gamma' is -1; allowed: a finite number >= 0"),
        ("binary", {"alpha": 1.5}, "argument 'alpha' is 1.5; allowed: a number in [0, 1]"),
        ("binary", {"axis": "last"}, "argument 'axis' is 'last'; allowed: an integer"),
        (
            "binary",
            {"apply_class_balancing": "no"},
            "argument 'apply_class_balancing' is 'no'; allowed: True or False",
        ),
        (
            "categorical",
            {"alpha": [0.5, -1.0]},
            "argument 'alpha' is -1.0; allowed: a finite number >= 0, or a list with one for each "
            "class",
        ),
        (
            "categorical",
            {"alpha": "big"},
            "argument 'alpha' is 'big'; allowed: a finite number >= 0, or a list with one for each "
            "class",
        ),
        (
            "categorical",
            {"from_logits": "yes"},
            "argument 'from_logits' is 'yes'; allowed: True or False",
        ),
        (
            "categorical",
            {"label_smoothing": 2},
            "argument 'label_smoothing' is 2; allowed: a number in [0, 1]",
        ),
    ],
)
def test_arguments_out_of_range(name: str, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        losses.get({"name": f"{name}_focal_crossentropy", "args": arguments})
    assert str(caught.value) == f"{name}_focal_crossentropy: {text}"


def test_weights_of_other_classes_are_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        losses.categorical_focal_crossentropy(torch.eye(3), torch.eye(3), alpha=[1.0, 2.0])
    assert str(caught.value) == (
        "categorical_focal_crossentropy: argument 'alpha' is [1.0, 2.0]; allowed: one number, or 3: "
        "one for each class"
    )


def test_class_ids_for_the_one_hot_loss() -> None:
    with pytest.raises(DataError) as caught:
        losses.CategoricalFocalCrossentropy()(torch.tensor([0, 1]), torch.rand(2, 3))
    assert str(caught.value) == (
        "categorical_focal_crossentropy: y_true has shape (2,) and y_pred has shape (2, 3); the two "
        "must have the same shape\n"
        "  These look like class ids: use sparse_categorical_crossentropy, or "
        "kplug.utils.to_categorical(y_true, num_classes=3)."
    )
