"""`Subject`, and the comparison of two results."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from kplug_authoring import Example
from kplug_authoring.checks.subject import (
    Check,
    Subject,
    Suite,
    check,
    find_difference,
    leaves,
    shown,
)

from kplug.errors import KplugError
from kplug.registry import REGISTRY, get_kind


def call(subject: Subject, made: Any) -> Any:
    return made(*subject.inputs)


def refuse(subject: Subject, made: Any) -> Any:
    raise ValueError(f"{type(made).__name__} takes no {len(subject.inputs)} of these")


def make(kind: str, name: str, example: Example, behave: Any = call) -> Subject:
    components = REGISTRY.components(get_kind(kind))
    return Subject(next(one for one in components if one.name == name), example, Suite(behave, ()))


def test_a_check_is_named_after_its_function() -> None:
    def _finite(subject: Subject) -> str | None:
        return f"{subject} is wrong"

    made = check("it is finite", "Divide by no zero.")(_finite)
    assert made == Check("finite", "it is finite", "Divide by no zero.", _finite)
    assert check("a", "b", name="other")(_finite).name == "other"


def test_leaves_are_found_in_any_nesting_and_text_is_none() -> None:
    found = leaves({"a": [1, (torch.tensor([2.0]), "text")], "b": 3.5, "c": None})
    assert [leaf.tolist() for leaf in found] == [1, [2.0], 3.5]


def test_differences_are_told_and_nans_are_equal() -> None:
    one = torch.tensor([1.0, math.nan])
    assert find_difference([one], (one.clone(),)) is None
    assert find_difference(1.0, 1.05, tolerance=0.1) is None
    assert find_difference(1.0, 1.5) == "1.0 and 1.5"
    assert find_difference([1.0], [1.0, 2.0]) == "1 values and 2"
    assert find_difference(torch.ones(2), torch.ones(1, 2)) == "shapes (2,) and (1, 2)"


def test_long_tensors_are_cut_to_one_short_line() -> None:
    assert shown(torch.tensor([1, 2])) == "[1, 2]"
    text = shown(torch.arange(100))
    assert len(text) == 60
    assert text.endswith("…")


def test_the_example_s_arguments_make_the_component_and_more_may_be_given() -> None:
    subject = make("regularizer", "l1", Example({"l1": 0.5}, inputs=[[1.0, -3.0]]))
    assert subject.kind.name == "regularizer"
    assert subject.behave(subject.make()).item() == 2.0
    assert subject.behave(subject.make(l1=2.0)).item() == 8.0
    assert "l1" in subject.parameters


def test_inputs_that_nothing_suits_have_to_be_declared() -> None:
    with pytest.raises(
        KplugError, match=r"none of the usual inputs .* ValueError: L1 takes no 1 of"
    ):
        _ = make("regularizer", "l1", Example(), refuse).inputs


def test_an_initializer_is_called_with_the_example_s_shape_or_a_usual_one() -> None:
    assert make("initializer", "zeros", Example(shape=(7,))).shape == (7,)
    state = torch.random.get_rng_state()
    assert make("initializer", "random_normal", Example()).shape == (6, 5)
    assert torch.equal(torch.random.get_rng_state(), state)
