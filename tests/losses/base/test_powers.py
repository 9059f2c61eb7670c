"""Powers of shares: the values everywhere, and gradients that are finite at 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError
from kplug.losses.base.powers import power_of_share, require_gamma

SHARES = [0.0, 1e-6, 0.25, 1.0]


@pytest.mark.parametrize("exponent", [0.0, 0.3, 0.5, 1.0, 2.0])
def test_values_are_those_of_the_power(exponent: float) -> None:
    found = power_of_share(torch.tensor(SHARES, dtype=torch.float64), exponent)
    np.testing.assert_allclose(found, np.power(SHARES, exponent), rtol=1e-12)


@pytest.mark.parametrize("exponent", [0.3, 0.5, 1.0, 2.0])
def test_gradients_are_those_of_the_power_and_0_at_0(exponent: float) -> None:
    base = torch.tensor(SHARES, dtype=torch.float64, requires_grad=True)
    power_of_share(base, exponent).sum().backward()  # type: ignore[no-untyped-call]
    assert base.grad is not None
    expected = exponent * np.power(SHARES[1:], exponent - 1.0)
    np.testing.assert_allclose(base.grad[1:], expected, rtol=1e-12)
    assert base.grad[0] == (1.0 if exponent == 1.0 else 0.0)


def test_rounding_below_0_counts_as_0() -> None:
    assert power_of_share(torch.tensor([-1e-8]), 0.5).tolist() == [0.0]


@pytest.mark.parametrize("exponent", [0.3, 0.5, 1.0, 2.0])
def test_nan_stays_nan(exponent: float) -> None:
    assert power_of_share(torch.tensor([float("nan"), 0.0]), exponent).isnan().tolist() == [
        True,
        False,
    ]


@pytest.mark.parametrize("gamma", [-1.0, float("inf"), float("nan"), "2", None])
def test_exponents_that_are_none(gamma: Any) -> None:
    with pytest.raises(ArgumentValueError, match="argument 'gamma' is"):
        require_gamma("focal", gamma)
