"""Loops, branches and scans: what their functions return, and what they may use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug import ops
from kplug.errors import GraphError
from kplug.layers import Input
from kplug.models import Model


@pytest.mark.parametrize("number", [2, 2.5, np.float32(2.5)])
def test_numbers_that_a_body_returns_are_stacked(number: float) -> None:
    carry, made = ops.scan(lambda carry, _: (carry + number, carry), 0, length=3)
    assert carry == 3 * number
    np.testing.assert_array_equal(made, [0, number, 2 * number])
    np.testing.assert_array_equal(ops.map(lambda _: float(number), np.zeros(2)), [number] * 2)


AROUND = Input((4,), name="around")
X = Input((4,), name="x")
CAPTURING: list[tuple[str, tuple[Any, ...]]] = [
    ("fori_loop", (0, 3, lambda _, x: x + AROUND, X)),
    ("while_loop", (lambda x: ops.sum(x) < 9, lambda x: x + AROUND, X)),
    ("while_loop", (lambda x: x < ops.sum(AROUND), lambda x: x + 1, np.zeros(()))),
    ("cond", (ops.sum(X) > 0, lambda: AROUND, lambda: X)),
    ("switch", (1, [lambda x: x, lambda x: x * AROUND], X)),
    ("map", (lambda row: row * AROUND, np.ones((2, 4), "float32"))),
    ("vectorized_map", (lambda row: row * AROUND, X)),
    ("scan", (lambda carry, row: (carry + row, AROUND), np.zeros(4, "float32"), X)),
]


@pytest.mark.parametrize(("name", "arguments"), CAPTURING)
def test_a_function_that_uses_a_symbolic_tensor_from_around_it_is_refused(
    name: str, arguments: tuple[Any, ...]
) -> None:
    with pytest.raises(GraphError) as caught:
        getattr(ops, name)(*arguments)
    text = str(caught.value)
    assert text.startswith(f"kplug.ops.{name}: the function '<lambda>' (line ")
    assert "uses 'AROUND' from around it, the symbolic tensor of layer 'around', which has" in text
    assert text.endswith(
        "Give 'AROUND' to the function as one of its operands, or compute the whole in the call of a "
        "layer of your own."
    )


def test_a_branch_that_is_known_may_use_any_tensor() -> None:
    outputs = ops.cond(True, lambda: X * 2, lambda: AROUND)
    assert torch.equal(Model(X, outputs)(torch.ones(1, 4)), torch.full((1, 4), 2.0))


def test_a_loop_in_a_graph_computes_with_what_it_is_given() -> None:
    outputs = ops.while_loop(lambda x, _: ops.sum(x) < 30, lambda x, y: (x + y, y), (X, AROUND))
    model = Model([X, AROUND], outputs)
    found, _ = model([torch.zeros(1, 4), torch.ones(1, 4)])
    assert torch.equal(found, torch.full((1, 4), 8.0))
