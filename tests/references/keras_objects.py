"""Keras's objects with the calls that the recipes of `kplug_numbers` make, computing in the inputs' type."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import torch
from torch import Tensor

import kplug
from kplug.dialect import write_model, write_optimizer
from kplug.layers import Layer
from kplug.metrics import Metric

Config = Mapping[str, Any]

FAMILIES = {
    "constraint": keras.constraints,
    "initializer": keras.initializers,
    "layer": keras.layers,
    "loss": keras.losses,
    "metric": keras.metrics,
    "optimizer": keras.optimizers,
    "regularizer": keras.regularizers,
    "schedule": keras.optimizers.schedules,
}


def describe(kind: str, spec: str) -> Config:
    """Return the configuration that files have of a component, which Keras reads."""
    resolved = kplug.resolve(kind, spec)
    made = resolved.object
    if kind == "layer":
        return write_model(kplug.layers.serialize(made))
    if kind == "optimizer":
        return write_optimizer(resolved, made)
    family: Any = getattr(kplug, kplug.get_kind(kind).plural)
    found: Config = family.serialize(made)
    return found


def make(kind: str, spec: str) -> Any:
    """Return what Keras makes of a component's configuration."""
    if kind == "activation":
        parsed = kplug.parse_spec(spec)
        function = functools.partial(getattr(keras.activations, parsed.name), **parsed.kwargs)
        return lambda x: _compute(function, x)
    config = describe(kind, spec)
    if kind == "optimizer":
        return functools.partial(KerasOptimizer, config=config)
    with _type_of(kplug.config.floatx()):
        found = FAMILIES[kind].deserialize(config)
    return _ADAPTERS[kind](found)


def _compute(function: Callable[..., Any], *values: Tensor) -> Tensor:
    """Call a function of Keras; its constants get the type of the last tensor."""
    with _type_of(str(values[-1].dtype).removeprefix("torch.")):
        return torch.as_tensor(function(*values))


@contextlib.contextmanager
def _type_of(name: str) -> Iterator[None]:
    before = keras.config.floatx()
    keras.config.set_floatx(name)
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def _adapt_loss(loss: Any) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda y_true, y_pred: _compute(loss.call, y_true, y_pred)


def _adapt_weight_function(function: Any) -> Callable[[Tensor], Tensor]:
    return lambda w: _compute(function, w)


def _adapt_initializer(initializer: Any) -> Callable[..., Tensor]:
    def initialize(shape: Sequence[int], dtype: Any = None) -> Tensor:
        return torch.as_tensor(initializer(shape, dtype=str(dtype).removeprefix("torch.")))

    return initialize


def _adapt_schedule(schedule: Any) -> Callable[[int], float]:
    return lambda step: float(schedule(step))


class KerasMetric(Metric):
    """A metric of Keras with the methods of kplug's.

    Args:
        metric: The metric.
    """

    def __init__(self, metric: Any) -> None:
        super().__init__(name="of_keras")
        self.metric = metric

    def update_state(self, *inputs: Tensor, sample_weight: Any = None) -> None:
        """Add a batch."""
        self.metric.update_state(*inputs, sample_weight=sample_weight)

    def result(self) -> Any:
        """Return the result, or several by name."""
        found = self.metric.result()
        return found if isinstance(found, dict) else torch.as_tensor(found)

    def reset_state(self) -> None:
        """Reset the state."""
        self.metric.reset_state()

    def merge_state(self, others: Iterable[Any]) -> None:
        """Add the states of others."""
        self.metric.merge_state([one.metric for one in others])


class KerasLayer(Layer):
    """A layer of Keras with the attributes of kplug's.

    Args:
        layer: The layer.
    """

    def __init__(self, layer: Any) -> None:
        super().__init__(name="of_keras")
        vars(self)["layer"] = layer  # not as a part, whose weights would be counted

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Return the outputs."""
        return vars(self)["layer"](*inputs, **options)

    @property
    def weights(self) -> list[Tensor]:
        """All weights."""
        return [one.value for one in vars(self)["layer"].weights]

    @property
    def trainable_weights(self) -> list[Tensor]:
        """The weights that training changes."""
        return [one.value for one in vars(self)["layer"].trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Tensor]:
        """The other weights."""
        return [one.value for one in vars(self)["layer"].non_trainable_weights]


class KerasOptimizer(torch.optim.Optimizer):
    """An optimizer of Keras that moves torch's weights.

    Args:
        params: The weights.
        config: The configuration.
    """

    def __init__(self, params: Iterable[Tensor], config: Config) -> None:
        self.trained = list(params)
        super().__init__(self.trained, {"lr": 0.0})
        self.dtype = str(self.trained[0].dtype).removeprefix("torch.")
        with _type_of(self.dtype):
            self.copies = [keras.Variable(one.detach(), dtype=self.dtype) for one in self.trained]
            owner = getattr(keras.optimizers, config["class_name"])
            self.optimizer = owner.from_config(dict(config["config"]))
            self.optimizer.build(self.copies)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Make a step."""
        pairs = [(one, of) for one, of in zip(self.trained, self.copies, strict=True)]
        moved = [(one.grad, of) for one, of in pairs if one.grad is not None]
        with _type_of(self.dtype):
            self.optimizer.apply(*map(list, zip(*moved, strict=True)))
        for one, of in pairs:
            one.copy_(of.value)


_ADAPTERS: dict[str, Callable[[Any], Any]] = {
    "constraint": _adapt_weight_function,
    "initializer": _adapt_initializer,
    "layer": KerasLayer,
    "loss": _adapt_loss,
    "metric": KerasMetric,
    "regularizer": _adapt_weight_function,
    "schedule": _adapt_schedule,
}
