"""Dropout of inputs and of states: the same for all times of a sequence."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import kplug
from kplug import layers
from kplug.errors import KplugWarning

NAMES = ["SimpleRNN", "LSTM", "GRU"]


def _kept_columns(layer: Any, size: int, times: int) -> Tensor:
    """Return which inputs of a sample reach the output at each time, found from gradients."""
    layer.build_for((None, times, size))
    layer.set_weights([0.05 * torch.rand(weight.shape).numpy() for weight in layer.get_weights()])
    x = torch.ones(1, times, size, requires_grad=True)
    layer(x, training=True).sum().backward()
    assert x.grad is not None
    return x.grad[0] != 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("use_cudnn", ["auto", False])
def test_the_same_inputs_are_dropped_at_all_times(name: str, use_cudnn: Any) -> None:
    layer = getattr(layers, name)(4, dropout=0.5, seed=3, use_cudnn=use_cudnn)
    kept = _kept_columns(layer, 40, 5)
    assert torch.equal(kept, kept[:1].expand_as(kept))
    assert 8 <= int(kept[0].sum()) <= 32


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_implementation_1_drops_other_inputs_for_each_gate(name: str) -> None:
    # An input is lost only if all gates drop it: 1 in 8 or 16, not 1 in 2.
    kept = _kept_columns(getattr(layers, name)(4, dropout=0.5, implementation=1, seed=3), 200, 3)
    kept = kept[1:]  # at first the state is 0, so the gates that act on it do not show
    assert torch.equal(kept, kept[:1].expand_as(kept))
    assert int(kept[0].sum()) > 150


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rates", [(0.3, 0.0), (0.0, 0.3), (0.3, 0.3)])
def test_only_in_training(name: str, rates: tuple[float, float]) -> None:
    layer = getattr(layers, name)(30, dropout=rates[0], recurrent_dropout=rates[1])
    x = torch.ones(2, 5, 40)
    torch.testing.assert_close(layer(x), layer(x))
    assert not torch.allclose(layer(x, training=True), layer(x, training=True))
    plain = getattr(layers, name)(30)
    plain.build_for((None, 5, 40))
    plain.set_weights(layer.get_weights())
    torch.testing.assert_close(layer(x), plain(x))


@pytest.mark.parametrize("name", NAMES)
def test_seed(name: str) -> None:
    made = []
    for _ in range(2):
        layer = getattr(layers, name)(4, dropout=0.5, recurrent_dropout=0.5, seed=5)
        layer.build_for((None, 5, 3))
        layer.set_weights([torch.full(w.shape, 0.3).numpy() for w in layer.get_weights()])
        made.append(layer(torch.ones(2, 5, 3), training=True))
    torch.testing.assert_close(*made)


def test_the_state_drops_the_same_units_at_all_times() -> None:
    """One unit a gate of h ← x + h · factor: its factor shows in each step."""
    layer = layers.SimpleRNN(
        50,
        activation=None,
        use_bias=False,
        kernel_initializer="ones",
        recurrent_initializer="identity",
        recurrent_dropout=0.5,
        return_sequences=True,
    )
    outputs = layer(torch.ones(1, 3, 1), training=True).detach()[0]
    # 1, then 1 + 2·1, then 1 + 2·3 where the state is kept (factor 2), and 1 where it is dropped.
    assert {tuple(column.tolist()) for column in outputs.T} == {(1.0, 1.0, 1.0), (1.0, 3.0, 7.0)}


def test_mean_is_kept() -> None:
    layer = layers.SimpleRNN(
        1, activation=None, kernel_initializer="ones", dropout=0.4, return_sequences=True
    )
    outputs = layer(torch.ones(4000, 1, 10), training=True).detach()
    assert outputs.mean().item() == pytest.approx(10.0, abs=0.3)


def test_stacked_cells_drop_the_same_at_all_times() -> None:
    cells = [layers.GRUCell(6, dropout=0.5), layers.GRUCell(4, dropout=0.5)]
    kept = _kept_columns(layers.RNN(cells), 40, 4)
    assert torch.equal(kept, kept[:1].expand_as(kept))


class _Doubling(layers.SimpleRNNCell):
    """Changes its inputs in place, outside of ``call``."""

    def project(self, inputs: Tensor, drops: Any) -> Tensor:
        inputs *= 2
        return super().project(inputs, drops)


@pytest.mark.parametrize("is_chained", [False, True])
def test_a_method_of_a_cell_that_changes_its_inputs_leaves_the_callers(is_chained: bool) -> None:
    cell = _Doubling(2)
    layer = layers.RNN([cell, layers.GRUCell(2)] if is_chained else cell)
    inputs = layers.Input((4, 3))
    model = kplug.Model(inputs, layer(inputs))
    x = torch.ones(1, 4, 3)
    with pytest.warns(KplugWarning, match="changes in place what it is handed"):
        first = model(x)
    assert torch.equal(x, torch.ones(1, 4, 3))
    torch.testing.assert_close(model(x), first)
    assert torch.equal(x, torch.ones(1, 4, 3))
