"""Losses that are declared with a formula: the constructor, the values, and the function in their place."""

from __future__ import annotations

import functools
import inspect
import io
import pickle
import pydoc

import keras
import numpy as np
import pytest
import torch
from torch import Tensor

from kplug import losses
from kplug.errors import ArgumentError, ContractError
from kplug.losses import FormulaLoss, as_loss

Y = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
P = torch.tensor([[0.5, 0.0], [2.0, 5.0]])


def pinball(y_true: Tensor, y_pred: Tensor, q: float = 0.5, scale: float = 1.0) -> Tensor:
    error = y_true - y_pred
    return scale * torch.maximum(q * error, (q - 1.0) * error).mean(-1)


class Pinball(FormulaLoss, formula=pinball):
    def __init__(
        self, q: float = 0.5, reduction: str | None = "sum_over_batch_size", name: str = "pinball"
    ) -> None:
        super().__init__(reduction, name)
        self.q = q


def cubed(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).abs().pow(3).mean(-1)


class Cubed(FormulaLoss, formula=cubed):
    """Mean of cubes."""


def test_the_attributes_are_the_arguments_of_the_formula() -> None:
    loss = Pinball(q=0.25)
    error = Y.double().numpy() - P.double().numpy()
    expected = np.maximum(0.25 * error, -0.75 * error).mean(-1)
    np.testing.assert_allclose(loss.values(Y, P).numpy(), expected, rtol=1e-6)
    loss.q = 0.75
    expected = np.maximum(0.75 * error, -0.25 * error).mean()
    assert loss(Y, P).item() == pytest.approx(expected)


def test_without_further_parameters_the_constructor_comes_by_itself() -> None:
    signature = inspect.signature(Cubed)
    assert str(signature).startswith("(reduction: 'str | None' = 'sum_over_batch_size', name:")
    assert signature.parameters["name"].default == "cubed"
    assert Cubed("sum").reduction == "sum"
    assert (Cubed().name, Cubed(name="mine").name) == ("cubed", "mine")
    assert Cubed(dtype="float64")(Y, P).dtype is torch.float64


def test_help_shows_the_constructor() -> None:
    text = io.StringIO()
    pydoc.Helper(output=text)(losses.LogCosh)
    heading = text.getvalue().replace("\x08", "")
    assert "LogCosh(reduction: 'str | None' = 'sum_over_batch_size', name: " in heading
    assert "= 'log_cosh', dtype:" in heading


@pytest.mark.parametrize("loss", [Pinball(q=0.9, reduction="sum"), Cubed(name="mine")])
def test_configuration_and_pickle_make_the_same_loss(loss: FormulaLoss) -> None:
    again = type(loss).from_config(loss.get_config())
    copied = pickle.loads(pickle.dumps(loss))
    assert again.get_config() == copied.get_config() == loss.get_config()
    assert again(Y, P) == copied(Y, P) == loss(Y, P)


def test_an_argument_that_only_the_formula_has_is_refused() -> None:
    with pytest.raises(ArgumentError, match="no argument 'scale'"):
        Pinball.from_config({"scale": 2.0})


def test_the_function_stands_for_the_class() -> None:
    assert type(as_loss(cubed)) is Cubed
    loss = as_loss(functools.partial(pinball, q=0.9))
    assert isinstance(loss, Pinball)
    assert loss.q == 0.9
    # What the class cannot take stays a function.
    assert type(as_loss(functools.partial(pinball, scale=2.0))) is losses.FunctionLoss


def test_the_first_class_of_a_formula_is_the_one_that_it_stands_for() -> None:
    class Another(FormulaLoss, formula=losses.mean_squared_error):
        """The same formula again."""

    assert Another()(Y, P).item() == pytest.approx(keras.losses.MeanSquaredError()(Y, P).item())
    assert type(as_loss(losses.mean_squared_error)) is losses.MeanSquaredError


def test_a_parents_fast_mean_is_not_taken_for_another_formula() -> None:
    class Mixed(losses.MeanSquaredError, formula=cubed):
        """A parent with a kernel for another formula."""

    assert Mixed()(Y, P).item() == pytest.approx(((Y - P).abs() ** 3).mean().item())


def test_a_parents_constructor_stays() -> None:
    def capped(y_true: Tensor, y_pred: Tensor, delta: float) -> Tensor:
        return (y_true - y_pred).abs().clamp(max=delta).mean(-1)

    class Capped(losses.Huber, formula=capped):
        """The arguments of a parent for another formula."""

    loss = Capped(delta=0.75)
    assert (loss.delta, loss.name) == (0.75, "huber_loss")
    expected = (Y - P).abs().clamp(max=0.75).mean().item()
    assert loss(Y, P).item() == pytest.approx(expected)
    assert Capped.from_config(loss.get_config())(Y, P).item() == pytest.approx(expected)


def test_a_formula_may_return_whole_numbers() -> None:
    class Misses(FormulaLoss, formula=lambda y_true, y_pred: (y_true != y_pred).any(-1)):
        """Share of rows with a wrong value."""

    assert Misses(name="misses")(Y, torch.tensor([[0.0, 1.0], [0.0, 3.0]])).item() == 0.5


def test_a_formula_that_returns_no_tensor_is_refused() -> None:
    class Wrong(FormulaLoss, formula=lambda y_true, y_pred: None):  # type: ignore[arg-type,return-value]
        """Its formula forgets to return."""

    with pytest.raises(ContractError, match="returned NoneType instead of a tensor"):
        Wrong(name="wrong")(Y, P)


def test_keywords_bound_to_a_function_of_the_package_reach_its_class() -> None:
    loss = losses.as_loss(
        functools.partial(losses.sparse_categorical_crossentropy, ignore_class=-1)
    )
    assert isinstance(loss, losses.SparseCategoricalCrossentropy)
    assert loss.ignore_class == -1
    references = functools.partial(losses.circle, ref_labels=[0], ref_embeddings=torch.eye(1))
    assert isinstance(losses.as_loss(references), losses.FunctionLoss)


def test_a_class_without_a_formula_is_refused() -> None:
    class Empty(FormulaLoss):
        """It has neither call nor formula."""

    with pytest.raises(ContractError) as caught:
        as_loss(Empty)
    assert str(caught.value) == (
        "Empty cannot be used as a loss: it has no call and no formula\n"
        "  Write call(y_true, y_pred), or class Empty(FormulaLoss, formula=…)."
    )
