"""Ranges that authors state beside a component."""

from __future__ import annotations

from typing import Any

import pytest

from kplug import Range, search_ranges
from kplug.errors import RegistrationError
from kplug.registry.stated_ranges import find_stated_ranges

RATE, MOMENTUM = Range(1e-5, 0.1, log=True), Range(0.0, 0.99)


@search_ranges(rate=RATE, momentum=MOMENTUM)
class Descent:
    def __init__(self, rate: float = 0.1, momentum: float = 0.0) -> None: ...


@search_ranges(rate=(1, 2))
class Narrow(Descent):
    def __init__(self, rate: float = 1, **further: Any) -> None: ...


def test_a_subclass_keeps_ranges_and_may_state_others() -> None:
    assert find_stated_ranges(Descent) == {"rate": RATE, "momentum": MOMENTUM}
    assert find_stated_ranges(Narrow) == {"rate": (1, 2), "momentum": MOMENTUM}


def test_without_a_statement_there_is_none() -> None:
    assert find_stated_ranges(print) == find_stated_ranges(object()) == {}


def test_an_argument_that_a_base_takes_may_have_a_range() -> None:
    further = search_ranges(momentum=(0.5, 0.9))(type("Further", (Narrow,), {}))
    assert find_stated_ranges(further)["momentum"] == (0.5, 0.9)


def test_a_misspelt_argument_is_refused_where_it_is_written() -> None:
    with pytest.raises(RegistrationError) as caught:

        @search_ranges(smoth=MOMENTUM)
        def overlap(y_true: Any, y_pred: Any, smooth: float = 1.0) -> None: ...

    assert str(caught.value) == (
        "overlap has no argument 'smoth', for which a search range is stated. Did you mean 'smooth'?\n"
        "  Known: y_true, y_pred, smooth."
    )


def test_what_is_no_range_is_refused_where_it_is_written() -> None:
    with pytest.raises(RegistrationError, match=r"the search range of 'smooth' of overlap is 0\.5"):

        @search_ranges(smooth=0.5)  # type: ignore[arg-type]
        def overlap(y_true: Any, y_pred: Any, smooth: float = 1.0) -> None: ...
