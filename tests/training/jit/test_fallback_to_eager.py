"""A step that cannot be compiled runs eagerly, with one warning that says what and where."""

from __future__ import annotations

import random
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import kplug
from kplug.errors import EagerStepWarning
from kplug.layers import Dense, Dropout, Embedding, Flatten, Input, Layer
from kplug.metrics import Metric
from kplug.models import Sequential
from kplug.training.jit import jit_step, torch_compiler

X, Y = torch.linspace(-1, 1, 96).reshape(32, 3), torch.linspace(0, 1, 32).reshape(32, 1)


def reads_a_value(y_true: Tensor, y_pred: Tensor) -> Tensor:
    loss = (y_true - y_pred).square().mean()
    return loss * 2 if loss > 100.0 else loss  # this line


def picks_rows(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred)[y_true > -1.0].square().mean()


def counts_in_numpy(y_true: Tensor, y_pred: Tensor) -> Tensor:
    scale = float(np.mean(y_true.numpy()) > 2) + 1.0
    return (y_true - y_pred).square().mean() * scale


def draws(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true - y_pred).square().mean() * random.choice([1.0, 1.0])


class Counting(kplug.losses.Loss):
    def __init__(self) -> None:
        super().__init__("counting")
        self.calls = 0

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        self.calls += 1
        return (y_true - y_pred).square().mean(-1) * min(self.calls, 3)


class Keeping(Metric):
    def __init__(self) -> None:
        super().__init__("keeping")
        self.seen: list[Tensor] = []

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.seen.append(y_pred)

    def reset_state(self) -> None:
        self.seen = []

    def result(self) -> Tensor:
        return torch.cat(self.seen).mean() if self.seen else torch.zeros(())


class Halving(Layer):
    def call(self, inputs: Tensor) -> Tensor:
        is_large = not inputs.is_meta and bool(inputs.abs().max() > 1e3)
        return inputs / 2 if is_large else inputs


def train(layers: list[Layer] | None = None, *, jit: bool, **options: Any) -> tuple[Any, Any]:
    torch.manual_seed(0)
    model = Sequential([Input((3,)), *(layers or []), Dense(1)], name="net")
    model.compile(**{"optimizer": "sgd", "loss": "mse", "jit_compile": jit, **options})
    torch.manual_seed(1)
    history = model.fit(X, Y, batch_size=4, epochs=2, verbose=0).history
    return model, history


def expect_fallback(message: str, **options: Any) -> None:
    """Train both ways; compare, and look for exactly one warning."""
    make_layers = options.pop("layers", list)
    make = {
        key: value if callable(value) else lambda value=value: value
        for key, value in options.items()
    }
    with pytest.warns(EagerStepWarning, match=message) as record:
        model, history = train(make_layers(), jit=True, **{k: f() for k, f in make.items()})
    assert len(record) == 1
    other, expected = train(make_layers(), jit=False, **{k: f() for k, f in make.items()})
    assert history.keys() == expected.keys()
    np.testing.assert_allclose(list(history.values()), list(expected.values()), rtol=1e-6)
    for one, two in zip(model.weights, other.weights, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-6, atol=1e-7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, Y, batch_size=4, verbose=0)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (
            reads_a_value,
            r"^the training step of model 'net' runs eagerly instead of compiled: the loss "
            r"custom/reads_a_value \(custom\) reads numbers of a tensor \(item\) at "
            r".*test_fallback_to_eager\.py:\d+ "
            r"`return loss \* 2 if loss > 100\.0 else loss  # this line`\. Compute with tensors instead",
        ),
        (
            picks_rows,
            r"the loss custom/picks_rows \(custom\) reads numbers of a tensor \(index\) at ",
        ),
        (
            counts_in_numpy,
            r"the loss custom/counts_in_numpy \(custom\) reads numbers of a tensor "
            r"\(numpy\) at .*test_fallback_to_eager\.py:\d+ `scale = float",
        ),
        (
            draws,
            r"something in it draws from Python's or NumPy's generator\. Keep what changes in a tensor",
        ),
    ],
)
def test_a_loss(loss: Any, message: str) -> None:
    expect_fallback(message, loss=lambda: loss)


