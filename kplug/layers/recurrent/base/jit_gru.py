"""CPU kernels of GRU and simple RNN as custom operators, opaque to ``torch.compile``.

Without them, ``torch.compile`` unrolls the loop over time steps and takes minutes. The backward passes are
handwritten: they recompute the gates of all time steps at once from the outputs; only the part that depends
on the next step's gradient runs in a loop.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def can_run_by_hand(weight: Tensor) -> bool:
    """Return whether the operators support weights of this kind."""
    return weight.device.type == "cpu" and weight.dtype in (torch.float32, torch.float64)


@torch.library.custom_op("kplug::gru", mutates_args=())
def gru(
    sequences: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    inner_bias: Tensor,
) -> Tensor:
    """Run torch's GRU.

    Args:
        sequences: Shape (time, N, in).
        h: Initial state, shape (N, units).
        kernel: Shape (3 · units, in), gates r, z, n.
        recurrent: Shape (3 · units, units).
        bias: Of the inputs, shape (3 · units,).
        inner_bias: Of the state, shape (3 · units,).

    Returns:
        All states, shape (time, N, units).
    """
    weights = [kernel, recurrent, bias, inner_bias]
    outputs, _ = torch.gru(sequences, h[None], weights, True, 1, 0.0, False, False, False)
    return outputs.contiguous()


@torch.library.custom_op("kplug::gru_backward", mutates_args=())
def gru_backward(
    sequences: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    inner_bias: Tensor,
    outputs: Tensor,
    gradient: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of ``gru``'s arguments for the gradient of its result."""
    before = torch.cat([h[None], outputs[:-1]])
    x_r, x_z, x_n = F.linear(sequences, kernel, bias).chunk(3, dim=2)
    inner = F.linear(before, recurrent, inner_bias)
    h_r, h_z, h_n = inner.chunk(3, dim=2)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    # The derivatives of the state with respect to the pre-activation gates; buffers are reused.
    to_n = (1 - z) * (1 - n * n)
    h_r.copy_(to_n * h_n * r * (1 - r))
    h_z.copy_((before - n) * z * (1 - z))
    h_n.copy_(to_n * r)
    of_states, of_h = _go_back(gradient, inner, z, recurrent)
    of_inner = (of_states.repeat(1, 1, 3) * inner).flatten(0, 1)
    of_gates = of_inner.clone()
    of_gates[:, -h.shape[1] :] = (of_states * to_n).flatten(0, 1)
    return (
        (of_gates @ kernel).view(sequences.shape),
        of_h,
        of_gates.t() @ sequences.flatten(0, 1),
        of_inner.t() @ before.flatten(0, 1),
        of_gates.sum(0),
        of_inner.sum(0),
    )


def _go_back(
    gradient: Tensor, through_state: Tensor, kept: Tensor | None, recurrent: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the gradients of the states of all time steps, and of the initial one."""
    gates = through_state.shape[2] // gradient.shape[2]
    later = torch.zeros_like(gradient[0])
    found = []
    for time in range(len(gradient) - 1, -1, -1):
        now = gradient[time] + later
        found.append(now)
        spread = now.repeat(1, gates) * through_state[time]
        later = (
            spread @ recurrent if kept is None else torch.addmm(now * kept[time], spread, recurrent)
        )
    return torch.stack(found[::-1]), later


@torch.library.custom_op("kplug::simple_rnn", mutates_args=())
def simple_rnn(
    sequences: Tensor, h: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor
) -> Tensor:
    """Run torch's simple RNN with tanh; the arguments are those of ``gru``, for one gate."""
    weights = [kernel, recurrent, bias, torch.zeros_like(bias)]
    outputs, _ = torch.rnn_tanh(sequences, h[None], weights, True, 1, 0.0, False, False, False)
    return outputs.contiguous()


@torch.library.custom_op("kplug::simple_rnn_backward", mutates_args=())
def simple_rnn_backward(
    sequences: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor,  # noqa: ARG001 - the fake needs its shape
    outputs: Tensor,
    gradient: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of ``simple_rnn``'s arguments for the gradient of its result."""
    before = torch.cat([h[None], outputs[:-1]])
    slope = 1 - outputs * outputs
    of_states, of_h = _go_back(gradient, slope, None, recurrent)
    of_gates = (of_states * slope).flatten(0, 1)
    return (
        (of_gates @ kernel).view(sequences.shape),
        of_h,
        of_gates.t() @ sequences.flatten(0, 1),
        of_gates.t() @ before.flatten(0, 1),
        of_gates.sum(0),
    )


def _fake_outputs(sequences: Tensor, h: Tensor, *_rest: Tensor) -> Tensor:
    return sequences.new_empty((*sequences.shape[:2], h.shape[1]))


def _fake_gradients(*args: Tensor) -> tuple[Tensor, ...]:
    return tuple(torch.empty_like(one, memory_format=torch.contiguous_format) for one in args[:-2])


def _keep_all(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs, output)


def _differentiate_gru(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
    made: tuple[Tensor, ...] = gru_backward(*ctx.saved_tensors, gradient.contiguous())
    return made


def _differentiate_simple_rnn(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
    made: tuple[Tensor, ...] = simple_rnn_backward(*ctx.saved_tensors, gradient.contiguous())
    return made


gru.register_fake(_fake_outputs)
simple_rnn.register_fake(_fake_outputs)
gru_backward.register_fake(_fake_gradients)
simple_rnn_backward.register_fake(_fake_gradients)
gru.register_autograd(_differentiate_gru, setup_context=_keep_all)
simple_rnn.register_autograd(_differentiate_simple_rnn, setup_context=_keep_all)
