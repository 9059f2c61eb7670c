"""Every architecture in bfloat16: what it predicts is rounded, and no more than that."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.mark.sampled
def test_predictions_are_those_of_float32_up_to_rounding(sampled_pair: Any) -> None:
    model = sampled_pair.build_ours()
    model.set_weights(sampled_pair.weights)
    model.compile("sgd", "mse", precision="bf16")
    inputs = sampled_pair.inputs
    made = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    made = made if isinstance(made, list) else [made]
    for one, other in zip(made, sampled_pair.expected, strict=True):
        # bfloat16 has 8 bits: a rounding is 0.4 % at most, and a few of them follow one another.
        np.testing.assert_allclose(one, other, rtol=0.0, atol=0.03 * np.abs(other).max())
