"""Windows against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import given, settings, strategies as st

from kplug.initializers.windows import WINDOWS, make_window


@pytest.mark.parametrize("is_periodic", [False, True])
@pytest.mark.parametrize("name", WINDOWS)
def test_windows_are_scipys(name: str, is_periodic: bool) -> None:
    for length in (*range(1, 12), 64, 101):
        ours = make_window(name, length, is_periodic=is_periodic)
        theirs = scipy.signal.get_window(name, length, is_periodic)
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-14, err_msg=f"{length} samples")


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(WINDOWS)), st.integers(1, 300), st.booleans())
def test_windows_are_scipys_at_any_length(name: str, length: int, is_periodic: bool) -> None:
    ours = make_window(name, length, is_periodic=is_periodic)
    assert ours.dtype is torch.float64
    theirs = scipy.signal.get_window(name, length, is_periodic)
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-13)
