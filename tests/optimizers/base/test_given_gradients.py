"""Steps with gradients that are given, as in Keras 3: ``optimizer.apply(gradients, variables)``."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug import Variable, optimizers
from kplug.errors import ContractError

GRADIENTS = [np.array([0.5, -1.0], "float32"), np.array([2.0], "float32")]


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad", "Lion"])
@pytest.mark.parametrize("method", ["apply", "apply_gradients"])
def test_against_keras(name: str, method: str) -> None:
    ours: list[Any] = [Variable([1.0, 2.0]), Variable([3.0])]
    theirs = [keras.Variable([1.0, 2.0]), keras.Variable([3.0])]
    # As Keras's: ε and the first accumulator are older ones in kplug.
    options = {"epsilon": 1e-7} if name in ("Adam", "RMSprop", "Adagrad") else {}
    options |= {"initial_accumulator_value": 0.1} if name == "Adagrad" else {}
    mine, other = (
        getattr(optimizers, name)(0.1, **options),
        getattr(keras.optimizers, name)(0.1, **options),
    )
    for _ in range(3):
        given = [torch.tensor(gradient) for gradient in GRADIENTS]
        if method == "apply":
            mine.apply(given, ours)
        else:
            mine.apply_gradients(zip(given, ours, strict=True))
        other.apply([torch.tensor(gradient) for gradient in GRADIENTS], theirs)
    for left, right in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(left.numpy(), right.value.detach().numpy(), rtol=1e-4)


def test_only_the_variables_that_are_named_change_and_gradients_stay() -> None:
    first, second = Variable([1.0]), Variable([1.0])
    optimizer = optimizers.SGD(1.0).build([first, second])
    first.grad = torch.tensor([7.0])
    optimizer.apply([torch.tensor([0.5])], [second])
    assert (first.tolist(), second.tolist()) == ([1.0], [0.5])
    assert first.grad.tolist() == [7.0]
    assert second.grad is None


def test_gradients_of_the_parameters_stay_the_same_tensors() -> None:
    parameter = torch.nn.Parameter(torch.zeros(64, 256))
    other = torch.nn.Parameter(torch.zeros(2))
    optimizer = optimizers.Adam().build([parameter, other])
    parameter.grad, other.grad = torch.ones(256, 64).t(), torch.ones(2)  # one in another order
    before = parameter.grad, other.grad
    optimizer.apply([parameter.grad], [parameter])
    assert parameter.grad is before[0]
    assert parameter.grad.stride() == (1, 64)
    assert other.grad is before[1]
    assert other.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("gradients", "count", "message"),
    [
        ([torch.ones(1)], 2, "sgd.apply got 1 gradients for 2 variables\n  Give one for each"),
        (
            [None, None],
            2,
            "sgd.apply got no gradient: all 2 are None\n  Call loss.backward() before",
        ),
        (
            [torch.ones(1)] * 3,
            3,
            "sgd.apply: 1 of 3 variables are not among the 2 that it was built with",
        ),
    ],
)
def test_gradients_that_fit_no_variable_are_refused(
    gradients: Any, count: int, message: str
) -> None:
    variables = [Variable([1.0]) for _ in range(3)]
    optimizer = optimizers.SGD(1.0).build(variables[:2])
    with pytest.raises(ContractError) as caught:
        optimizer.apply(gradients, variables[:count])
    assert str(caught.value).startswith(message)
    assert [variable.tolist() for variable in variables] == [[1.0]] * 3
