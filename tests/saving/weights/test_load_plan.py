"""Plans of a load: what fits is assigned, and what does not is a problem that names both sides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from kplug.errors import WeightsError
from kplug.saving.weights.load_plan import LoadPlan, WeightSource, count_things, list_names
from kplug.saving.weights.named_weights import NamedWeight


@pytest.fixture
def file(tmp_path: Path) -> Iterator[h5py.File]:
    """A file that is open for writing."""
    with h5py.File(tmp_path / "a.h5", "w") as opened:
        yield opened


def assign(plan: LoadPlan, tensor: torch.Tensor, source: WeightSource) -> None:
    plan.assign("layer 'a'", NamedWeight("a/kernel:0", tensor, "Dense"), source, "Look again.")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (torch.float32, "float64"),
        (torch.float16, "int32"),
        (torch.complex64, "float32"),
        (torch.complex64, "complex128"),
        (torch.int64, "int32"),
    ],
)
def test_types_that_hold_the_values_fit(file: h5py.File, ours: torch.dtype, theirs: str) -> None:
    plan = LoadPlan()
    source = WeightSource((file.create_dataset("k", data=np.ones((2, 3), dtype=theirs)),))
    assign(plan, torch.zeros(2, 3, dtype=ours), source)
    plan.raise_problems()
    assert [one.source for one in plan.assignments] == [source]


@pytest.mark.parametrize(
    ("ours", "theirs", "message"),
    [
        (torch.zeros(2, 4), "float32", "has shape (2, 4), the file's '/k' has shape (2, 3)"),
        (torch.zeros(2, 3).long(), "float32", "is int64, the file's '/k' is float32"),
        (torch.zeros(2, 3), "complex64", "is float32, the file's '/k' is complex64"),
    ],
    ids=["shape", "fractions", "complex numbers"],
)
def test_what_does_not_fit_is_a_problem(
    file: h5py.File, ours: torch.Tensor, theirs: str, message: str
) -> None:
    plan = LoadPlan()
    source = WeightSource((file.create_dataset("k", data=np.ones((2, 3), dtype=theirs)),))
    assign(plan, ours, source)
    assert plan.assignments == []
    whole = f"layer 'a': weight 'a/kernel:0' {message}\n  Look again."
    with pytest.raises(WeightsError, match=f"^{re.escape(whole)}$"):
        plan.raise_problems()


def test_source_that_is_made_of_datasets_is_not_judged_by_the_first(file: h5py.File) -> None:
    plan = LoadPlan()
    halves = (file.create_dataset("x", data=np.ones(2)), file.create_dataset("y", data=np.ones(2)))
    assign(plan, torch.zeros(4), WeightSource(halves, lambda *parts: np.concatenate(parts)))
    assert len(plan.assignments) == 1
    assert plan.problems == []


def test_several_problems_are_the_first_and_a_number() -> None:
    plan = LoadPlan()
    for number in range(3):
        plan.add_problem(f"problem {number}", f"hint {number}")
    expected = "problem 0; 2 more weights or layers do not fit\n  hint 0"
    with pytest.raises(WeightsError, match=f"^{expected}$") as caught:
        plan.raise_problems()
    assert caught.value.__cause__ is plan.problems[0]


def test_things_are_counted_and_listed_for_messages() -> None:
    assert [count_things("a" * number, "weight") for number in range(3)] == [
        "0 weights",
        "1 weight",
        "2 weights",
    ]
    assert list_names([]) == ""
    assert list_names(["a", "b"]) == " ('a', 'b')"
    assert list_names(["a", "b", "c"], most=2) == " ('a', 'b', …)"
