"""`Constraint` gives its subclasses a configuration, and refuses unknown keys in it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kplug.constraints import Constraint
from kplug.errors import ArgumentError, ContractError


class Clipped(Constraint):
    """Keeps its argument."""

    def __init__(self, limit: float = 1.0) -> None:
        self.limit = limit

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return weight_matrix.clamp(-self.limit, self.limit)


class Forgetful(Constraint):
    """Keeps its argument under another name."""

    def __init__(self, limit: float = 1.0) -> None:
        self.bound = limit


def test_the_base_allows_every_weight() -> None:
    weight = torch.tensor([[-4.0, 7.0]], dtype=torch.float64)
    assert Constraint()(weight) is weight
    assert Constraint().get_config() == {}


def test_a_subclass_is_made_again_from_its_configuration() -> None:
    config = Clipped(2.0).get_config()
    assert config == {"limit": 2.0}
    again = Clipped.from_config(config)
    assert repr(again) == "Clipped(limit=2.0)"
    assert again(torch.tensor([1.0, -4.0])).tolist() == [1.0, -2.0]


def test_a_lost_argument_is_named() -> None:
    with pytest.raises(ContractError, match=r"Forgetful cannot be described: .* argument 'limit'"):
        Forgetful().get_config()


def test_a_key_that_is_no_argument_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"clipped.*'limits'"):
        Clipped.from_config({"limits": 2.0})
