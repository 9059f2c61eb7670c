"""Where recurrent layers run on torch's fused kernels, and where step by step."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kplug import layers


class Halved(layers.GRUCell):
    """A cell whose step is another one than torch's kernel computes."""

    def step(self, projected: Tensor, states: list[Tensor], drops: Any) -> Any:
        """Return half of what the cell returns."""
        output, made = super().step(projected, states, drops)
        return output / 2, [state / 2 for state in made]


MASK = torch.tensor([[1, 1, 0, 0], [1, 0, 1, 1]]).bool()
ON_KERNEL: dict[str, Any] = {
    "SimpleRNN": lambda: layers.SimpleRNN(3),
    "LSTM": lambda: layers.LSTM(3),
    "GRU": lambda: layers.GRU(3),
    "RNN of a cell": lambda: layers.RNN(layers.LSTMCell(3)),
    "dropout of the inputs": lambda: layers.LSTM(3, dropout=0.5, implementation=2),
}
STEP_BY_STEP: dict[str, Any] = {
    "another activation": lambda: layers.LSTM(3, activation="relu"),
    "the gates of Keras 2": lambda: layers.LSTM(3, recurrent_activation="hard_sigmoid"),
    "a reset before": lambda: layers.GRU(3, reset_after=False),
    "dropout of the state": lambda: layers.LSTM(3, recurrent_dropout=0.5),
    "dropout for each gate": lambda: layers.LSTM(3, dropout=0.5, implementation=1),
    "not wanted": lambda: layers.LSTM(3, use_cudnn=False),
    "another step": lambda: layers.RNN(Halved(3)),
    "outputs of the cell penalized": lambda: layers.RNN(
        layers.GRUCell(3, activity_regularizer="l2")
    ),
}


def _count_kernel_runs(layer: Any, mask: Tensor | None, monkeypatch: pytest.MonkeyPatch) -> int:
    runs: list[Any] = []
    run_kernel = layer.cell.run_kernel

    def count(*args: Any) -> Any:
        runs.append(args)
        return run_kernel(*args)

    monkeypatch.setattr(type(layer.cell), "run_kernel", lambda _, *args: count(*args))
    layer(torch.randn(2, 4, 5), mask=mask, training=True)
    return len(runs)


@pytest.mark.parametrize("mask", [None, MASK], ids=["plain", "masked"])
@pytest.mark.parametrize("name", ON_KERNEL)
def test_on_the_kernel(name: str, mask: Tensor | None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _count_kernel_runs(ON_KERNEL[name](), mask, monkeypatch) == 1


@pytest.mark.parametrize("mask", [None, MASK], ids=["plain", "masked"])
@pytest.mark.parametrize("name", STEP_BY_STEP)
def test_step_by_step(name: str, mask: Tensor | None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _count_kernel_runs(STEP_BY_STEP[name](), mask, monkeypatch) == 0


def test_each_of_stacked_cells_runs_on_its_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []
    for cell in (layers.LSTMCell, layers.GRUCell):
        run_kernel = cell.run_kernel

        def count(self: Any, *args: Any, run_kernel: Any = run_kernel) -> Any:
            runs.append(type(self).__name__)
            return run_kernel(self, *args)

        monkeypatch.setattr(cell, "run_kernel", count)
    layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)])(torch.randn(2, 4, 5))
    assert runs == ["LSTMCell", "GRUCell"]
