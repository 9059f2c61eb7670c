"""Changes that callbacks make between batches apply from the next batch on, compiled or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from kplug.callbacks import Callback
from kplug.layers import LSTM, Dense, Input, Layer
from kplug.models import Sequential
from kplug.optimizers import SGD

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(64, 5)).astype("float32"), RNG.normal(size=(64, 1)).astype("float32")


class Scaled(Layer):
    def __init__(self) -> None:
        super().__init__(name="scaled")
        self.factor = torch.ones(())

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor


class Mixed(Layer):
    def __init__(self) -> None:
        super().__init__(name="mixed")
        self.matrix = torch.eye(8).to_sparse()

    def call(self, inputs: Any) -> Any:
        return torch.sparse.mm(self.matrix, inputs.T).T

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class AfterBatch(Callback):
    def __init__(self, number: int, change: Callable[[Any], object]) -> None:
        super().__init__()
        self.number, self.change = number, change

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == self.number:
            self.change(self.model)


def replace_tensor(model: Any) -> None:
    model.get_layer("scaled").factor = torch.tensor(3.0)


def replace_memory(model: Any) -> None:
    for parameter in model.parameters():
        parameter.data = torch.full_like(parameter, 0.1)


def freeze(model: Any) -> None:
    model.layers[0].trainable = False


def train(change: Callable[[Any], object], *, jit_compile: bool) -> list[float]:
    torch.manual_seed(0)
    model = Sequential([Input((5,)), Dense(8, activation="relu"), Scaled(), Dense(1)])
    model.compile("adam", "mse", jit_compile=jit_compile)
    callback = AfterBatch(4, change)
    return list(model.fit(X, Y, 8, 3, verbose=0, callbacks=[callback]).history["loss"])


@pytest.mark.parametrize("change", [replace_tensor, replace_memory, freeze])
def test_change_between_two_batches(change: Callable[[Any], object]) -> None:
    compiled, eager = (train(change, jit_compile=jit) for jit in (True, False))
    np.testing.assert_allclose(compiled, eager, rtol=1e-5)


def test_layer_that_is_frozen_for_a_while() -> None:
    losses: list[list[float]] = []
    for jit in (True, False):
        torch.manual_seed(0)
        model = Sequential([Input((5,)), Dense(8, activation="relu"), Dense(1)])
        model.compile("adam", "mse", jit_compile=jit)
        losses.append([])
        for trainable in (True, False, True):
            model.layers[0].trainable = trainable
            losses[-1] += model.fit(X, Y, 8, 2, verbose=0).history["loss"]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


@pytest.mark.parametrize("nesterov", [False, True])
def test_a_rate_that_is_zero_for_a_while(nesterov: bool) -> None:
    losses: list[list[float]] = []
    for jit in (True, False):
        torch.manual_seed(0)
        model = Sequential([Input((5,)), Dense(8, activation="relu"), Dense(1)])
        optimizer = SGD(lr=0.01, momentum=0.9, nesterov=nesterov)
        model.compile(optimizer, "mse", jit_compile=jit)
        callbacks = [
            AfterBatch(3, lambda model: setattr(model.optimizer, "lr", 0.0)),
            AfterBatch(5, lambda model: setattr(model.optimizer, "lr", 0.02)),
        ]
        losses.append(model.fit(X, Y, 8, 3, verbose=0, callbacks=callbacks).history["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


def test_states_that_a_callback_resets() -> None:
    losses = []
    for jit in (True, False):
        torch.manual_seed(0)
        model = Sequential([Input(batch_shape=(8, 5, 1)), LSTM(4, stateful=True), Dense(1)])
        model.compile("adam", "mse", jit_compile=jit)
        callback = AfterBatch(4, lambda model: model.layers[0].reset_states())
        found = model.fit(X[..., None], Y, 8, 3, verbose=0, shuffle=False, callbacks=[callback])
        losses.append(found.history["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


def test_layer_that_holds_a_sparse_tensor() -> None:
    losses: list[list[float]] = []
    for jit in (True, False):
        torch.manual_seed(0)
        model = Sequential([Input((5,)), Dense(8), Mixed(), Dense(1)])
        model.compile("adam", "mse", jit_compile=jit)
        losses.append(model.fit(X, Y, 8, 2, verbose=0).history["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
