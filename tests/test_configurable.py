"""Configurable objects and the checks of their arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from kplug.configurable import (
    Configurable,
    declared_name,
    require_choice,
    require_integer,
    require_number,
)
from kplug.errors import ArgumentError, ArgumentValueError, ContractError


class MinMaxScaled(Configurable):
    """Keeps its arguments."""

    def __init__(self, low: float, high: float = 1.0) -> None:
        self.low, self.high = low, high


class Forgetful(Configurable):
    """Does not keep one argument."""

    def __init__(self, low: float = 0.0) -> None:
        self.lowest = low


class Open(Configurable):
    """Takes any keyword."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    def get_config(self) -> dict[str, Any]:
        return self.options


def test_the_configuration_is_the_arguments() -> None:
    made = MinMaxScaled(0.5)
    assert made.get_config() == {"low": 0.5, "high": 1.0}
    assert MinMaxScaled.from_config(made.get_config()).get_config() == made.get_config()
    assert repr(made) == "MinMaxScaled(low=0.5, high=1.0)"


def test_an_argument_that_is_not_kept_is_named() -> None:
    with pytest.raises(ContractError) as caught:
        Forgetful().get_config()
    assert str(caught.value) == (
        "Forgetful cannot be described: it does not keep its argument 'low'\n"
        "  Set self.low in __init__, or write get_config()."
    )


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(ArgumentError) as caught:
        MinMaxScaled.from_config({"low": 0, "hihg": 1})
    assert str(caught.value) == (
        "min_max_scaled: the configuration has an unknown argument 'hihg'\n"
        "  Did you mean 'high'? Known: low, high."
    )


def test_a_constructor_of_any_keyword_gets_every_key() -> None:
    assert Open.from_config({"a": 1}).options == {"a": 1}


@pytest.mark.parametrize(
    ("class_name", "expected"),
    [("HeNormal", "he_normal"), ("L1L2", "l1_l2"), ("MinMaxNorm", "min_max_norm"), ("L1", "l1")],
)
def test_declared_names(class_name: str, expected: str) -> None:
    assert declared_name(type(class_name, (), {})) == expected


@pytest.mark.parametrize("value", [1, 1.5, np.float32(0.5), np.int64(2)])
def test_numbers_become_floats(value: Any) -> None:
    number = require_number(object(), "x", value)
    assert type(number) is float
    assert number == value


@pytest.mark.parametrize(
    "value", [None, "1", True, math.nan, -math.inf, 1j, [1.0], torch.ones(2), np.bool_(True)]
)
def test_what_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(ArgumentValueError, match="allowed: a finite number"):
        require_number(object(), "x", value)


def test_bounds_are_inclusive_except_above() -> None:
    assert require_number(object(), "x", 0.0, at_least=0.0, at_most=0.0) == 0.0
    with pytest.raises(ArgumentValueError):
        require_number(object(), "x", 0.0, above=0.0)
    with pytest.raises(ArgumentValueError):
        require_number(object(), "x", 1.1, at_most=1.0)


@pytest.mark.parametrize("value", [1.0, "1", None, False, torch.ones(2, dtype=torch.int64)])
def test_what_is_no_integer_is_refused(value: object) -> None:
    with pytest.raises(ArgumentValueError, match="allowed: an integer"):
        require_integer(object(), "x", value, "an integer")


def test_choices_are_read_in_any_case_and_translated() -> None:
    assert require_choice(object(), "x", "Rows", ("rows", "columns")) == "rows"
    assert require_choice(object(), "x", "NORMAL", {"normal": "gauss"}) == "gauss"
    with pytest.raises(ArgumentValueError) as caught:
        require_choice(MinMaxScaled(0), "x", 3, ("rows", "columns"))
    assert str(caught.value) == ("min_max_scaled: argument 'x' is 3; allowed: 'rows', 'columns'")
