"""`Regularizer` gives its subclasses a configuration, and refuses unknown keys in it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kplug.errors import ArgumentError, ContractError
from kplug.regularizers import Regularizer


class Largest(Regularizer):
    """Keeps its argument."""

    def __init__(self, factor: float = 0.1) -> None:
        self.factor = factor

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return self.factor * weight_matrix.abs().max()


class Unwritten(Regularizer):
    """Has no penalty."""


class Forgetful(Largest):
    """Keeps its argument under another name."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__(scale)


def test_a_regularizer_without_a_penalty_cannot_be_made() -> None:
    with pytest.raises(TypeError, match=r"abstract.*__call__"):
        Unwritten()  # type: ignore[abstract]


def test_a_subclass_is_made_again_from_its_configuration() -> None:
    config = Largest(0.5).get_config()
    assert config == {"factor": 0.5}
    again = Largest.from_config(config)
    assert repr(again) == "Largest(factor=0.5)"
    assert again(torch.tensor([1.0, -4.0])).item() == 2.0


def test_a_lost_argument_is_named() -> None:
    with pytest.raises(ContractError, match=r"Forgetful cannot be described: .* argument 'scale'"):
        Forgetful().get_config()


def test_a_key_that_is_no_argument_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"largest.*'factors'"):
        Largest.from_config({"factors": 0.5})
