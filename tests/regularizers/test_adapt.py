"""Objects accepted as regularizers, and the penalties that these may return."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug.errors import ContractError
from kplug.regularizers import L1
from kplug.regularizers.adapt import as_regularizer, require_penalty


def spread(weight_matrix: Tensor) -> Tensor:
    return weight_matrix.abs()


def test_a_function_is_kept_and_a_class_is_called() -> None:
    assert as_regularizer(torch.sum) is torch.sum
    assert isinstance(as_regularizer(L1), L1)


def test_what_is_no_function_of_one_weight_is_refused() -> None:
    def both(weight_matrix: Tensor, other: Tensor) -> Tensor:
        return (weight_matrix * other).sum()

    with pytest.raises(ContractError, match=r"cannot be used as a regularizer: .*'other'"):
        as_regularizer(both)
    with pytest.raises(ContractError, match=r"^0\.1 is not a regularizer"):
        as_regularizer(0.1)


@pytest.mark.parametrize("penalty", [2, 0.5, np.float32(0.5), torch.tensor(0.5)], ids=repr)
def test_one_number_is_returned_as_it_is(penalty: object) -> None:
    assert require_penalty(penalty, spread) is penalty


@pytest.mark.parametrize(
    ("penalty", "found"),
    [
        (torch.ones(2, 3), r"a tensor of shape \(2, 3\)"),
        (torch.ones(1), r"a tensor of shape \(1,\)"),
        (None, "NoneType"),
        ([0.5], "list"),
    ],
    ids=repr,
)
def test_anything_but_one_number_is_refused(penalty: object, found: str) -> None:
    with pytest.raises(ContractError, match=f"'spread' returned {found}; a penalty is one number"):
        require_penalty(penalty, spread)
