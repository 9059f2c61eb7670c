"""Custom operators where torch's compiler generates slower or wrong code."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx

_pool_backward = torch.ops.aten.max_pool2d_with_indices_backward.default
_norm = torch.ops.aten.native_batch_norm.default
_norm_backward = torch.ops.aten.native_batch_norm_backward.default
_margin_loss = torch.ops.aten.multilabel_margin_loss_forward.default

_LARGE = 1 << 17  # numbers, which a batch normalization takes about 50 µs for


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


@torch.library.custom_op("kplug::batch_norm", mutates_args=())
def _batch_norm(
    inputs: Tensor, gamma: Tensor, beta: Tensor | None, epsilon: float
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Run torch's kernel; return outputs, what the gradient needs, and the moments of the batch."""
    mean, variance = torch.zeros_like(gamma), torch.zeros_like(gamma)
    found = _norm(inputs, gamma, beta, mean, variance, True, 1.0, epsilon)
    return *found, mean, variance


@_batch_norm.register_fake
def _(inputs: Tensor, gamma: Tensor, *arguments: Any) -> tuple[Tensor, ...]:  # noqa: ARG001 - the same signature
    return torch.empty_like(inputs), *(torch.empty_like(gamma) for _ in range(4))


@torch.library.custom_op("kplug::batch_norm_backward", mutates_args=())
def _batch_norm_backward(
    gradient: Tensor, inputs: Tensor, gamma: Tensor, mean: Tensor, inverse: Tensor, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Run torch's kernel, which the compiler does not look into."""
    found: tuple[Tensor, Tensor, Tensor] = _norm_backward(
        gradient,
        inputs,
        gamma,
        None,
        None,
        mean,
        inverse,
        True,
        epsilon,
        [True] * 3,
    )
    return found


@_batch_norm_backward.register_fake
def _(gradient: Tensor, inputs: Tensor, gamma: Tensor, *arguments: Any) -> tuple[Tensor, ...]:  # noqa: ARG001
    return torch.empty_like(inputs), torch.empty_like(gamma), torch.empty_like(gamma)


def keep_batch_norms(graph: fx.GraphModule) -> None:
    """Replace batch normalizations of large tensors on a CPU by calls of torch's kernels.

    Compiled code takes two to three times as long for them (torch 2.13), and slows the convolutions beside
    them. Small ones stay, as a call costs more than they do. The nodes of the graph must have their values.
    """
    places = {node: place for place, node in enumerate(graph.graph.nodes)}
    for node in places:
        if node.target not in (_norm, _norm_backward):
            continue
        given: Any = node.args
        value, gamma = given[0].meta["val"], given[1 if node.target is _norm else 2]
        if value.device.type != "cpu" or value.numel() < _LARGE or gamma is None:
            continue
        if node.target is _norm and _is_of_batch(given, places, places[node]):
            _replace_norm(graph.graph, node, given)
        elif node.target is _norm_backward and given[7] and all(given[9]):
            node.args = (*given[:3], *given[5:7], given[8])
            node.target = torch.ops.kplug.batch_norm_backward.default


def _is_of_batch(given: Any, places: Mapping[fx.Node, int], place: int) -> bool:
    """Return whether it writes the moments of its batch into new tensors, as a layer of kplug's does."""
    moments: list[fx.Node] = list(given[3:5])
    return (
        bool(given[5])
        and given[6] == 1.0
        and all(
            moment.op == "call_function" and all(places[user] >= place for user in moment.users)
            for moment in moments
        )
    )


def _replace_norm(graph: fx.Graph, node: fx.Node, given: Any) -> None:
    with graph.inserting_before(node):
        made = graph.call_function(torch.ops.kplug.batch_norm.default, (*given[:3], given[7]))
        moments = [graph.call_function(operator.getitem, (made, place)) for place in (3, 4)]
    node.replace_all_uses_with(made)
    graph.erase_node(node)
    for moment, new in zip(given[3:5], moments, strict=True):
        moment.replace_all_uses_with(new)
        graph.erase_node(moment)


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
