"""Tensors in place of numbers: each operation gives what it gives with the number."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kplug.training.jit.tensor_scalars import TensorScalars

VALUE = 0.37

LISTS: list[tuple[str, int, dict[str, Any]]] = [
    ("_foreach_add", 1, {"alpha": VALUE}),
    ("_foreach_sub", 1, {"alpha": VALUE}),
    ("_foreach_add", 0, {"scalar": VALUE}),
    ("_foreach_sub", 0, {"scalar": VALUE}),
    ("_foreach_mul", 0, {"scalar": VALUE}),
    ("_foreach_div", 0, {"scalar": VALUE}),
    ("_foreach_pow", 0, {"exponent": VALUE}),
    ("_foreach_maximum", 0, {"scalar": VALUE}),
    ("_foreach_minimum", 0, {"scalar": VALUE}),
    ("_foreach_clamp_min", 0, {"scalar": VALUE}),
    ("_foreach_clamp_max", 0, {"scalar": VALUE}),
    ("_foreach_addcmul", 2, {"value": VALUE}),
    ("_foreach_addcdiv", 2, {"value": VALUE}),
    ("_foreach_lerp", 1, {"weight": VALUE}),
]
SINGLE: list[tuple[str, int, dict[str, Any]]] = [
    ("add", 1, {"alpha": VALUE}),
    ("sub", 1, {"alpha": VALUE}),
    ("addcmul", 2, {"value": VALUE}),
    ("addcdiv", 2, {"value": VALUE}),
    ("lerp", 1, {"weight": VALUE}),
]


def make_tensors(count: int) -> list[list[Tensor]]:
    torch.manual_seed(0)
    return [
        [torch.rand(3, 2) + 0.5, torch.rand(4) + 0.5, torch.rand(()) + 0.5] for _ in range(count)
    ]


def as_tensors(options: dict[str, Any]) -> dict[str, Tensor]:
    return {key: torch.tensor(value, dtype=torch.float64) for key, value in options.items()}


@pytest.mark.parametrize("is_positional", [False, True])
@pytest.mark.parametrize("is_inplace", [False, True])
@pytest.mark.parametrize(("name", "others", "options"), LISTS)
def test_lists(
    name: str, others: int, options: dict[str, Any], is_inplace: bool, is_positional: bool
) -> None:
    function = getattr(torch, f"{name}_" if is_inplace else name)
    arguments, expected = make_tensors(1 + others), make_tensors(1 + others)
    scalars: dict[str, Any] = as_tensors(options)
    with TensorScalars():
        if is_positional and "alpha" not in options:
            found = function(*arguments, *scalars.values())
        else:
            found = function(*arguments, **scalars)
    wanted = function(
        *expected,
        *([] if "alpha" in options else options.values()),
        **(options if "alpha" in options else {}),
    )
    if is_inplace:
        found, wanted = arguments[0], expected[0]
    torch.testing.assert_close(list(found), list(wanted))


@pytest.mark.parametrize("is_inplace", [False, True])
@pytest.mark.parametrize(("name", "others", "options"), SINGLE)
def test_single_tensors(name: str, others: int, options: dict[str, Any], is_inplace: bool) -> None:
    method = f"{name}_" if is_inplace else name
    first, *rest = (tensors[0] for tensors in make_tensors(1 + others))
    own = first.clone()
    with TensorScalars():
        found = getattr(own, method)(*rest, **as_tensors(options))
    torch.testing.assert_close(found, getattr(first, method)(*rest, **options))
    assert (found is own) is is_inplace


def test_out() -> None:
    (first, *_), (second, *_) = make_tensors(2)
    out = torch.empty_like(first)
    with TensorScalars():
        torch.add(first, second, alpha=torch.tensor(2.0), out=out)  # type: ignore[call-overload]
    torch.testing.assert_close(out, first + 2 * second)
