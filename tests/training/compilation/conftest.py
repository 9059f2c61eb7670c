"""Fixtures of the tests of compiled steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug.models import Sequential
from kplug.training.compilation import compiled_step, compiling

BATCH, STEPS = 8, 50


@pytest.fixture(autouse=True)
def _quick_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let graphs run operation by operation: what is recorded is tested, not torch's compiler."""
    monkeypatch.setattr(compiling, "BACKEND", "eager")


@pytest.fixture
def inductor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch's compiler make code, as it does for users."""
    monkeypatch.setattr(compiling, "BACKEND", "inductor")


@pytest.fixture
def compiled_graphs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows with every graph that is compiled, by its number of operations."""
    found: list[int] = []
    make = compiling.compile_graph

    def count(graph: Any, tensors: Any) -> Any:
        found.append(len(graph.graph.nodes))
        return make(graph, tensors)

    monkeypatch.setattr(compiled_step, "compile_graph", count)
    return found


def train(
    make_model: Callable[[], Sequential], x: Tensor, y: Tensor, **options: Any
) -> tuple[Sequential, list[float]]:
    """Train for more than 50 steps, some of them on smaller batches; return all losses."""
    model = make_model()
    model.compile(**options)
    model.fit(x[:-4], y[:-4], batch_size=BATCH, epochs=1, verbose=0)
    losses = []
    order = torch.arange(len(x)).repeat(STEPS * BATCH // len(x) + 1)
    for start in range(0, STEPS * BATCH, BATCH):
        rows = order[start : start + BATCH]
        losses.append(model.train_on_batch(x[rows], y[rows]))
    return model, losses


@pytest.fixture
def compare_runs() -> Callable[..., None]:
    """Return a function that trains eagerly and compiled, and compares all that comes of it."""

    def compare(make_model: Callable[[], Sequential], x: Tensor, y: Tensor, **options: Any) -> None:
        make_optimizer = options.pop("optimizer")
        eager, compiled = (
            train(make_model, x, y, optimizer=make_optimizer(), jit_compile=jit, **options)
            for jit in (False, True)
        )
        np.testing.assert_allclose(compiled[1], eager[1], rtol=1e-5, atol=1e-5)
        for (name, weight), (_, found) in zip(
            eager[0].named_weights(), compiled[0].named_weights(), strict=True
        ):
            torch.testing.assert_close(found, weight, rtol=1e-5, atol=1e-5, msg=name)
        states = [model.optimizer.state_dict()["state"] for model, _ in (eager, compiled)]
        torch.testing.assert_close(states[1], states[0], rtol=1e-4, atol=1e-5)

    return compare
