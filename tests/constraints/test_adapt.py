"""Objects accepted as constraints, and objects refused."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kplug.constraints import NonNeg
from kplug.constraints.adapt import as_constraint
from kplug.errors import ContractError


class Limited:
    """A constraint that is no subclass of kplug's."""

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return weight_matrix.clamp(max=self.limit)


def test_functions_and_instances_are_kept_as_they_are() -> None:
    limited = Limited(1.0)
    assert as_constraint(limited) is limited
    assert as_constraint(torch.abs) is torch.abs


def test_a_class_stands_for_the_instance_made_without_arguments() -> None:
    made = as_constraint(NonNeg)
    assert isinstance(made, NonNeg)
    assert made(torch.tensor([-2.0, 3.0])).tolist() == [0.0, 3.0]


def test_a_class_that_needs_arguments_is_refused() -> None:
    message = r"Limited\(limit\) cannot be used as a constraint: .*'limit'"
    with pytest.raises(ContractError, match=message):
        as_constraint(Limited)


def test_a_function_of_two_weights_is_refused() -> None:
    def both(weight_matrix: Tensor, other: Tensor) -> Tensor:
        return weight_matrix + other

    with pytest.raises(ContractError, match=r"cannot be used as a constraint: .*'other'"):
        as_constraint(both)


def test_what_cannot_be_called_is_refused_with_the_contract() -> None:
    with pytest.raises(ContractError, match=r"^0\.5 is not a constraint") as caught:
        as_constraint(0.5)
    assert "(weight_matrix) that returns a weight of its shape" in str(caught.value)
