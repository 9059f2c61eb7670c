"""torch's CPU LSTM as a custom operator, opaque to ``torch.compile``.

torch 2.13 cannot differentiate its own operator in a compiled graph, and an unrolled loop over hundreds of
time steps takes minutes to compile.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor
from torch.utils._mode_utils import no_dispatch

_MODE = 2  # oneDNN's code of an LSTM
_HAS_ONEDNN: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
_kernels: Any = torch.ops.aten


def can_run_lstm(weight: Tensor) -> bool:
    """Return whether the operator supports weights of this kind."""
    return _HAS_ONEDNN and weight.dtype is torch.float32 and weight.device.type == "cpu"


@torch.library.custom_op("kplug::lstm", mutates_args=())
def lstm(
    sequences: Tensor,
    h: Tensor,
    c: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    is_training: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Run oneDNN's LSTM.

    Args:
        sequences: Shape (time, N, in), contiguous.
        h: Initial h, shape (N, units).
        c: Initial c, shape (N, units).
        kernel: Shape (4 · units, in), gates i, f, c, o.
        recurrent: Shape (4 · units, units).
        bias: Shape (4 · units,).
        is_training: Whether there will be a backward pass.

    Returns:
        All h (time, N, units), the last h and c (N, units), and what the backward pass needs, uint8.
    """
    made = _forward(sequences, h, c, kernel, recurrent, bias, is_training)
    outputs, last_h, last_c, kept = made
    if not is_training:
        kept = sequences.new_empty(0, dtype=torch.uint8)  # oneDNN returns no tensor
    return outputs.contiguous(), last_h[0].clone(), last_c[0].clone(), kept


@lstm.register_fake
def _(sequences: Tensor, h: Tensor, c: Tensor, *rest: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    time, count, features = sequences.shape
    size = find_kept_size(time, count, features, h.shape[1]) if rest[-1] else 0
    outputs = sequences.new_empty((time, count, h.shape[1]))
    kept = sequences.new_empty(size, dtype=torch.uint8)
    return outputs, torch.empty_like(h), torch.empty_like(c), kept


@functools.cache
def find_kept_size(time: int, count: int, features: int, units: int) -> int:
    """Return the workspace size of the backward pass in bytes, by running oneDNN once."""
    with no_dispatch():
        states = torch.zeros(count, units)
        kernel, recurrent = torch.zeros(4 * units, features), torch.zeros(4 * units, units)
        sequences, bias = torch.zeros(time, count, features), torch.zeros(4 * units)
        return _forward(sequences, states, states, kernel, recurrent, bias, True)[3].numel()


@torch.library.custom_op("kplug::lstm_backward", mutates_args=())
def lstm_backward(
    sequences: Tensor,
    h: Tensor,
    c: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    outputs: Tensor,
    last_h: Tensor,
    last_c: Tensor,
    kept: Tensor,
    grad_outputs: Tensor,
    grad_h: Tensor,
    grad_c: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of ``lstm``'s arguments for the gradients of its results."""
    made = _kernels.mkldnn_rnn_layer_backward(
        sequences, kernel, recurrent, bias, torch.zeros_like(bias), h[None], c[None],
        outputs, last_h[None], last_c[None], grad_outputs.contiguous(), grad_h[None], grad_c[None],
        False, _MODE, h.shape[1], 1, True, True, False, [], False, kept,
    )  # fmt: skip
    of_sequences, of_kernel, of_recurrent, of_bias, _, of_h, of_c = made
    shaped = of_sequences, of_h[0], of_c[0], of_kernel, of_recurrent, of_bias
    return tuple(one.clone(memory_format=torch.contiguous_format) for one in shaped)


@lstm_backward.register_fake
def _(*args: Tensor) -> tuple[Tensor, ...]:
    return tuple(torch.empty_like(one, memory_format=torch.contiguous_format) for one in args[:6])


def _forward(
    sequences: Tensor,
    h: Tensor,
    c: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    is_training: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    # oneDNN saves its workspace only with gradients enabled.
    with torch.set_grad_enabled(is_training):
        made: tuple[Tensor, Tensor, Tensor, Tensor] = _kernels.mkldnn_rnn_layer(
            sequences, kernel, recurrent, bias, torch.zeros_like(bias), h[None], c[None],
            False, [], _MODE, h.shape[1], 1, True, False, False, is_training,
        )  # fmt: skip
    return made


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.save_for_backward(*inputs[:-1], *output)


def _differentiate(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
    made: tuple[Tensor, ...] = lstm_backward(*ctx.saved_tensors, *gradients[:3])
    return *made, None


lstm.register_autograd(_differentiate, setup_context=_keep)
