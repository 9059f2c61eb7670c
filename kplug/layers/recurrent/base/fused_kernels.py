"""torch's kernels for whole sequences, called with Keras's weights.

Keras's kernel (in, gates · units) lies in memory as torch's weight (gates · units, in), so nothing is
copied. torch has two biases where Keras has one; the second is 0.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kplug.layers.recurrent.base.compiled_gru import can_run_by_hand, gru, simple_rnn
from kplug.layers.recurrent.base.compiled_lstm import can_run_lstm, lstm


def run_lstm(
    sequences: Tensor, states: list[Tensor], weights: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Run torch's LSTM.

    Args:
        sequences: Shape (N, time, in).
        states: h and c, shape (N, units) each.
        weights: Torch's: (4·units, in), (4·units, units), and two biases (4·units,) or none; the gates
            are i, f, c, o, as in Keras.

    Returns:
        All h, shape (N, time, units), and the last h and c.
    """
    if torch.compiler.is_compiling() and can_run_lstm(weights[0]):
        turned = sequences.transpose(0, 1).contiguous()
        outputs, h, c = lstm(turned, *states, *_with_biases(weights)[:3])
        return outputs.transpose(0, 1), [h, c]
    first = tuple(state.unsqueeze(0) for state in states)
    # "Training", since cuDNN keeps what its backward pass needs only then.
    outputs, h, c = torch.lstm(
        sequences, first, weights, len(weights) == 4, 1, 0.0,
        torch.is_grad_enabled(), False, True,
    )  # fmt: skip
    return outputs, [h.squeeze(0), c.squeeze(0)]


def run_gru(
    sequences: Tensor, states: list[Tensor], weights: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Run torch's GRU, which applies the reset gate after the matrix.

    Args:
        sequences: Shape (N, time, in).
        states: h, shape (N, units).
        weights: As for ``run_lstm``; the gates are r, z, h, in Keras z, r, h.
    """
    if torch.compiler.is_compiling() and can_run_by_hand(weights[0]):
        made = gru(sequences.transpose(0, 1).contiguous(), states[0], *_with_biases(weights))
        return made.transpose(0, 1), [made[-1]]
    outputs, h = torch.gru(
        sequences, states[0].unsqueeze(0), weights, len(weights) == 4, 1, 0.0,
        torch.is_grad_enabled(), False, True,
    )  # fmt: skip
    return outputs, [h.squeeze(0)]


def run_simple(
    sequences: Tensor, states: list[Tensor], weights: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Run torch's network of one tanh; its arguments are those of ``run_lstm``."""
    if torch.compiler.is_compiling() and can_run_by_hand(weights[0]):
        turned = sequences.transpose(0, 1).contiguous()
        made = simple_rnn(turned, states[0], *_with_biases(weights)[:3])
        return made.transpose(0, 1), [made[-1]]
    outputs, h = torch.rnn_tanh(
        sequences, states[0].unsqueeze(0), weights, len(weights) == 4, 1, 0.0,
        torch.is_grad_enabled(), False, True,
    )  # fmt: skip
    return outputs, [h.squeeze(0)]


def _with_biases(weights: list[Tensor]) -> list[Tensor]:
    if len(weights) == 4:
        return weights
    none = weights[0].new_zeros(len(weights[0]))
    return [*weights, none, none]


def run_where(
    kernel: Callable[..., tuple[Tensor, list[Tensor]]],
    sequences: Tensor,
    states: list[Tensor],
    mask: Tensor,
    *,
    needs_states: bool,
) -> tuple[Tensor, list[Tensor]]:
    """Run a kernel over the times that a mask keeps, as if the others were not there.

    The kept times of each sample are moved to the front, and the outputs are put back where they
    belong; nothing depends on the values of the mask, so the device is not waited for.

    Args:
        kernel: What runs over whole sequences. Where there are several states it may be given a third
            argument, which times count, and then returns the states after those.
        sequences: Shape (N, time, in).
        states: The first states; the first of them is what the kernel outputs.
        mask: Booleans, shape (N, time).
        needs_states: Whether the states are wanted.

    Returns:
        The outputs (N, time, units), at a masked time that of the time before (0 at the start); and
        the states after the last kept time, (N, units) each; only the first if they are not wanted.
    """
    order = torch.argsort(mask.logical_not().to(torch.uint8), dim=1, stable=True)
    front = sequences.gather(1, order.unsqueeze(-1).expand_as(sequences))
    # All outputs are known, so of the states only those that are no output, such as an LSTM's c.
    needs_others = needs_states and len(states) > 1
    made, ends = kernel(front, states, *([mask.gather(1, order)] if needs_others else []))
    counts = mask.cumsum(1)
    outputs = _pick(torch.cat([torch.zeros_like(made[:, :1]), made], 1), counts)
    last = _pick(torch.cat([states[0].unsqueeze(1), made], 1), counts[:, -1:])
    return outputs, [last.squeeze(1), *(ends[1:] if needs_others else [])]


def hold_after(
    kept: Tensor, sequences: Tensor, weights: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Return inputs and weights with which an LSTM's c stays as it is where ``kept`` is False.

    One more feature is 1 there, and its weights shut the gate i and open f: the sigmoids of ∓10⁴ are 0
    and 1 in every type, and so exact that no gradient passes either.

    Args:
        kept: Booleans, shape (N, time).
        sequences: Shape (N, time, in).
        weights: Torch's, as for ``run_lstm``.
    """
    kernel, *others = weights
    pushes = kernel.new_zeros(4, len(kernel) // 4, 1)
    pushes[0], pushes[1] = -1e4, 1e4
    is_kept = kept.unsqueeze(-1)
    inputs = [sequences.where(is_kept, 0.0), is_kept.logical_not().to(sequences.dtype)]
    return torch.cat(inputs, -1), [torch.cat([kernel, pushes.flatten(0, 1)], 1), *others]


def _pick(rows: Tensor, places: Tensor) -> Tensor:
    return rows.gather(1, places.unsqueeze(-1).expand(-1, -1, rows.shape[-1]))
