"""Ranges of arguments: which there are, how they read, and which are refused."""

from __future__ import annotations

from typing import Any

import pytest

from kplug import Component, Range
from kplug.errors import ArgumentValueError, RegistrationError
from kplug.registry.ranges import list_ends, write_range


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"low": 0.0, "high": 1.0}, "0.0 to 1.0"),
        ({"low": 1e-5, "high": 1, "log": True}, "1e-05 to 1 (log)"),
        ({"low": 1, "high": 9, "step": 2}, "1 to 9 (step 2)"),
    ],
)
def test_a_range_reads_as_a_sentence(arguments: Any, text: str) -> None:
    found = Range(**arguments)
    assert write_range(found) == str(found) == text
    assert list_ends(found) == (arguments["low"], arguments["high"])


def test_two_integers_make_a_range_of_integers() -> None:
    assert Range(1, 3).is_integer
    assert not Range(1, 3.0).is_integer


def test_choices_are_their_own_ends() -> None:
    assert list_ends((3, None)) == (3, None)
    assert write_range((3, None, "x")) == "3, None or 'x'"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((1.0, 0.5), "Range: argument 'high' is 0.5; allowed: a number > 1.0"),
        ((1, 1), "Range: argument 'high' is 1; allowed: a number > 1"),
        (("0", 1), "Range: argument 'low' is '0'; allowed: a finite number"),
        ((False, 1), "Range: argument 'low' is False; allowed: a finite number"),
        ((0.0, float("inf")), "Range: argument 'high' is inf; allowed: a finite number"),
        (
            (0.0, 1.0, True),
            "Range: argument 'low' is 0.0; allowed: a number > 0, as the scale is logarithmic",
        ),
        ((0.0, 1.0, "yes"), "Range: argument 'log' is 'yes'; allowed: True or False"),
        (
            (0.1, 1.0, True, 0.1),
            "Range: argument 'step' is 0.1; allowed: None, or a number > 0 without log",
        ),
        (
            (0.0, 1.0, False, 0.0),
            "Range: argument 'step' is 0.0; allowed: None, or a number > 0 without log",
        ),
        (
            (1, 9, False, 0.5),
            "Range: argument 'step' is 0.5; allowed: an integer, as low and high are",
        ),
    ],
)
def test_what_is_no_range_is_refused(arguments: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        Range(*arguments)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("ranges", "text"),
    [
        (
            {"lr": 0.1},
            "the search range of 'lr' of 'adam' is 0.1\n"
            "  Give a range or a tuple of choices: lr=kplug.Range(0.0, 1.0), lr=(1, 2).",
        ),
        (
            {"lr": ()},
            "the search range of 'lr' of 'adam' is ()\n"
            "  Give a range or a tuple of choices: lr=kplug.Range(0.0, 1.0), lr=(1, 2).",
        ),
        (
            ["lr"],
            "the search_ranges of 'adam' are ['lr']\n"
            "  They are a dict: {'lr': kplug.Range(1e-5, 0.1, log=True)}.",
        ),
    ],
)
def test_a_component_is_declared_with_ranges_alone(ranges: Any, text: str) -> None:
    with pytest.raises(RegistrationError) as caught:
        Component("adam", "a.b:c", search_ranges=ranges)
    assert str(caught.value) == text


def test_a_component_with_ranges_can_be_looked_up_in_a_dict() -> None:
    component = Component("adam", "a.b:c", search_ranges={"lr": Range(0.0, 1.0)})
    assert {component: 1}[component] == 1
    assert component != Component("adam", "a.b:c")
