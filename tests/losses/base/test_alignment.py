"""(N,) beside (N, 1), in every form that a loss can have; and shapes that cannot be compared."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from kplug import losses
from kplug.errors import DataError, GraphError
from kplug.layers import Input
from kplug.losses.base.alignment import align_ranks, as_tensor
from tests.losses.cases import CASES

TARGETS = torch.tensor([1.0, 0.0, 1.0, 0.0])
OUTPUTS = torch.tensor([[0.9], [0.2], [0.4], [0.3]])
RIGHT = float(((TARGETS.unsqueeze(-1) - OUTPUTS) ** 2).mean())


class Subclass(losses.Loss):
    def call(self, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        return (y_true - y_pred).square().mean(-1)


def function(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    return (y_true - y_pred).square().mean(-1)


def scalar_function(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    return (y_true - y_pred).square().mean()


def unreduced_function(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
    return (y_true - y_pred).square()


def scaled(y_true: torch.Tensor, y_pred: torch.Tensor, scale: float) -> torch.Tensor:
    return scale * (y_true - y_pred).square()


class CallableObject:
    def __call__(self, y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        return (y_true - y_pred).square()


FORMS: dict[str, Any] = {
    "built-in": losses.MeanSquaredError(),
    "built-in class": losses.MeanSquaredError,
    "built-in function": losses.mean_squared_error,
    "subclass": Subclass(),
    "function": function,
    "function of the batch": scalar_function,
    "unreduced function": unreduced_function,
    "partial": functools.partial(scaled, scale=1.0),
    "callable object": CallableObject(),
    "lambda": lambda y_true, y_pred: (y_true - y_pred) ** 2,
    "torch module": torch.nn.MSELoss(),
    "torch class": torch.nn.MSELoss,
    "torch function": torch.nn.functional.mse_loss,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("is_flipped", [False, True])
def test_ranks_are_aligned_in_every_form(form: Any, is_flipped: bool) -> None:
    y, p = (TARGETS.unsqueeze(-1), OUTPUTS.squeeze(-1)) if is_flipped else (TARGETS, OUTPUTS)
    assert losses.as_loss(form)(y, p).item() == pytest.approx(RIGHT)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_integer_targets_are_cast(form: Any) -> None:
    assert losses.as_loss(form)(TARGETS.long(), OUTPUTS).item() == pytest.approx(RIGHT)


def test_plain_function_aligns_too() -> None:
    values = losses.mean_squared_error(TARGETS, OUTPUTS)
    torch.testing.assert_close(values, (TARGETS - OUTPUTS.squeeze(-1)).square())


@pytest.mark.parametrize(
    ("targets", "outputs", "keeps", "expected"),
    [
        ((4,), (4, 1), False, ((4, 1), (4, 1))),
        ((4, 1), (4,), False, ((4, 1), (4, 1))),
        ((4, 3), (4, 3, 1), False, ((4, 3), (4, 3))),
        ((4, 3), (4, 3, 1), True, ((4, 3, 1), (4, 3, 1))),
        ((4, 3, 1), (4, 3), False, ((4, 3), (4, 3))),
        ((4, 3, 1), (4, 3), True, ((4, 3, 1), (4, 3, 1))),
        ((4,), (4, 3), False, ((4,), (4, 3))),
        ((4, 1), (4, 3), False, ((4, 1), (4, 3))),
        ((4,), (4,), False, ((4,), (4,))),
    ],
)
def test_only_a_last_axis_of_one_is_added_or_dropped(
    targets: tuple[int, ...],
    outputs: tuple[int, ...],
    keeps: bool,
    expected: tuple[tuple[int, ...], tuple[int, ...]],
) -> None:
    pair = align_ranks(torch.zeros(targets), torch.zeros(outputs), keeps)
    assert tuple(tuple(part.shape) for part in pair) == expected


def test_predictions_of_one_axis_are_weighted_one_by_one() -> None:
    loss = losses.MeanSquaredError()(TARGETS, OUTPUTS.squeeze(-1), [1.0, 0.0, 0.0, 0.0])
    assert loss.item() == pytest.approx(0.01 / 4)


def test_weights_a_step_act_on_steps_of_one_value() -> None:
    y, p = torch.zeros(2, 3), torch.arange(6.0).reshape(2, 3, 1)
    weights = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert losses.MeanSquaredError()(y, p, weights).item() == pytest.approx(25 / 6)


# These say which loss takes such targets, and the overlaps broadcast.
WITH_ADVICE = ("binary", "categorical", "sparse", "dice", "tversky")
ELEMENTWISE: dict[str, Callable[..., torch.Tensor]] = {
    case.name: getattr(losses, case.name) for case in CASES if not case.name.startswith(WITH_ADVICE)
}


@pytest.mark.parametrize("function", ELEMENTWISE.values(), ids=ELEMENTWISE)
@pytest.mark.parametrize("targets", [(4, 2), (4, 1), (3, 3), (4,)])
def test_shapes_that_differ_are_refused(
    function: Callable[..., torch.Tensor], targets: tuple[int, ...]
) -> None:
    with pytest.raises(DataError) as caught:
        losses.as_loss(function)(torch.ones(targets), torch.ones(4, 3))
    assert str(caught.value) == (
        f"{function.__name__}: y_true has shape {targets} and y_pred has shape (4, 3); the two "
        "must have the same shape\n"
        "  Give one target for each output, or change the last layer's size."
    )


@pytest.mark.parametrize("targets", [(4,), (4, 1)])
def test_class_ids_for_the_one_hot_loss(targets: tuple[int, ...]) -> None:
    with pytest.raises(DataError) as caught:
        losses.CategoricalCrossentropy()(torch.zeros(targets, dtype=torch.int64), torch.rand(4, 3))
    assert str(caught.value) == (
        f"categorical_crossentropy: y_true has shape {targets} and y_pred has shape (4, 3); the two "
        "must have the same shape\n"
        "  These look like class ids: use sparse_categorical_crossentropy, or "
        "kplug.utils.to_categorical(y_true, num_classes=3)."
    )


def test_one_column_for_the_one_hot_loss() -> None:
    with pytest.raises(DataError) as caught:
        losses.CategoricalCrossentropy()(torch.ones(4, 1), torch.rand(4, 1))
    assert str(caught.value) == (
        "categorical_crossentropy: y_pred has shape (4, 1), which is one class; the loss of one class "
        "is always 0\n"
        "  Use binary_crossentropy, or a last layer with one output for each class."
    )


def test_what_is_no_array_is_refused() -> None:
    with pytest.raises(
        DataError, match=r"^mean_squared_error: y_true holds <U. values; numbers are needed"
    ):
        losses.mean_squared_error("cat", torch.ones(1))


def test_python_numbers_get_the_default_type_and_arrays_keep_theirs() -> None:
    assert as_tensor([1.0, 2.0]).dtype is torch.float32
    assert as_tensor(np.array([1.0, 2.0])).dtype is torch.float64
    assert as_tensor([1, 2]).dtype is torch.int64


def test_read_only_arrays_are_taken_without_a_warning() -> None:
    array = np.ones(3)
    array.flags.writeable = False
    assert losses.mean_squared_error(array, array).item() == 0.0


@pytest.mark.parametrize(
    ("first", "second", "name"), [(True, True, "y_pred"), (True, False, "y_true")]
)
def test_symbolic_tensors_are_named(first: bool, second: bool, name: str) -> None:
    inputs = Input((3,))
    values = torch.ones(2, 3)
    with pytest.raises(GraphError) as caught:
        losses.mean_squared_error(inputs if first else values, inputs if second else values)
    assert str(caught.value).startswith(f"mean_squared_error: {name} is <SymbolicTensor ")
    assert "has no values until the model runs\n  Give the loss to compile" in str(caught.value)
