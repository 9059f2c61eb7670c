"""Means of given values, against Keras."""

from __future__ import annotations

import keras
import numpy as np
import torch
from hypothesis import given, settings, strategies as st

from kplug import metrics

shapes = st.one_of(
    st.tuples(st.integers(1, 5)),
    st.tuples(st.integers(1, 4), st.integers(2, 4)),
    st.tuples(st.integers(1, 3), st.integers(2, 3), st.integers(2, 3)),
)


@settings(max_examples=50, deadline=None)
@given(shape=shapes, seed=st.integers(0, 2**16), weight_rank=st.integers(0, 4))
def test_mean_equals_keras(shape: tuple[int, ...], seed: int, weight_rank: int) -> None:
    generator = np.random.default_rng(seed)
    weight_shape = shape[:weight_rank]
    ours, oracle = metrics.Mean(), keras.metrics.Mean()
    for _ in range(2):
        values = torch.tensor(generator.normal(size=shape), dtype=torch.float32)
        weights = None
        if 1 <= weight_rank <= len(shape):
            weights = torch.tensor(generator.integers(0, 4, weight_shape), dtype=torch.float32)
        ours.update_state(values, weights)
        oracle.update_state(values, weights)
    torch.testing.assert_close(ours.result(), oracle.result(), rtol=1e-5, atol=1e-6)
