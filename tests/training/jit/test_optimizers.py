"""Eager and compiled runs give what a loop by hand gives, for every optimizer that comes with kplug."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor

from kplug.errors import EagerStepWarning
from tests.training.jit.by_hand import loop

Compare = Callable[..., None]


def mean_squares(y: Tensor, p: Tensor) -> Tensor:
    return ((p - y) ** 2).mean()


@pytest.fixture
def compare(fit: Any, assert_same_run: Compare, compiled_graphs: list[int]) -> Compare:
    """Return a function of a case and of which runs of ``fit`` are compared with the loop by hand."""
    x = loop.draw_inputs()
    y = torch.randn(len(x), 4, generator=torch.Generator().manual_seed(2)).double()

    def compare_runs(case: Any, *modes: bool) -> None:
        network = loop.Network((4,), "linear")
        update = case.make_update(network)
        losses = loop.train(network, x, y, mean_squares, update).losses
        update.finish()
        expected = loop.Run(losses, network.list_weights())
        states = []
        for jit in modes:
            start = loop.Network((4,), "linear")
            options = {"optimizer": case.text, "loss": "mse", "jit_compile": jit}
            model, found = fit(start, "linear", x, y, **options)
            assert_same_run(found, expected)
            states.append(model.optimizer.state_dict()["state"])
        torch.testing.assert_close(states[-1], states[0], rtol=1e-4, atol=1e-5)
        assert bool(compiled_graphs) is (True in modes and not case.is_eager)

    return compare_runs


@pytest.mark.sampled
def test_every_optimizer(optimizer_case: Any, compare: Compare) -> None:
    with pytest.warns(EagerStepWarning) if optimizer_case.is_eager else nullcontext():
        compare(optimizer_case, False, True)


@pytest.mark.slow
@pytest.mark.usefixtures("inductor")
def test_every_optimizer_by_torchs_compiler(compiled_optimizer_case: Any, compare: Compare) -> None:
    compare(compiled_optimizer_case, True)
