"""Operations that torch's compiler writes worse code for than torch has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx

_pool_backward = torch.ops.aten.max_pool2d_with_indices_backward.default


@torch.library.custom_op("kplug::max_pool2d_backward", mutates_args=())
def _max_pool2d_backward(
    gradient: Tensor,
    inputs: Tensor,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
    indices: Tensor,
) -> Tensor:
    """Run torch's kernel, which the compiler does not look into."""
    found: Tensor = _pool_backward(
        gradient, inputs, kernel_size, stride, padding, dilation, ceil_mode, indices
    )
    return found


@_max_pool2d_backward.register_fake
def _(gradient: Tensor, inputs: Tensor, *arguments: Any) -> Tensor:  # noqa: ARG001 - the same signature
    return torch.empty_like(inputs)


def keep_kernels(graph: fx.GraphModule) -> None:
    """Let a graph call torch's kernels where the compiler's own code is slower on a CPU.

    The gradient of max pooling becomes a loop over single numbers there, a third of the time of a small
    convolutional network (torch 2.13).
    """
    for node in graph.graph.nodes:
        if node.target is _pool_backward:
            node.target = torch.ops.kplug.max_pool2d_backward.default