def test_a_loss_that_counts_in_python() -> None:
    expect_fallback(
        r"the loss custom/Counting \(custom\) changes a Python value that it keeps \(calls\)",
        loss=Counting,
    )


def test_a_metric_that_keeps_predictions() -> None:
    expect_fallback(
        r"the metric custom/Keeping \(custom\) changes a Python value that it keeps \(seen\)",
        metrics=lambda: [Keeping()],
    )


def test_a_layer() -> None:
    expect_fallback(
        r"the layer 'halving\w*', a Halving \(custom\), reads numbers of a tensor \(item\) at "
        r".*test_fallback_to_eager\.py:\d+ `is_large = not",
        layers=lambda: [Halving()],
    )


def test_a_regularizer_is_named_with_its_layer() -> None:
    def penalty(weight: Tensor) -> Tensor:
        return weight.square().sum() if weight.sum().item() < 1e6 else weight.sum()

    expect_fallback(
        r"the regularizer custom/penalty \(custom\), inner\.kernel_regularizer, reads numbers of a tensor",
        layers=lambda: [Dense(3, kernel_regularizer=penalty, name="inner")],
    )


def test_a_layer_with_a_generator_of_its_own() -> None:
    expect_fallback(
        r"a layer with a seed draws from a generator of its own",
        layers=lambda: [Dropout(0.5, seed=3)],
    )


def test_an_optimizer_with_hooks() -> None:
    def make(params: Any) -> torch.optim.Optimizer:
        optimizer = torch.optim.SGD(params, lr=0.1)
        optimizer.register_step_post_hook(lambda *_: None)
        return optimizer

    expect_fallback(
        r"the optimizer's step is no list of tensor operations, or it has hooks",
        optimizer=lambda: make,
    )


def test_sparse_gradients() -> None:
    x, y = torch.randint(0, 5, (24, 2)), torch.rand(24, 1)
    weights = []
    for jit in (False, True):
        torch.manual_seed(0)
        model = Sequential(
            [Input((2,), dtype="int64"), Embedding(5, 3, sparse=True), Flatten(), Dense(1)]
        )
        model.compile("sgd", "mse", jit_compile=jit)
        if jit:
            with pytest.warns(EagerStepWarning, match="a gradient is sparse"):
                model.fit(x, y, batch_size=4, verbose=0, shuffle=False)
        else:
            model.fit(x, y, batch_size=4, verbose=0, shuffle=False)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_a_compiler_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise torch_compiler.CompilerError("InvalidCxxCompiler: No working C++ compiler found")

    monkeypatch.setattr(jit_step, "compile_graph", fail)
    expect_fallback(
        r"torch's compiler refused its graph \(InvalidCxxCompiler: No working C\+\+ compiler"
    )


def test_the_users_own_mistake_stays_an_error_of_its_own() -> None:
    steps = []

    def breaks_later(y_true: Tensor, y_pred: Tensor) -> Tensor:
        steps.append(1)
        if len(steps) > 1:
            raise ZeroDivisionError("mine")
        return (y_true - y_pred).square().mean()

    with pytest.raises(ZeroDivisionError, match="mine"):
        train(jit=True, loss=breaks_later)


def test_evaluation_and_prediction_fall_back_each_for_itself() -> None:
    model, _ = train(jit=True)
    model.pop()
    model.add(Halving(name="halving"))
    model.compile("sgd", "mse", jit_compile=True)
    with pytest.warns(EagerStepWarning, match="the prediction step of model 'net' runs eagerly"):
        predicted = model.predict(X, batch_size=4, verbose=0)
    np.testing.assert_array_equal(predicted, X.numpy())


def test_an_optimizer_that_reads_numbers_is_named() -> None:
    expect_fallback(
        r"the optimizer torch/radam \(torch .*\) reads numbers of a tensor \(item\)",
        optimizer="torch/radam",
    )
