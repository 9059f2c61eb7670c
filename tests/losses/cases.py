"""The built-in losses: names, formulas in float64 NumPy, the data that each is made for, oracles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import torch
from numpy.typing import NDArray

from kplug import list_built_ins, losses
from kplug.registry import REGISTRY

Array = NDArray[np.float64]
EPS = 1e-7

# Every built-in loss: the names that it is offered under, by the name of its class. The one around another
# loss has tests of its own.
NAMES = {
    REGISTRY.load(component).__name__: (component.name, *component.aliases)
    for component in list_built_ins("loss")
    if component.origin.distribution == "kplug" and component.name != "torch_convention"
}


def softmax(x: Array) -> Array:
    shifted = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True))


def smooth(y: Array, alpha: float, classes: int) -> Array:
    return np.asarray(y * (1 - alpha) + alpha / classes)


def normalised(p: Array) -> Array:
    return np.asarray(np.clip(p / p.sum(-1, keepdims=True), EPS, 1 - EPS))


def as_signs(y: Array) -> Array:
    return 2 * y - 1 if np.isin(y, (0.0, 1.0)).all() else y


def length(v: Array) -> Array:
    return np.asarray(np.maximum(np.sqrt((v**2).sum(-1, keepdims=True)), EPS))


def bce(y: Array, p: Array) -> Array:
    p = np.clip(p, EPS, 1 - EPS)
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(-1))


def huber(y: Array, p: Array, delta: float) -> Array:
    e = np.abs(p - y)
    return np.asarray(np.where(e <= delta, e**2 / 2, delta * e - delta**2 / 2).mean(-1))


def pick(y: Array, log_p: Array) -> Array:
    return np.asarray(-np.take_along_axis(log_p, y.astype(int)[..., None], -1)[..., 0])


def focal(y: Array, p: Array, gamma: float, alpha: float | None = None) -> Array:
    share = y * p + (1 - y) * (1 - p)
    clipped = np.clip(p, EPS, 1 - EPS)
    entropy = -(y * np.log(clipped) + (1 - y) * np.log(1 - clipped))
    weight = 1.0 if alpha is None else y * alpha + (1 - y) * (1 - alpha)
    return np.asarray((weight * (1 - share) ** gamma * entropy).mean(-1))


def categorical_focal(y: Array, p: Array, alpha: float, gamma: float) -> Array:
    q = normalised(p)
    return np.asarray(-(alpha * (1 - q) ** gamma * y * np.log(q)).sum(-1))


def tversky(y: Array, p: Array, alpha: float, beta: float) -> Array:
    both, excess, missed = (y * p).sum(-1), ((1 - y) * p).sum(-1), (y * (1 - p)).sum(-1)
    return np.asarray(1 - both / (both + alpha * excess + beta * missed + EPS))


@dataclass(frozen=True)
class Case:
    """A loss, its class here and in Keras, its formula, and the data that it is made for."""

    name: str
    owner: str
    formula: Callable[[Array, Array], Array]
    targets: str = "real"
    outputs: str = "real"
    arguments: dict[str, Any] = field(default_factory=dict)
    keras_arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.arguments.items())})"

    def ours(self, **more: Any) -> losses.Loss:
        made: losses.Loss = getattr(losses, self.owner)(**self.arguments, **more)
        return made

    def function(self, y: Any, p: Any) -> torch.Tensor:
        values: torch.Tensor = getattr(losses, self.name)(y, p, **self.arguments)
        return values


CASES = [
    Case("mean_squared_error", "MeanSquaredError", lambda y, p: ((p - y) ** 2).mean(-1)),
    Case("mean_absolute_error", "MeanAbsoluteError", lambda y, p: np.abs(p - y).mean(-1)),
    Case(
        "mean_absolute_percentage_error",
        "MeanAbsolutePercentageError",
        lambda y, p: 100 * (np.abs(y - p) / np.maximum(np.abs(y), EPS)).mean(-1),
    ),
    Case(
        "mean_squared_logarithmic_error",
        "MeanSquaredLogarithmicError",
        lambda y, p: ((np.log1p(np.maximum(p, EPS)) - np.log1p(np.maximum(y, EPS))) ** 2).mean(-1),
        outputs="positive",
        targets="positive",
    ),
    Case("huber", "Huber", lambda y, p: huber(y, p, 1.0)),
    Case("huber", "Huber", lambda y, p: huber(y, p, 0.3), arguments={"delta": 0.3}),
    Case("log_cosh", "LogCosh", lambda y, p: np.log(np.cosh(p - y)).mean(-1)),
    Case(
        "cosine_similarity",
        "CosineSimilarity",
        lambda y, p: -(y / length(y) * p / length(p)).sum(-1),
    ),
    Case("hinge", "Hinge", lambda y, p: np.maximum(1 - as_signs(y) * p, 0).mean(-1), "binary"),
    Case("hinge", "Hinge", lambda y, p: np.maximum(1 - as_signs(y) * p, 0).mean(-1), "sign"),
    Case(
        "squared_hinge",
        "SquaredHinge",
        lambda y, p: (np.maximum(1 - as_signs(y) * p, 0) ** 2).mean(-1),
        "binary",
    ),
    Case(
        "categorical_hinge",
        "CategoricalHinge",
        lambda y, p: np.maximum(((1 - y) * p).max(-1) - (y * p).sum(-1) + 1, 0),
        "one_hot",
    ),
    Case("binary_crossentropy", "BinaryCrossentropy", bce, "binary", "unit"),
    Case(
        "binary_crossentropy",
        "BinaryCrossentropy",
        lambda y, p: bce(smooth(y, 0.2, 2), p),
        "binary",
        "unit",
        {"label_smoothing": 0.2},
    ),
    Case(
        "binary_crossentropy",
        "BinaryCrossentropy",
        lambda y, x: (np.logaddexp(0, x) - x * y).mean(-1),
        "binary",
        "real",
        {"from_logits": True},
    ),
    Case(
        "categorical_crossentropy",
        "CategoricalCrossentropy",
        lambda y, p: -(y * np.log(normalised(p))).sum(-1),
        "one_hot",
        "unit",
    ),
    Case(
        "categorical_crossentropy",
        "CategoricalCrossentropy",
        lambda y, x: -(smooth(y, 0.1, y.shape[-1]) * np.log(softmax(x))).sum(-1),
        "one_hot",
        "real",
        {"from_logits": True, "label_smoothing": 0.1},
    ),
    Case(
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy",
        lambda y, p: pick(y, np.log(normalised(p))),
        "ids",
        "unit",
    ),
    Case(
        "sparse_categorical_crossentropy",
        "SparseCategoricalCrossentropy",
        lambda y, x: pick(y, np.log(softmax(x))),
        "ids",
        "real",
        {"from_logits": True},
    ),
    Case(
        "kl_divergence",
        "KLDivergence",
        lambda y, p: (np.clip(y, EPS, 1) * np.log(np.clip(y, EPS, 1) / np.clip(p, EPS, 1))).sum(-1),
        "unit",
        "unit",
    ),
    Case(
        "poisson",
        "Poisson",
        lambda y, p: (p - y * np.log(p + EPS)).mean(-1),
        "count",
        "positive",
    ),
    Case(
        "binary_focal_crossentropy",
        "BinaryFocalCrossentropy",
        lambda y, p: focal(y, p, 2.0),
        "binary",
        "unit",
    ),
    Case(
        "binary_focal_crossentropy",
        "BinaryFocalCrossentropy",
        lambda y, p: focal(y, p, 0.5, 0.3),
        "binary",
        "unit",
        {"apply_class_balancing": True, "alpha": 0.3, "gamma": 0.5},
    ),
    Case(
        "binary_focal_crossentropy",
        "BinaryFocalCrossentropy",
        lambda y, x: focal(smooth(y, 0.1, 2), 1 / (1 + np.exp(-x)), 1.5),
        "binary",
        "real",
        {"from_logits": True, "label_smoothing": 0.1, "gamma": 1.5},
    ),
    Case(
        "categorical_focal_crossentropy",
        "CategoricalFocalCrossentropy",
        lambda y, p: categorical_focal(y, p, 0.25, 2.0),
        "one_hot",
        "unit",
    ),
    Case(
        "categorical_focal_crossentropy",
        "CategoricalFocalCrossentropy",
        lambda y, x: categorical_focal(smooth(y, 0.1, y.shape[-1]), softmax(x), 0.5, 0.7),
        "one_hot",
        "real",
        {"from_logits": True, "label_smoothing": 0.1, "alpha": 0.5, "gamma": 0.7},
    ),
    Case(
        "categorical_generalized_cross_entropy",
        "CategoricalGeneralizedCrossEntropy",
        lambda y, p: (1 - np.exp(-0.3 * pick(y, np.log(p)))) / 0.3,
        "ids",
        "unit",
        {"q": 0.3},
    ),
    Case(
        "dice",
        "Dice",
        lambda y, p: 1 - 2 * (y * p).sum(-1) / (y.sum(-1) + p.sum(-1) + EPS),
        "binary",
        "unit",
        {"axis": -1},
    ),
    Case(
        "tversky",
        "Tversky",
        lambda y, p: tversky(y, p, 0.3, 0.6),
        "binary",
        "unit",
        {"alpha": 0.3, "beta": 0.6, "axis": -1},
        {"alpha": 0.6, "beta": 0.3},  # Keras 3.15.1 exchanges the two against its documentation
    ),
]


class FormulaInKeras(keras.losses.Loss):  # type: ignore[misc]
    """The formula of a loss that Keras lacks, with Keras's weights and reductions."""

    def __init__(self, formula: Callable[[Array, Array], Array], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.formula = formula

    def call(self, y_true: Any, y_pred: Any) -> torch.Tensor:
        values = self.formula(y_true.double().numpy(), y_pred.detach().double().numpy())
        return torch.tensor(values, dtype=y_pred.dtype)


def make_theirs(case: Case, **more: Any) -> Any:
    """Return Keras's loss, which is the oracle; where Keras has none, the formula is."""
    theirs = getattr(keras.losses, case.owner, None)
    if theirs is None:
        return FormulaInKeras(case.formula, **more)
    return theirs(**{**case.arguments, **case.keras_arguments}, **more)


def draw(sort: str, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Return random values of a sort; "ids" has the shape without its last axis."""
    if sort == "ids":
        return generator.integers(0, shape[-1], shape[:-1]).astype(np.float64)
    if sort == "one_hot":
        return np.eye(shape[-1])[generator.integers(0, shape[-1], shape[:-1])]
    made: dict[str, Callable[[], Any]] = {
        "real": lambda: generator.normal(0, 2, shape),
        "positive": lambda: generator.uniform(0.01, 4, shape),
        "unit": lambda: generator.uniform(0.001, 0.999, shape),
        "binary": lambda: generator.integers(0, 2, shape),
        "sign": lambda: generator.choice([-1.0, 1.0], shape),
        "count": lambda: generator.poisson(2.0, shape),
    }
    return np.asarray(made[sort](), dtype=np.float64)


def make_data(case: Case, shape: tuple[int, ...], seed: int) -> tuple[Array, Array]:
    generator = np.random.default_rng(seed)
    return draw(case.targets, shape, generator), draw(case.outputs, shape, generator)
