"""Fixtures of the tests of compiled steps, and the loops by hand that runs are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from kplug import layers
from kplug.callbacks import Callback
from kplug.models import Sequential
from kplug.training.jit import jit_step, torch_compiler
from tests.training.jit.by_hand import LOSSES, OPTIMIZERS, loop

collect_ignore_glob = ["by_hand/*"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes a case with each loss or optimizer that comes with kplug.

    One case in five is in the quick run, the others are slow tests. A test by torch's compiler, which takes
    seconds, has the first case of each that compiles.
    """
    tables: dict[str, Sequence[Any]] = {"loss_case": LOSSES, "optimizer_case": OPTIMIZERS}
    for name, cases in tables.items():
        if name in metafunc.fixturenames:
            marked = [
                pytest.param(case, marks=pytest.mark.slow if place % 5 else [])
                for place, case in enumerate(cases)
            ]
            metafunc.parametrize(name, marked, ids=str)
        if f"compiled_{name}" in metafunc.fixturenames:
            firsts: dict[str, Any] = {}
            for case in cases:
                if not case.is_eager:
                    firsts.setdefault(case.name, case)
            metafunc.parametrize(f"compiled_{name}", firsts.values(), ids=str)


@pytest.fixture(autouse=True)
def _quick_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let graphs run operation by operation: what is recorded is tested, not torch's compiler."""
    monkeypatch.setattr(torch_compiler, "BACKEND", "eager")


@pytest.fixture
def inductor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch's compiler make code, as it does for users."""
    monkeypatch.setattr(torch_compiler, "BACKEND", "inductor")


@pytest.fixture
def compiled_graphs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows with every graph that is compiled, by its number of operations."""
    found: list[int] = []
    make = torch_compiler.compile_graph

    def count(graph: Any, tensors: Any) -> Any:
        found.append(len(graph.graph.nodes))
        return make(graph, tensors)

    monkeypatch.setattr(jit_step, "compile_graph", count)
    return found


class StepLosses(Callback):
    """Keeps the losses of single steps; logs have their mean since the epoch began."""

    def __init__(self) -> None:
        self.found: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin to add."""
        self.total, self.rows = 0.0, 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Take from the sum so far what it was before."""
        size = min(loop.BATCH, loop.ROWS - self.rows)
        self.rows += size
        total = logs["loss"] * self.rows
        self.found.append((total - self.total) / size)
        self.total = total


Fit = Callable[..., tuple[Any, Any]]


def _fit(network: Any, activation: str, x: Tensor, y: Tensor, **options: Any) -> tuple[Any, Any]:
    shape = network.shape
    model = Sequential(
        [
            layers.Input((loop.FEATURES,)),
            layers.Dense(loop.HIDDEN, activation="tanh"),
            layers.Dense(int(np.prod(shape)), activation=activation),
            *([layers.Reshape(shape)] if len(shape) > 1 else []),
        ]
    )
    model.ensure_built()
    model.set_weights(network.list_weights())
    model.compile(**options)
    losses = StepLosses()
    targets = y.float() if y.is_floating_point() else y
    model.fit(
        x.float(),
        targets,
        batch_size=loop.BATCH,
        epochs=loop.EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=[losses],
    )
    return model, loop.Run(losses.found, model.get_weights())


@pytest.fixture(scope="session")
def fit() -> Fit:
    """Return a function that trains a model of kplug's as a network is trained by hand.

    It takes the network as it is before its training, the activation, inputs and targets in float64, and
    what ``compile`` takes, and returns the model and its run.
    """
    return _fit


def _assert_same_run(found: Any, expected: Any, tolerance: float = 1e-5) -> None:
    assert len(found.losses) == len(expected.losses)
    np.testing.assert_allclose(found.losses, expected.losses, rtol=tolerance, atol=tolerance)
    for one, other in zip(found.weights, expected.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.fixture(scope="session")
def assert_same_run() -> Callable[..., None]:
    """Return a function that compares the losses of all steps and the weights after them."""
    return _assert_same_run
