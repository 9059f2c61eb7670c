"""Runs torch's fused recurrent kernels on Keras's weights.

Keras's kernel (in, gates · units) has the memory layout of torch's weight (gates · units, in), so nothing
is copied. torch has two biases where Keras has one; the second is 0. The custom operators of compiled graphs
are imported lazily: registering them with torch takes as long as importing fifty modules.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor
from torch.utils._mode_utils import no_dispatch


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
    # torch's own CPU operator is not differentiable in a compiled graph (see ``jit_lstm``).
    if _is_compiled():
        from kplug.layers.recurrent.base.jit_lstm import can_run_lstm, lstm

        if can_run_lstm(weights[0]):
            turned = sequences.transpose(0, 1).contiguous()
            is_training = torch.is_grad_enabled()
            outputs, h, c, _ = lstm(turned, *states, *_with_biases(weights)[:3], is_training)
            return outputs.transpose(0, 1), [h, c]
    is_narrow = torch.is_autocast_enabled("cpu") and weights[0].device.type == "cpu"
    if is_narrow and not _can_narrow_lstm(torch.get_autocast_dtype("cpu")):
        wide = [one.to(weights[0].dtype) for one in (sequences, *states)]
        with torch.autocast("cpu", enabled=False):
            return _run_lstm(wide[0], wide[1:], weights)
    return _run_lstm(sequences, states, weights)


def _run_lstm(
    sequences: Tensor, states: list[Tensor], weights: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    first = tuple(state.unsqueeze(0) for state in states)
    # In training mode, since only then cuDNN saves tensors for its backward pass.
    outputs, h, c = torch.lstm(
        sequences, first, weights, len(weights) == 4, 1, 0.0,
        torch.is_grad_enabled(), False, True,
    )  # fmt: skip
    return outputs, [h.squeeze(0), c.squeeze(0)]


@functools.cache
def _can_narrow_lstm(dtype: torch.dtype) -> bool:
    """Return whether oneDNN has an LSTM of a type, which autocast asks for on every CPU."""
    try:
        with no_dispatch(), torch.autocast("cpu", dtype):  # fake tensors would never raise
            one = torch.zeros(1, 1, 1)
            state = one.new_zeros(1, 1)
            weights = [one.new_zeros(4, 1), one.new_zeros(4, 1), one.new_zeros(4), one.new_zeros(4)]
            _run_lstm(one, [state, state], weights)
    except RuntimeError:
        return False
    return True


def run_gru(
    sequences: Tensor, states: list[Tensor], weights: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Run torch's GRU, which applies the reset gate after the matrix.

    Args:
        sequences: Shape (N, time, in).
        states: h, shape (N, units).
        weights: As for ``run_lstm``; the gates are r, z, h, in Keras z, r, h.
    """
    if _is_compiled():
        from kplug.layers.recurrent.base.jit_gru import can_run_by_hand, gru

        if can_run_by_hand(weights[0]):
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
    """Run torch's simple RNN with tanh; its arguments are those of ``run_lstm``."""
    if _is_compiled():
        from kplug.layers.recurrent.base.jit_gru import can_run_by_hand, simple_rnn

        if can_run_by_hand(weights[0]):
            turned = sequences.transpose(0, 1).contiguous()
            made = simple_rnn(turned, states[0], *_with_biases(weights)[:3])
            return made.transpose(0, 1), [made[-1]]
    outputs, h = torch.rnn_tanh(
        sequences, states[0].unsqueeze(0), weights, len(weights) == 4, 1, 0.0,
        torch.is_grad_enabled(), False, True,
    )  # fmt: skip
    return outputs, [h.squeeze(0)]


def _is_compiled() -> bool:
    """Whether torch's compiler makes code of the call; a graph for export has torch's own operators."""
    return torch.compiler.is_compiling() and not torch.compiler.is_exporting()


def _with_biases(weights: list[Tensor]) -> list[Tensor]:
    if len(weights) == 4:
        return weights
    none = weights[0].new_zeros(len(weights[0]))
    return [*weights, none, none]
