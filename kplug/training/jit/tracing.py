"""Traces one run of a step on real tensors into a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx


@dataclass(frozen=True)
class TracedGraph:
    """A graph, and the origin of its inputs.

    Args:
        graph: Takes the given tensors that it uses, then the fixed ones, each as returned by
            ``as_input``; returns the outputs.
        used: Indices of the given tensors that the graph reads or writes.
        fixed: Further tensors that the step uses, from closures and the like.
    """

    graph: fx.GraphModule
    used: list[int]
    fixed: list[Tensor]

    def find_generator(self) -> bool:
        """Return whether an operation draws from a separate random generator."""
        arguments = (
            argument
            for node in self.graph.graph.nodes
            for argument in (*node.args, *node.kwargs.values(), _find_held(self.graph, node))
        )
        return any(isinstance(argument, torch.Generator) for argument in arguments)

    def describe(self) -> tuple[Any, ...]:
        """Return a key that is equal for graphs that compute the same from inputs of equal shapes."""
        constants = [
            (name, value.dtype, value.shape, tuple(value.reshape(-1).tolist()))
            for name, value in sorted(_find_constants(self.graph).items())
        ]
        return self.graph.code, tuple(self.used), tuple(map(id, self.fixed)), tuple(constants)


def trace(function: Callable[..., Sequence[Tensor]], tensors: Sequence[Tensor]) -> TracedGraph:
    """Run a function and record its operations as a graph.

    The function really runs, side effects included. It receives the tensors themselves, so operations through
    other references to them are recorded too.

    Args:
        function: Called with the tensors; returns the outputs.
        tensors: Different tensors that it may read and write.
    """
    from kplug.training.jit.custom_operators import keep_batch_norms

    with saying_that_it_compiles():
        graph = make_fx(function, tracing_mode="real", _error_on_data_dependent_ops=False)(*tensors)
    fixed = _lift(graph)
    used = _drop_unused(graph, len(tensors))
    _stretch_scalars(graph, [*(tensors[index] for index in used), *fixed])
    _keep_channels_last(graph)
    keep_batch_norms(graph)
    for node in graph.graph.nodes:
        node.meta = {}  # make_fx's metadata of each tensor, which the compiler recomputes
    graph.recompile()
    return TracedGraph(graph, used, fixed)


def as_input(tensor: Tensor) -> Tensor:
    """Return a tensor as a traced graph takes it: without gradient, and see ``_is_lost``."""
    plain = tensor.detach()
    return plain.view(1) if _is_lost(plain) else plain


def _is_lost(tensor: Tensor) -> bool:
    """Return whether torch's compiler loses in-place writes to such an input (torch 2.13)."""
    return not tensor.ndim and tensor.dtype is torch.float64


def _stretch_scalars(graph: fx.GraphModule, tensors: Sequence[Tensor]) -> None:
    """Make the graph take such inputs in shape (1,), and view them in shape () first."""
    inputs = [node for node in graph.graph.nodes if node.op == "placeholder"]
    for node, tensor in zip(inputs, tensors, strict=True):
        if _is_lost(tensor):
            with graph.graph.inserting_after(inputs[-1]):
                view = graph.graph.call_function(torch.ops.aten.view.default, (node, []))
            node.replace_all_uses_with(view, lambda user, view=view: user is not view)


def _keep_channels_last(graph: fx.GraphModule) -> None:
    """Give computed images of one channel, of convolutions on the CPU, the strides of channels that are last.

    torch's compiler may choose any stride for an axis of length one. torch then takes the images for
    channels-first ones, and the convolution and what follows it run in that order, which is slower.
    """
    nodes = [
        node for node in graph.graph.nodes if node.target is torch.ops.aten.convolution.default
    ]
    for images in dict.fromkeys(node.args[0] for node in nodes):
        value = images.meta["val"] if images.op == "call_function" else None
        if value is None or value.device.type != "cpu" or value.ndim != 4:
            continue
        height, width = value.shape[2:]
        strides = (height * width, 1, width, 1)
        if value.shape[1] == 1 and value.stride() == strides:
            with graph.graph.inserting_after(images):
                view = graph.graph.call_function(
                    torch.ops.aten.as_strided.default, (images, [*value.shape], [*strides])
                )
            images.replace_all_uses_with(view, lambda user, view=view: user is not view)


@contextmanager
def saying_that_it_compiles() -> Iterator[None]:
    """Make ``torch.compiler.is_compiling()`` return True, as during torch's own tracing."""
    before = torch.compiler._is_compiling_flag
    torch.compiler._is_compiling_flag = True
    try:
        yield
    finally:
        torch.compiler._is_compiling_flag = before


def _lift(graph: fx.GraphModule) -> list[Tensor]:
    """Turn tensors that existed before the step into inputs."""
    fixed: list[Tensor] = []
    places: dict[int, fx.Node] = {}
    nodes = graph.graph.nodes
    last = [node for node in nodes if node.op == "placeholder"][-1]
    for node in [node for node in nodes if node.op == "get_attr"]:
        tensor = getattr(graph, str(node.target))
        if not isinstance(tensor, Tensor) or _is_constant(node):
            continue
        if id(tensor) not in places:
            with graph.graph.inserting_after(last):
                last = graph.graph.placeholder(f"fixed_{len(fixed)}")
            places[id(tensor)] = last
            fixed.append(tensor)
        node.replace_all_uses_with(places[id(tensor)])
        graph.graph.erase_node(node)
    return fixed


def _is_constant(node: fx.Node) -> bool:
    """Return whether the step itself created a tensor, as ``torch.tensor(0.5)`` does."""
    copies = (torch.ops.aten.lift_fresh_copy.default,)
    return bool(node.users) and all(user.target in copies for user in node.users)


def _find_held(graph: fx.GraphModule, node: fx.Node) -> Any:
    return getattr(graph, str(node.target)) if node.op == "get_attr" else None


def _find_constants(graph: fx.GraphModule) -> dict[str, Tensor]:
    found = {str(node.target): _find_held(graph, node) for node in graph.graph.nodes}
    return {name: value for name, value in found.items() if isinstance(value, Tensor)}


def _drop_unused(graph: fx.GraphModule, count: int) -> list[int]:
    used = []
    nodes = [node for node in graph.graph.nodes if node.op == "placeholder"]
    for index, node in enumerate(nodes[:count]):
        if node.users:
            used.append(index)
        else:
            graph.graph.erase_node(node)
    return used
