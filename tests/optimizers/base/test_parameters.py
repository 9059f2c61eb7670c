"""The list of parameters that an optimizer is given."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from kplug.errors import ContractError
from kplug.optimizers import SGD
from kplug.optimizers.base.parameters import (
    check_parameters,
    find_new,
    require_same,
    split_names,
)


def make_parameters(count: int) -> list[torch.Tensor]:
    return [nn.Parameter(torch.zeros(2)) for _ in range(count)]


def test_names_are_taken_off_the_parameters_that_have_one() -> None:
    first, second = make_parameters(2)
    names, parameters = split_names(iter([("weight", first), second]))
    assert names == {first: "weight"}
    assert [id(one) for one in parameters] == [id(first), id(second)]


def test_a_pair_that_is_no_name_and_tensor_is_left_as_it_is() -> None:
    given: list[Any] = [("weight", 3), (1, torch.zeros(1)), {"params": []}]
    assert split_names(given) == ({}, given)


def test_parameters_that_can_be_trained_come_back_as_a_list() -> None:
    given = make_parameters(2)
    given.append(given[0] * 2)  # a computed tensor, which keeps its gradient
    given[-1].retain_grad()
    found = check_parameters("sgd", iter(given))
    assert [id(one) for one in found] == [id(one) for one in given]


@pytest.mark.parametrize(
    ("parameter", "reason"),
    [
        ("weight", "parameter 1 is a str, not a tensor"),
        (torch.zeros(2, dtype=torch.int64), "parameter 1 has dtype torch.int64, and only floating"),
        (nn.Parameter(torch.zeros(2)) * 2, "parameter 1 is the result of a computation"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_its_position(
    parameter: object, reason: str
) -> None:
    with pytest.raises(ContractError, match=f"sgd: {reason}"):
        check_parameters("sgd", [*make_parameters(1), parameter])


def test_no_parameter_and_a_repeated_one_are_refused() -> None:
    with pytest.raises(ContractError, match="sgd: there is nothing to train"):
        check_parameters("sgd", [])
    first, second = make_parameters(2)
    with pytest.raises(ContractError, match="sgd: parameter 2 stands in the list twice"):
        check_parameters("sgd", [first, second, first])


def test_new_parameters_are_told_by_identity_not_by_values() -> None:
    first, second, third = make_parameters(3)
    assert [id(one) for one in find_new([third, first], [first, second])] == [id(third)]


def test_a_second_build_takes_the_same_parameters_alone() -> None:
    owned = make_parameters(2)
    require_same(SGD, "sgd", owned, owned[::-1])
    with pytest.raises(ContractError, match=r"trains 2 other parameters \(1 of the new ones are"):
        require_same(SGD, "sgd", owned, [owned[0], *make_parameters(1)])
    with pytest.raises(ContractError, match="the new list is shorter") as caught:
        require_same(SGD, "sgd", owned, owned[:1])
    assert "SGD.from_config(" in str(caught.value)
