"""The operations that compilers do not look into, whose backward passes are written by hand."""

from __future__ import annotations

import pytest
import torch

from kplug.layers.recurrent.base import jit_gru as by_hand
from tests.layers.inputs import draw

CHECKS = (
    "test_schema",
    "test_autograd_registration",
    "test_faketensor",
    "test_aot_dispatch_static",
)


@pytest.mark.parametrize("name", ["gru", "simple_rnn"])
def test_backward_passes_by_hand(name: str) -> None:
    """Against finite differences in float64, then torch's own checks of a custom operation."""
    gates = 3 if name == "gru" else 1
    shapes = [(4, 2, 3), (2, 5), (5 * gates, 3), (5 * gates, 5), (5 * gates,), (5 * gates,)]
    drawn = [draw(*shape, seed=seed).double() for seed, shape in enumerate(shapes)]
    arguments = tuple(one.requires_grad_() for one in drawn[: 6 if name == "gru" else 5])
    operation = getattr(by_hand, name)
    assert torch.autograd.gradcheck(operation, arguments)
    torch.library.opcheck(operation, arguments, test_utils=CHECKS)
