"""Trains a small model with a component of any kind, so that ways to train can be compared."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kplug.layers import Activation, Dense, Input, Layer
from kplug.models import Model, Sequential
from kplug.optimizers import SGD
from kplug_authoring.checks.layer_inputs import fill
from kplug_authoring.checks.subject import seeded

_ROWS, _BATCH, _EPOCHS = 8, 4, 3


class _Bend(Layer):
    """A layer whose outputs begin as its inputs, and stay between 0 and 1 where those are."""

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="kplug/zeros")

    def call(self, inputs: Tensor) -> Tensor:
        bent: Tensor = inputs + self.factor * inputs * (1.0 - inputs)
        return bent


class _Weigh(Layer):
    """A layer with a weight of a shape, which a penalty or a constraint is for."""

    def __init__(self, shape: tuple[int, ...], **slot: Any) -> None:
        super().__init__()
        self.shape, self.slot = shape, slot

    def build(self, input_shape: Any) -> None:  # noqa: ARG002 - Keras's argument
        initializer = "kplug/random_normal(stddev=1.0)"
        self.kernel = self.add_weight(shape=self.shape, initializer=initializer, **self.slot)

    def call(self, inputs: Tensor) -> Tensor:
        weighed: Tensor = inputs * self.kernel.square().mean()
        return weighed


def pull(y_true: Tensor, y_pred: Tensor) -> Tensor:  # noqa: ARG001 - a loss's arguments
    """Return a loss of predictions of any shape, for any targets."""
    return (y_pred.float() - 0.25).square().flatten(1).mean(-1)


def train(
    kind: str,
    made: Any,
    inputs: tuple[Any, ...],
    *,
    seed: int = 1,
    is_fitted: bool = True,
    **how: Any,
) -> list[Tensor]:
    """Return the logs, weights and predictions of a model that was trained with a component.

    Args:
        kind: The kind of the component.
        made: The component.
        inputs: What it is called with; empty for optimizers, schedules and callbacks.
        seed: The seed of the training; that of the weights is always the same.
        is_fitted: Whether the model is trained, and not only evaluated.
        how: Further arguments of `Model.compile`.
    """
    with _in_empty_folder():
        with seeded(1):
            model, x, y, compiling = _make_model(kind, made, inputs)
            optimizer = compiling.pop("optimizer", "kplug/sgd(learning_rate=0.05)")
            model.compile(optimizer, compiling.pop("loss", pull), **compiling, **how)
        with seeded(seed):
            options = {"batch_size": _BATCH, "verbose": 0}
            logs: Any = {}
            if is_fitted and model.trainable_weights:
                callbacks = [made] if kind == "callback" else []
                fitting = {"epochs": _EPOCHS, "shuffle": False, "callbacks": callbacks}
                logs = model.fit(x, y, **options, **fitting).history
            # What a step compiles, it compiles after two batches.
            logs = [*logs.values(), *model.evaluate(x, y, return_dict=True, **options).values()]
            found = [torch.as_tensor(value, dtype=torch.float64) for value in logs]
            found += [torch.as_tensor(weight) for weight in model.get_weights()]
            return [*found, *map(torch.as_tensor, _list(model.predict(x, verbose=0)))]


def _make_model(
    kind: str, made: Any, inputs: tuple[Any, ...]
) -> tuple[Any, Any, Any, dict[str, Any]]:
    """Return a model with a component, its data, and what it is compiled with."""
    if kind in ("loss", "metric"):
        y_true, y_pred = (_extend(value) for value in inputs)
        shape = tuple(y_pred.shape[1:])
        model = Sequential([Input(shape), _Bend()])
        return (
            model,
            y_pred.float(),
            y_true,
            {"loss": made} if kind == "loss" else {"metrics": [made]},
        )
    if kind == "layer":
        return _wrap_layer(made, inputs)
    if kind == "activation":
        x = _extend(inputs[0])
        model = Sequential([Input(tuple(x.shape[1:])), _Bend(), Activation(made)])
        return model, x, torch.zeros(_ROWS, 1), {}
    x = torch.linspace(-1.0, 1.0, _ROWS * 4).sin().reshape(_ROWS, 4)
    weighed = [_Weigh(tuple(inputs[0].shape), **{kind: made})] if inputs else []
    model = Sequential([Input((4,)), *weighed, Dense(3, activation="kplug/tanh"), Dense(2)])
    compiling: dict[str, Any] = {"loss": "kplug/mse"}
    if kind == "optimizer":
        compiling["optimizer"] = made
    if kind == "schedule":
        compiling["optimizer"] = SGD(made)
    if kind == "callback":
        compiling["optimizer"] = SGD(0.05, use_ema=True)
    return model, x, x[:, :2].square(), compiling


def _wrap_layer(layer: Any, inputs: tuple[Any, ...]) -> tuple[Any, Any, Any, dict[str, Any]]:
    """Return a model of a layer, which gets floats from a layer with weights."""
    begun: list[Any] = []
    data: list[Tensor] = []

    def begin(value: Tensor) -> Any:
        is_float = value.is_floating_point()
        data.append(_extend(value))
        begun.append(Input(tuple(value.shape[1:]), dtype=None if is_float else "int32"))
        return _Bend()(begun[-1]) if is_float and value.ndim > 1 else begun[-1]

    outputs = _list(layer(*fill(inputs, begin)))
    model = Model(begun, outputs)
    targets = [torch.zeros(_ROWS, 1) for _ in outputs]
    return (
        model,
        data if len(data) > 1 else data[0],
        targets if len(targets) > 1 else targets[0],
        {},
    )


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _extend(value: Tensor) -> Tensor:
    """Return as many samples as are trained with, in float32."""
    value = value.float() if value.is_floating_point() else value
    return torch.cat([value] * (-(-_ROWS // len(value))))[:_ROWS]


@contextlib.contextmanager
def _in_empty_folder() -> Iterator[None]:
    """Run a block in a folder of its own: callbacks write files."""
    place = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(place)
