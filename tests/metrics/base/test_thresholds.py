"""Counting outcomes at thresholds in one pass, against counting them one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug.errors import ArgumentValueError
from kplug.metrics.base.thresholds import (
    Thresholds,
    divide,
    ratio,
    read_thresholds,
    spread_thresholds,
)


@settings(max_examples=30, deadline=None)
@given(
    thresholds=st.lists(st.integers(0, 10).map(lambda n: n / 10), min_size=1, max_size=6),
    rows=st.integers(0, 12),
    labels=st.integers(1, 3),
    seed=st.integers(0, 2**16),
    is_weighted=st.booleans(),
)
def test_counts_are_those_of_a_loop(
    thresholds: list[float], rows: int, labels: int, seed: int, is_weighted: bool
) -> None:
    generator = np.random.default_rng(seed)
    scores = torch.tensor(generator.integers(0, 11, (rows, labels)) / 10, dtype=torch.float64)
    truth = torch.tensor(generator.integers(0, 2, (rows, labels))).bool()
    weights = torch.tensor(generator.uniform(0, 2, (rows, labels))) if is_weighted else None
    found = Thresholds(thresholds, is_even=False).count(truth, scores, weights)
    factor = torch.ones_like(scores) if weights is None else weights
    for at, threshold in enumerate(thresholds):
        yes = scores > threshold
        outcomes = (truth & yes, ~truth & yes, ~truth & ~yes, truth & ~yes)
        for have, want in zip(found, outcomes, strict=True):
            torch.testing.assert_close(have[at], (factor * want).sum(0), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("count", [2, 3, 11, 200])
def test_even_thresholds_are_computed_as_others_are_looked_up(count: int) -> None:
    values = spread_thresholds(count)
    scores = torch.rand(500, 1, generator=torch.Generator().manual_seed(count))
    truth = scores > 0.3
    computed = Thresholds(values, is_even=True).count(truth, scores)
    looked_up = Thresholds(values, is_even=False).count(truth, scores)
    for have, want in zip(computed, looked_up, strict=True):
        assert torch.equal(have, want)


@pytest.mark.parametrize(
    ("values", "is_even"),
    [
        ([0.5], False),
        ([0.0, 1.0], False),
        ([0.0, 0.5, 1.0], True),
        ([0.0, 0.4, 1.0], False),
        ([1.0, 0.5, 0.0], False),
    ],
)
def test_even_thresholds_are_recognised(values: list[float], is_even: bool) -> None:
    assert Thresholds(values).is_even is is_even


@pytest.mark.parametrize("values", [[0.0, 0.5, 1.0], [0.2, 0.7]])
def test_what_is_no_number_is_below_every_threshold(values: list[float]) -> None:
    scores = torch.tensor([[float("nan")], [float("inf")], [float("-inf")]])
    found = Thresholds(values).count(torch.ones_like(scores, dtype=torch.bool), scores)
    assert found.true_positives[0].item() == 1.0
    assert found.false_negatives[0].item() == 2.0


def test_fractions_of_weights_leave_no_remainder() -> None:
    scores = torch.full((1000, 1), 0.7)
    weights = torch.full((1000, 1), 0.1, dtype=torch.float64)
    found = Thresholds([0.5]).count(scores > 0, scores, weights)
    assert found.false_negatives.item() == 0.0
    assert found.true_negatives.item() == 0.0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, [0.5]),
        (0.25, [0.25]),
        (0, [0.0]),
        ((0.1, 1), [0.1, 1.0]),
        (np.array([0.2, 0.4]), [0.2, 0.4]),
    ],
)
def test_thresholds_as_they_are_given(given: object, expected: list[float]) -> None:
    assert read_thresholds("precision", given, 0.5) == expected


@pytest.mark.parametrize("given", [-0.1, 1.1, float("nan"), "0.5", [0.5, None], [], [0.5, True]])
def test_thresholds_out_of_range(given: object) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        read_thresholds("precision", given, 0.5)
    assert str(caught.value) == (
        f"precision: argument 'thresholds' is {given!r}; allowed: a number in [0, 1], or a list of "
        "such numbers"
    )


def test_quotients_are_zero_where_nothing_is_divided_by() -> None:
    nothing, one = torch.zeros(2), torch.tensor([0.0, 1.0])
    assert torch.equal(ratio(nothing, nothing), torch.zeros(2))
    assert torch.equal(divide(torch.ones(2), one), one)
