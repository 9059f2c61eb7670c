"""The signature of ``call`` tells which arguments a layer takes, and of what kind they are."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor

from kplug.layers.base.call_signature import name_arguments, takes_mask, takes_one_tensor


class Written:
    """Its annotations stay strings, because of this file's ``from __future__ import annotations``."""

    def one(self, inputs: Tensor, training: bool = False) -> Tensor:
        return -inputs if training else inputs

    def dotted(self, inputs: torch.Tensor) -> Tensor:
        return inputs

    def several(self, inputs: list[Tensor], *, mask: Any = None) -> Tensor:
        return inputs[mask is not None]

    def nothing(self) -> None: ...

    def unannotated_first(self, inputs, other: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        total: Tensor = inputs + other
        return total


def test_arguments_are_named_without_self() -> None:
    assert name_arguments(Written.one) == ("inputs", "training")
    assert name_arguments(Written.several) == ("inputs", "mask")
    assert name_arguments(Written.nothing) == ()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("inputs", "mask"), True),
        (("query", "value", "query_mask"), True),
        (("inputs", "padding_mask"), False),  # a mask of no argument of this call
        (("inputs", "masks"), False),
        ((), False),
    ],
)
def test_a_mask_is_named_so_or_after_another_argument(
    names: tuple[str, ...], expected: bool
) -> None:
    assert takes_mask(names) is expected


def test_one_tensor_is_read_from_the_first_annotation_alone() -> None:
    assert takes_one_tensor(Written.one)
    assert takes_one_tensor(Written.dotted)
    assert not takes_one_tensor(Written.several)
    assert not takes_one_tensor(Written.nothing)
    assert not takes_one_tensor(Written.unannotated_first)


def test_an_annotation_that_is_the_class_itself_counts_too() -> None:
    def call(self: object, inputs: Any) -> Any:
        return self, inputs

    assert not takes_one_tensor(call)
    call.__annotations__["inputs"] = Tensor
    assert inspect.signature(call).parameters["inputs"].annotation is Tensor
    assert takes_one_tensor(call)
