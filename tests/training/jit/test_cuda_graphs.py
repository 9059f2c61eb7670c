"""Compiled steps as CUDA graphs: what is copied in and out, and when a step is captured again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug.errors import KplugWarning
from kplug.layers import BatchNormalization, Dense, Dropout, Input
from kplug.models import Sequential
from kplug.training.jit import cuda_graphs, jit_step, torch_compiler

X, Y = torch.linspace(-1, 1, 120).reshape(40, 3), torch.linspace(0, 1, 40).reshape(40, 1)


@pytest.fixture
def captures(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pretend that what lies on the CPU can be captured; count how often that is done.

    As on a GPU, capturing runs nothing, and every replay writes into the same memory.
    """
    counted: list[int] = []

    def capture(run: Callable[[], Sequence[Tensor]]) -> tuple[Callable[[], None], list[Tensor]]:
        outputs: list[Tensor] = []
        counted.append(1)

        def replay() -> None:
            found = run()
            outputs.extend(torch.empty_like(each) for each in found[len(outputs) :])
            for memory, each in zip(outputs, found, strict=True):
                memory.copy_(each)

        return replay, outputs

    monkeypatch.setattr(cuda_graphs, "capture", capture)
    monkeypatch.setattr(jit_step, "can_capture", lambda _: True)
    return counted


def make_model(jit_compile: bool | str, **options: Any) -> Sequential:
    torch.manual_seed(0)
    layers = [Dense(4, activation="tanh"), BatchNormalization(), Dropout(0.3), Dense(1)]
    model = Sequential([Input((3,)), *layers])
    options = {
        "optimizer": "adam(lr=0.01, decay=0.1)",
        "loss": "mse",
        "metrics": ["mae"],
        **options,
    }
    model.compile(jit_compile=jit_compile, **options)
    return model


def train(model: Sequential, epochs: int = 3, **options: Any) -> dict[str, list[float]]:
    torch.manual_seed(1)
    history = model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, **options)
    return history.history


def assert_same(one: Sequential, other: Sequential) -> None:
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_captured_steps_give_the_numbers_of_eager_ones(captures: list[int]) -> None:
    eager, captured = make_model(False), make_model("reduce-overhead")
    expected, found = train(eager), train(captured)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, rel=1e-5), name
    assert_same(captured, eager)
    assert len(captures) == 1
    np.testing.assert_allclose(
        captured.predict(X, batch_size=8), eager.predict(X, batch_size=8), rtol=1e-5, atol=1e-6
    )


def test_several_steps_at_a_time_replay_what_one_captured(captures: list[int]) -> None:
    eager, captured = make_model(False), make_model("reduce-overhead", steps_per_execution=2)
    train(eager, 6)
    train(captured, 6)
    assert_same(captured, eager)
    assert len(captures) == 1


def test_weights_that_were_replaced_are_captured_anew(captures: list[int]) -> None:
    eager, captured = make_model(False), make_model("reduce-overhead")
    for model in (eager, captured):
        train(model)
        kernel: Any = model.layers[0].kernel
        kernel.data = kernel.data.clone() + 1.0
        train(model)
    assert_same(captured, eager)
    assert len(captures) == 2


def test_a_step_that_cannot_be_captured_runs_without(
    captures: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(run: Callable[[], Sequence[Tensor]]) -> Any:
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(cuda_graphs, "capture", refuse)
    eager, captured = make_model(False), make_model("reduce-overhead")
    train(eager)
    with pytest.warns(KplugWarning) as caught:
        train(captured)
    assert [str(each.message) for each in caught] == [
        "jit_compile='reduce-overhead': a compiled step runs without a CUDA graph, as torch cannot capture "
        "it (operation not permitted when stream is capturing). jit_compile=True compiles without this "
        "warning."
    ]
    assert_same(captured, eager)
    assert not captures


def test_nothing_is_captured_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_graphs, "capture", lambda _: pytest.fail("captured"))
    eager, compiled = make_model(False), make_model("reduce-overhead")
    train(eager)
    train(compiled)
    assert_same(compiled, eager)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_replays_what_it_computes_eagerly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_compiler, "BACKEND", "inductor")
    eager, captured = make_model(False), make_model("reduce-overhead")
    for ours, theirs in zip(train(captured).values(), train(eager).values(), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)
