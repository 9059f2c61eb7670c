"""A graph as data that another process can read."""

from __future__ import annotations

import pickle

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from kplug.training.jit.graph_description import GraphDescription


def compute(x: Tensor, y: Tensor) -> list[Tensor]:
    noise = torch.rand(3, 5)  # it has no tensor among its arguments
    first, second = torch.stack([x @ y, noise]).unbind()
    return [first * torch.tensor(0.5) + second, torch.cat([x[1:, ::2], x[1:, ::2]])]


def test_a_graph_is_read_as_it_was() -> None:
    inputs = [torch.randn(3, 4), torch.randn(4, 5)]
    graph = make_fx(compute)(*inputs)
    read = pickle.loads(pickle.dumps(GraphDescription.of(graph))).make()
    assert read.code == graph.code
    assert type(read).__name__ == type(graph).__name__
    for _ in range(2):  # random numbers are drawn at each call
        state = torch.get_rng_state()
        expected = graph(*inputs)
        torch.set_rng_state(state)
        torch.testing.assert_close(read(*inputs), expected, rtol=0, atol=0)
