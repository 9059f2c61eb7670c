"""Objects accepted as activations, and objects refused."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from kplug.activations.adapt import as_activation
from kplug.errors import ContractError


def test_functions_and_modules_are_kept_as_they_are() -> None:
    module = nn.Softsign()
    assert as_activation(torch.sin) is torch.sin
    assert as_activation(module) is module


def test_a_class_stands_for_the_instance_made_without_arguments() -> None:
    made = as_activation(nn.Softsign)
    assert isinstance(made, nn.Softsign)
    assert made(torch.tensor([1.0, -3.0])).tolist() == [0.5, -0.75]


def test_further_arguments_need_defaults() -> None:
    def scaled(x: Tensor, factor: float = 3.0) -> Tensor:
        return factor * x

    def unfinished(x: Tensor, factor: float) -> Tensor:
        return factor * x

    assert as_activation(scaled)(torch.tensor(2.0)).item() == 6.0
    with pytest.raises(ContractError, match=r"cannot be used as an activation: .*'factor'"):
        as_activation(unfinished)


@pytest.mark.parametrize("candidate", [3, None, [torch.sin]])
def test_what_cannot_be_called_is_no_activation(candidate: object) -> None:
    with pytest.raises(ContractError, match=r"is not an activation\b") as caught:
        as_activation(candidate)
    assert "An activation is a callable (x) that returns a tensor." in str(caught.value)


def test_a_class_that_needs_arguments_is_refused() -> None:
    with pytest.raises(ContractError, match=r"Give an instance: Threshold\(…\)"):
        as_activation(nn.Threshold)
