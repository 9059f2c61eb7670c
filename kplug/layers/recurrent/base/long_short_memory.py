"""LSTM equations, independent of how the gates are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor


def open_forget_gate(bias: Tensor) -> None:
    """Set the second quarter of a bias, that of the gate f, to 1, in place."""
    bias.chunk(4)[1].fill_(1.0)


def update_memory(
    gates: Sequence[Tensor],
    c: Tensor,
    recurrent_activation: Callable[[Tensor], Tensor],
    activation: Callable[[Tensor], Tensor],
) -> tuple[Tensor, list[Tensor]]:
    """Return the output h, and the new states h and c.

        c ← σ(f) · c + σ(i) · a(new);  h ← σ(o) · a(c)

    Args:
        gates: The pre-activations of i, f, new and o.
        c: The memory.
        recurrent_activation: σ.
        activation: a.
    """
    i, f, new, o = gates
    c = recurrent_activation(f) * c + recurrent_activation(i) * activation(new)
    h = recurrent_activation(o) * activation(c)
    return h, [h, c]
