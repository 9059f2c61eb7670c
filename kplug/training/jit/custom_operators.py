"""Custom operators where torch's compiler generates slower or wrong code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx

_pool_backward = torch.ops.aten.max_pool2d_with_indices_backward.default
_margin_loss = torch.ops.aten.multilabel_margin_loss_forward.default


# Numbers instead of lists: an operation with list arguments doubles the C++ compile time.
@torch.library.custom_op("kplug::max_pool2d_backward", mutates_args=())
def _max_pool2d_backward(
    gradient: Tensor,
    inputs: Tensor,
    kernel_height: int,
    kernel_width: int,
    stride_height: int,
    stride_width: int,
    padding_height: int,
    padding_width: int,
    dilation_height: int,
    dilation_width: int,
    ceil_mode: bool,
    indices: Tensor,
) -> Tensor:
    """Run torch's kernel, which the compiler does not look into."""
    found: Tensor = _pool_backward(
        gradient,
        inputs,
        (kernel_height, kernel_width),
        (stride_height, stride_width),
        (padding_height, padding_width),
        (dilation_height, dilation_width),
        ceil_mode,
        indices,
    )
    return found


@_max_pool2d_backward.register_fake
def _(gradient: Tensor, inputs: Tensor, *arguments: Any) -> Tensor:  # noqa: ARG001 - the same signature
    return torch.empty_like(inputs)


def _spread_lists(
    gradient: fx.Node,
    inputs: fx.Node,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
    indices: fx.Node,
) -> tuple[Any, ...]:
    """Convert the arguments of torch's operation to those of ``kplug::max_pool2d_backward``."""
    lists = (kernel_size, stride or kernel_size, padding, dilation)
    # A list of one number applies to both directions.
    numbers = [number for each in lists for number in (each[0], each[-1])]
    return gradient, inputs, *numbers, ceil_mode, indices


@torch.library.custom_op("kplug::multilabel_margin_loss", mutates_args=())
def _multilabel_margin_loss(
    inputs: Tensor, targets: Tensor, reduction: int
) -> tuple[Tensor, Tensor]:
    """Run torch's kernel, which the compiler does not look into."""
    found: tuple[Tensor, Tensor] = _margin_loss(inputs, targets, reduction)
    return found


@_multilabel_margin_loss.register_fake
def _(inputs: Tensor, targets: Tensor, reduction: int) -> tuple[Tensor, Tensor]:
    found: tuple[Tensor, Tensor] = _margin_loss(inputs, targets, reduction)
    return found


def keep_kernels(graph: fx.GraphModule, *, is_on_cpu: bool) -> None:
    """Replace operations by calls of torch's kernels where compiled code is wrong, or slower on a CPU.

    Compiled code of the multilabel margin loss reads the padding of its target lists as class 0. The
    gradient of max pooling compiles to a scalar loop on a CPU, which takes a third of the time of a small
    convolutional network (both torch 2.13).
    """
    for node in graph.graph.nodes:
        if node.target is _margin_loss:
            node.target = torch.ops.kplug.multilabel_margin_loss.default
        elif node.target is _pool_backward and is_on_cpu:
            node.args = _spread_lists(*node.args)
            node.target = torch.ops.kplug.max_pool2d_backward.default
    graph.recompile()
