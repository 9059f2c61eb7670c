"""The weights of Keras's models in ours: the same number, order and shapes, the same outputs."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.sampled
def test_weights_are_copied(pair: Any) -> None:
    ours = pair.build_ours()
    ours.set_weights(pair.weights)
    pair.check_weights(ours)
    pair.check_outputs(ours)
