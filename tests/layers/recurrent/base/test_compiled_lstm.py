"""torch's LSTM as one operation that compilers do not look into."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.layers.recurrent.base.compiled_lstm import lstm


def _draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


CHECKS = (
    "test_schema",
    "test_autograd_registration",
    "test_faketensor",
    "test_aot_dispatch_static",
)


def test_opaque_operation() -> None:
    """torch's own checks of a custom operation: its shapes, its gradient, its graphs."""
    arguments = [
        _draw(4, 2, 3), _draw(2, 5), _draw(2, 5), _draw(20, 3), _draw(20, 5), _draw(20),
    ]  # fmt: skip
    arguments = [one.requires_grad_() for one in arguments]
    torch.library.opcheck(lstm, tuple(arguments), test_utils=CHECKS)
