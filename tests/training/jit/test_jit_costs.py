"""When compiling is worth its cost."""

from __future__ import annotations

import pytest

from kplug.training.jit.jit_costs import (
    Horizon,
    expect_share,
    is_worth,
    measure_share,
)


@pytest.mark.parametrize(
    ("cost", "share", "known", "spent", "at_risk", "expected"),
    [
        (2.0, 0.5, 8.0, 0.0, None, True),  # the gain is twice the cost
        (2.0, 0.5, 7.9, 0.0, None, False),
        (2.0, 0.02, 199.0, 0.0, None, False),  # neither twice the cost, nor at most 1 % of the run
        (2.0, 0.05, 0.0, 200.0, None, True),  # after a long training nobody notices the cost
        (2.0, 0.05, 100.0, 0.0, 1.0, True),  # what may be lost is less than the cost
        (2.0, 0.01, 1e6, 1e6, None, False),  # nothing to gain
        (2.0, -0.5, 1e6, 1e6, None, False),
    ],
)
def test_gain_and_cost(
    cost: float, share: float, known: float, spent: float, at_risk: float | None, expected: bool
) -> None:
    assert is_worth(cost, share, Horizon(known, spent), at_risk=at_risk) is expected


def test_only_what_remains_when_the_code_is_there_is_gained() -> None:
    horizon = Horizon(known=16.0, spent=0.0)
    assert is_worth(2.0, 0.5, horizon, delay=8.0)
    assert not is_worth(2.0, 0.5, horizon, delay=8.1)


@pytest.mark.parametrize(
    ("operations", "seconds", "share"),
    [(70, 400e-6, 0.7), (70, 4.7e-3, 0.0596), (1000, 1e-3, 0.75)],
)
def test_the_share_of_a_step_that_starts_operations(
    operations: int, seconds: float, share: float
) -> None:
    assert expect_share(operations, seconds) == pytest.approx(share, abs=1e-3)


def test_the_share_that_is_spared_counts_what_python_does_around_the_code() -> None:
    assert measure_share(call_seconds=100e-6, seconds=300e-6) == pytest.approx(0.5)
    assert measure_share(call_seconds=300e-6, seconds=300e-6) < 0
