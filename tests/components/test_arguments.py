"""The checks of plain arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from kplug.components.arguments import (
    require_choice,
    require_flag,
    require_integer,
    require_number,
    require_size,
)
from kplug.errors import ArgumentValueError


class RowScaler:
    """An object whose class names it."""


@pytest.mark.parametrize(
    "value", [1, 1.5, np.float32(0.5), np.int64(2), np.array(3), torch.tensor(0.5)]
)
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


def test_bounds_are_inclusive_except_above_and_below() -> None:
    assert require_number(object(), "x", 0.0, at_least=0.0, at_most=0.0) == 0.0
    with pytest.raises(ArgumentValueError):
        require_number(object(), "x", 0.0, above=0.0)
    with pytest.raises(ArgumentValueError):
        require_number(object(), "x", 1.1, at_most=1.0)
    with pytest.raises(ArgumentValueError):
        require_number(object(), "x", 1.0, below=1.0)


@pytest.mark.parametrize("value", [1.0, "1", None, False, torch.ones(2, dtype=torch.int64)])
def test_what_is_no_integer_is_refused(value: object) -> None:
    with pytest.raises(ArgumentValueError, match="allowed: an integer"):
        require_integer(object(), "x", value, "an integer")


def test_an_integer_may_have_a_smallest_value() -> None:
    assert require_integer("fit", "epochs", np.int64(1), "an integer >= 1", at_least=1) == 1
    with pytest.raises(ArgumentValueError) as caught:
        require_integer("fit", "epochs", 0, "an integer >= 1", at_least=1)
    assert str(caught.value) == "fit: argument 'epochs' is 0; allowed: an integer >= 1"


@pytest.mark.parametrize("value", [True, 1, np.bool_(True), torch.tensor(1)])
def test_one_is_true(value: object) -> None:
    assert require_flag("adam", "amsgrad", value) is True


@pytest.mark.parametrize("value", ["false", None, 2, []])
def test_what_is_no_flag_is_refused(value: object) -> None:
    with pytest.raises(ArgumentValueError, match="allowed: True or False"):
        require_flag("adam", "amsgrad", value)


def test_choices_are_read_in_any_case_and_translated() -> None:
    assert require_choice(object(), "x", "Rows", ("rows", "columns")) == "rows"
    assert require_choice(object(), "x", "NORMAL", {"normal": "gauss"}) == "gauss"
    with pytest.raises(ArgumentValueError) as caught:
        require_choice(RowScaler(), "x", 3, ("rows", "columns"))
    assert str(caught.value) == "row_scaler: argument 'x' is 3; allowed: 'rows' or 'columns'"


def test_a_size_is_height_and_width() -> None:
    assert require_size("crop", "size", 3) == (3, 3)
    assert require_size("crop", "size", [2, np.int64(4)]) == (2, 4)


@pytest.mark.parametrize("value", [None, (1,), (2, 0), "33"])
def test_what_is_no_size_is_refused(value: object) -> None:
    with pytest.raises(ArgumentValueError, match=r"allowed: \(height, width\), integers >= 1"):
        require_size("crop", "size", value)
