"""Eager and compiled runs give what a loop by hand gives, for every loss that comes with kplug."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from kplug.errors import EagerStepWarning
from tests.training.jit.by_hand import loop

Compare = Callable[..., None]


class Descent:
    """Updates weights by their gradients times a rate."""

    def __init__(self, network: nn.Module, rate: float) -> None:
        self.weights, self.rate = list(network.parameters()), rate

    @torch.no_grad()
    def __call__(self, gradients: Sequence[Tensor], rows: int) -> None:
        for weight, gradient in zip(self.weights, gradients, strict=True):
            weight.sub_(gradient, alpha=self.rate)


@pytest.fixture
def compare(fit: Any, assert_same_run: Compare, compiled_graphs: list[int]) -> Compare:
    """Return a function of a case and of which runs of ``fit`` are compared with the loop by hand."""

    def compare_runs(case: Any, *modes: bool) -> None:
        data = loop.draw_inputs(), case.draw_targets()
        network = loop.Network(case.shape, case.activation)
        expected = loop.train(network, *data, case.find_loss, Descent(network, case.rate))
        for jit in modes:
            start = loop.Network(case.shape, case.activation)
            optimizer = f"sgd(lr={case.rate})"
            options = {"optimizer": optimizer, "loss": case.text, "jit_compile": jit}
            _, found = fit(start, case.activation, *data, **options)
            assert_same_run(found, expected)
        assert bool(compiled_graphs) is (True in modes and not case.is_eager)

    return compare_runs


@pytest.mark.sampled
def test_every_loss(loss_case: Any, compare: Compare) -> None:
    message = rf"the loss kplug/{loss_case.text} \(kplug .*{loss_case.text}\.py:\d+ `"
    is_eager = loss_case.is_eager
    with pytest.warns(EagerStepWarning, match=message) if is_eager else nullcontext():
        compare(loss_case, False, True)


@pytest.mark.slow
@pytest.mark.usefixtures("inductor")
def test_every_loss_by_torchs_compiler(compiled_loss_case: Any, compare: Compare) -> None:
    compare(compiled_loss_case, True)
