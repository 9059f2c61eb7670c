"""torch's LSTM for the CPU as a custom operation, which compilers do not look into.

torch 2.13 cannot differentiate its own operation in a compiled graph, and a loop over hundreds of time steps
takes minutes to compile. The backward pass runs the forward pass again, since only oneDNN knows the size of
what it keeps from it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_MODE = 2  # oneDNN's number for an LSTM
_HAS_ONEDNN: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
_kernels: Any = torch.ops.aten


def can_run_lstm(weight: Tensor) -> bool:
    """Return whether the operation takes weights of this kind."""
    return _HAS_ONEDNN and weight.dtype is torch.float32 and weight.device.type == "cpu"


@torch.library.custom_op("kplug::lstm", mutates_args=())
def lstm(
    sequences: Tensor, h: Tensor, c: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Run oneDNN's LSTM.

    Args:
        sequences: Shape (time, N, in), contiguous.
        h: Initial h, shape (N, units).
        c: Initial c, shape (N, units).
        kernel: Shape (4 · units, in), gates i, f, c, o.
        recurrent: Shape (4 · units, units).
        bias: Shape (4 · units,).

    Returns:
        All h (time, N, units), and the last h and c (N, units).
    """
    outputs, last_h, last_c, _ = _forward(sequences, h, c, kernel, recurrent, bias, False)
    return outputs.contiguous(), last_h[0].clone(), last_c[0].clone()


@lstm.register_fake
def _(sequences: Tensor, h: Tensor, *_rest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    outputs = sequences.new_empty((*sequences.shape[:2], h.shape[1]))
    return outputs, torch.empty_like(h), torch.empty_like(h)


@torch.library.custom_op("kplug::lstm_backward", mutates_args=())
def lstm_backward(
    sequences: Tensor,
    h: Tensor,
    c: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    grad_outputs: Tensor,
    grad_h: Tensor,
    grad_c: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the arguments of ``lstm`` for those of its results."""
    outputs, last_h, last_c, workspace = _forward(sequences, h, c, kernel, recurrent, bias, True)
    made = _kernels.mkldnn_rnn_layer_backward(
        sequences, kernel, recurrent, bias, torch.zeros_like(bias), h[None], c[None],
        outputs, last_h, last_c, grad_outputs.contiguous(), grad_h[None], grad_c[None],
        False, _MODE, h.shape[1], 1, True, True, False, [], False, workspace,
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
    # oneDNN keeps what its backward pass needs only where gradients are on.
    with torch.set_grad_enabled(is_training):
        made: tuple[Tensor, Tensor, Tensor, Tensor] = _kernels.mkldnn_rnn_layer(
            sequences, kernel, recurrent, bias, torch.zeros_like(bias), h[None], c[None],
            False, [], _MODE, h.shape[1], 1, True, False, False, is_training,
        )  # fmt: skip
    return made


def _keep_arguments(ctx: Any, inputs: tuple[Tensor, ...], output: Any) -> None:  # noqa: ARG001 - torch's form
    ctx.save_for_backward(*inputs)


def _differentiate(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
    made: tuple[Tensor, ...] = lstm_backward(*ctx.saved_tensors, *gradients)
    return made


lstm.register_autograd(_differentiate, setup_context=_keep_arguments)
