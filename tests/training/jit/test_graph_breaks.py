"""The watch for code that reads numbers out of tensors: what it sees, and where."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from kplug.training.jit.graph_breaks import ReadWatch, Spot, watching_reads

X = torch.tensor([0.0, 3.0, 4.0])


class Reader:
    def read(self, tensor: Tensor) -> float:
        return tensor.sum().item()


@pytest.mark.parametrize(
    ("read", "operation", "expected"),
    [
        (lambda: X[1].item(), "item", 3.0),
        (lambda: float(X[2]), "item", 4.0),
        (lambda: bool(X[0] > 0), "item", False),
        (lambda: X.tolist(), "tolist", [0.0, 3.0, 4.0]),
        (lambda: X.numpy().sum(), "numpy", 7.0),
        (lambda: X.nonzero().shape, "nonzero", (2, 1)),
        (lambda: X[X > 0].shape, "index", (2,)),
        (lambda: X.masked_select(X > 3).shape, "masked_select", (1,)),
    ],
)
def test_a_read_is_noted_by_its_operation_and_gives_its_value(
    read: Callable[[], Any], operation: str, expected: Any
) -> None:
    with watching_reads() as watch:
        value = read()
    assert value == expected
    assert watch.found is not None
    assert watch.found.what == f"reads numbers of a tensor ({operation})"
    assert watch.found.kind == "value"


def test_computing_with_tensors_is_no_read() -> None:
    with watching_reads() as watch:
        result = torch.where(X > 3, X * 2, X[:1])
        assert result.shape == (3,)
    assert watch.found is None
    X.tolist()  # after the block
    assert watch.found is None


@pytest.mark.parametrize("places", [[2, 0], torch.tensor([2, 0]), torch.tensor([[1], [-1]])])
def test_indexing_by_integers_is_no_read(places: Any) -> None:
    with watching_reads() as watch:
        assert X[places].shape == torch.as_tensor(places).shape
    assert watch.found is None


def test_only_the_first_read_is_kept_with_its_line_and_its_owner() -> None:
    reader = Reader()
    with watching_reads() as watch:
        assert reader.read(X) == 7.0
        X.tolist()
    assert watch.found is not None
    assert watch.found.what == "reads numbers of a tensor (item)"
    code = Reader.read.__code__
    spot = next(each for each in watch.found.spots if each.code is code)
    assert (spot.owner, spot.line) == (reader, code.co_firstlineno + 1)
    outer = [each.code.co_name for each in watch.found.spots]
    assert outer.index("read") < outer.index(
        "test_only_the_first_read_is_kept_with_its_line_and_its_owner"
    )


def test_a_note_names_the_place_that_called_the_caller() -> None:
    def call(watch: ReadWatch) -> None:
        watch.note("first")
        watch.note("second")

    watch = ReadWatch()
    call(watch)
    assert watch.found is not None
    assert watch.found.what == "reads numbers of a tensor (first)"
    assert watch.found.spots[0].code is sys._getframe().f_code


def test_a_spot_of_a_function_has_no_owner() -> None:
    frame = sys._getframe()
    assert Spot.of(frame, 12) == Spot(frame.f_code, 12, None)
