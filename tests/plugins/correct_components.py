"""Sixty components that are unusual, and right: the suite has nothing to say against any of them.

Six of each kind: closures, modules that draw numbers, losses of whole batches, decompositions that torch has
in float32 alone, gradients that are meant not to be the value's.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from kplug_authoring import Example
from torch import Tensor, nn
from typing_extensions import Unpack

import kplug
from kplug import backend as K
from kplug.callbacks import Callback, LambdaCallback
from kplug.constraints import Constraint
from kplug.initializers import Initializer
from kplug.layers import Dense, Dropout, Layer
from kplug.losses import FormulaLoss, Loss
from kplug.metrics import Metric
from kplug.optimizers import (
    CommonArguments,
    GroupSetting,
    RuleOptimizer,
    require_beta,
    takes_common,
)
from kplug.regularizers import Regularizer
from kplug.schedules import LearningRateSchedule


@dataclass(frozen=True)
class Correct:
    kind: str
    name: str
    component: Any
    example: Example = field(default_factory=Example)

    def __str__(self) -> str:
        return f"{self.kind}-{self.name.replace(' ', '_')}"


# --- Initializers ---------------------------------------------------------------------------------------


def checkerboard(shape: Any, dtype: Any = None) -> Tensor:
    places = torch.arange(math.prod(shape)).reshape(tuple(shape))
    return (places % 2 * 2 - 1).to(dtype)


def scaled_uniform(limit: float = 0.1) -> Callable[..., Tensor]:
    def draw(shape: Any, dtype: Any = None) -> Tensor:
        return torch.empty(tuple(shape), dtype=dtype).uniform_(-limit, limit)

    return draw


class NumPySeeded(Initializer):
    """Draws from NumPy, with a seed that comes from torch's generator."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        seed = int(torch.randint(2**31, ())) if self.seed is None else self.seed
        drawn = np.random.default_rng(seed).standard_normal(tuple(shape))
        return torch.as_tensor(drawn, dtype=dtype)


class MatrixOnly(Initializer):
    """A random rotation; there is none of a bias."""

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        if len(shape) != 2:
            raise ValueError(f"a rotation is a matrix, got the shape {tuple(shape)}")
        full = torch.randn(max(shape, default=1), max(shape, default=1), dtype=torch.float64)
        return torch.linalg.qr(full).Q[: shape[0], : shape[1]].to(dtype).clone()


class PerLayer(Initializer):
    """Values that get smaller with each axis; the numbers are kept in a list."""

    def __init__(self, scales: tuple[float, ...] = (0.1, 0.2)) -> None:
        self.scales = scales

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return torch.full(tuple(shape), self.scales[len(shape) > 1], dtype=dtype)


def filled(shape: Any, dtype: Any = None, value: float = 0.5) -> Tensor:
    return torch.full(tuple(shape), value, dtype=dtype)


INITIALIZERS = [
    Correct("initializer", "a pattern without arguments", checkerboard),
    Correct("initializer", "a closure", scaled_uniform),
    Correct("initializer", "NumPy seeded by torch", NumPySeeded),
    Correct("initializer", "of matrices only", MatrixOnly),
    Correct("initializer", "a tuple as an argument", PerLayer),
    Correct("initializer", "a partial", functools.partial(filled, value=0.3)),
]

# --- Regularizers ---------------------------------------------------------------------------------------


def nuclear(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    """The sum of singular values, which torch computes in float32 or better."""
    matrix = weight_matrix.reshape(-1, weight_matrix.shape[-1]).float()
    if weight_matrix.dtype is torch.float64:
        matrix = weight_matrix.reshape(-1, weight_matrix.shape[-1])
    return (strength * torch.linalg.svdvals(matrix).sum()).to(weight_matrix.dtype)


def elastic(l1: float = 0.01, l2: float = 0.01) -> Callable[[Tensor], Tensor]:
    return lambda weight_matrix: l1 * weight_matrix.abs().sum() + l2 * weight_matrix.square().sum()


def hinge(weight_matrix: Tensor, limit: float = 1.0) -> Tensor:
    """Punishes what is beyond a limit; most weights are not."""
    return (weight_matrix.abs() - limit).clamp(min=0.0).sum()


class OfKernels(Regularizer):
    """A penalty of neighbouring filters; biases have none."""

    def __init__(self, strength: float = 0.01) -> None:
        self.strength = strength

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        if weight_matrix.ndim < 2:
            return weight_matrix.sum() * 0.0
        return self.strength * (weight_matrix[..., 1:] - weight_matrix[..., :-1]).square().sum()


class Towards(Regularizer):
    """Pulls weights towards a value; has a gradient at 0."""

    def __init__(self, value: float = 1.0, strength: float = 0.01) -> None:
        self.value, self.strength = value, strength

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return self.strength * (weight_matrix - self.value).square().sum()


def entropy(weight_matrix: Tensor, temperature: float = 1.0) -> Tensor:
    return -(
        K.softmax(weight_matrix / temperature) * (weight_matrix / temperature).log_softmax(-1)
    ).mean()


REGULARIZERS = [
    Correct("regularizer", "singular values in bfloat16", nuclear),
    Correct("regularizer", "a closure", elastic),
    Correct("regularizer", "zero for most weights", hinge),
    Correct("regularizer", "none for biases", OfKernels),
    Correct("regularizer", "towards a value", Towards),
    Correct("regularizer", "an entropy", entropy),
]

# --- Losses ---------------------------------------------------------------------------------------------


def batch_hard(y_true: Tensor, y_pred: Tensor, margin: float = 0.5) -> Tensor:
    """The triplet loss of the hardest pairs of a batch, which an empty one does not have."""
    same = (y_true.argmax(-1) if y_true.ndim > 1 else y_true)[:, None]
    difference = y_pred[:, None] - y_pred[None]
    distances = (difference.square().sum(-1) + 1e-12).sqrt()
    is_same = same == same.T
    farthest = distances.masked_fill(~is_same, 0.0).max(1).values
    nearest = distances.masked_fill(is_same, 1e4).min(1).values
    return (farthest - nearest + margin).clamp(min=0.0).mean()


def quantile(q: float = 0.9) -> Callable[[Tensor, Tensor], Tensor]:
    def pinball(y_true: Tensor, y_pred: Tensor) -> Tensor:
        error = y_true - y_pred
        return torch.maximum(q * error, (q - 1.0) * error).mean(-1)

    return pinball


def explained(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """A share of the batch's variance, which one sample does not have."""
    error = (y_true - y_pred).square().mean()
    return error / ((y_true - y_true.mean(0)).square().mean() + 1.0)


class Focal(Loss):
    def __init__(
        self, gamma: float = 2.0, reduction: str = "sum_over_batch_size", name: str = "own_focal"
    ) -> None:
        super().__init__(name, reduction)
        self.gamma = gamma

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        right = (y_true * y_pred + (1 - y_true) * (1 - y_pred)).clamp(1e-7, 1 - 1e-7)
        return -((1 - right) ** self.gamma * right.log()).sum(-1)


def tilted(y_true: Tensor, y_pred: Tensor, tilt: float = 0.5) -> Tensor:
    return (tilt * (y_pred - y_true)).expm1().mean(-1) - tilt * (y_pred - y_true).mean(-1)


class Smooth(FormulaLoss, formula=tilted):
    def __init__(
        self, tilt: float = 0.5, reduction: str = "sum_over_batch_size", name: str = "smooth"
    ) -> None:
        super().__init__(reduction, name)
        self.tilt = tilt


LOSSES = [
    Correct("loss", "the hardest of a batch", batch_hard),
    Correct("loss", "a closure", quantile),
    Correct("loss", "relative to the batch", explained),
    Correct("loss", "a sum over classes", Focal),
    Correct("loss", "a formula", Smooth),
    Correct("loss", "a module of torch", nn.SmoothL1Loss),
]

# --- Optimizers -----------------------------------------------------------------------------------------


class Noisy(RuleOptimizer):
    """Gradient descent with noise that gets smaller with the gradient."""

    noise = GroupSetting("noise", require_beta)

    @takes_common
    def __init__(
        self, lr: float = 0.01, noise: float = 0.1, **common: Unpack[CommonArguments]
    ) -> None:
        self._start(lr, common, noise=noise)

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        return -group["lr"], group["noise"]

    def _move(
        self, plan: Any, parameters: list[Tensor], gradients: list[Tensor], *state: list[Tensor]
    ) -> None:
        rate, size = plan
        for parameter, gradient in zip(parameters, gradients, strict=True):
            noise = size * gradient * torch.randn_like(gradient)
            parameter.add_(gradient + noise, alpha=rate)


class Signs(torch.optim.Optimizer):
    """Moves by the rate, whatever the gradient."""

    def __init__(self, params: Any, lr: float = 0.01) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.sub_(group["lr"] * parameter.grad.sign())
        return loss


class Clipped(Signs):
    """Descends by gradients whose norm over all weights is at most 1."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        moved = [
            (parameter, group["lr"])
            for group in self.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        total = sum(parameter.grad.square().sum() for parameter, _ in moved)
        factor = torch.as_tensor(total).clamp(min=1.0).rsqrt()
        for parameter, rate in moved:
            parameter.sub_(rate * factor.to(parameter.dtype) * parameter.grad)
        return loss


class Warm(RuleOptimizer):
    """Momentum that grows with the steps."""

    slots = ("speed",)

    @takes_common
    def __init__(self, lr: float = 0.01, **common: Unpack[CommonArguments]) -> None:
        self._start(lr, common)

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        return -group["lr"], step / (step + 5.0)

    def _move(
        self, plan: Any, parameters: list[Tensor], gradients: list[Tensor], *state: list[Tensor]
    ) -> None:
        rate, momentum = plan
        (speeds,) = state
        torch._foreach_mul_(speeds, momentum)
        torch._foreach_add_(speeds, gradients)
        torch._foreach_add_(parameters, speeds, alpha=rate)


def slow_adam(lr: float = 0.01) -> Any:
    return kplug.optimizers.Adam(lr, beta_2=0.9999)


OPTIMIZERS = [
    Correct("optimizer", "noise on the gradient", Noisy),
    Correct("optimizer", "the signs alone", Signs),
    Correct("optimizer", "one norm for all", Clipped),
    Correct("optimizer", "momentum by the step", Warm),
    Correct("optimizer", "a factory", slow_adam),
    Correct("optimizer", "torch's RAdam", torch.optim.RAdam),
]

# --- Activations ----------------------------------------------------------------------------------------


class _Rounded(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


def straight_through(x: Tensor) -> Tensor:
    return _Rounded.apply(x)


def shifted(x: Tensor) -> Tensor:
    """Rounds by a tensor of which the gradient is cut off."""
    return x + (x.round() - x).detach()


def snake(frequency: float = 1.0) -> Callable[[Tensor], Tensor]:
    return lambda x: x + (frequency * x).sin().square() / frequency


class Learned(nn.Module):
    """Has a weight of its own."""

    def __init__(self, slope: float = 0.25) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 0, x, self.slope.to(x.dtype) * x)


def winner(x: Tensor) -> Tensor:
    """Keeps the largest of the last axis."""
    return x * (x == x.amax(-1, keepdim=True))


BY_DESIGN = {"gradcheck": "the gradient passes the rounding"}
ACTIVATIONS = [
    Correct("activation", "torch's RReLU", nn.RReLU),
    Correct(
        "activation", "a straight-through gradient", straight_through, Example(leave_out=BY_DESIGN)
    ),
    Correct("activation", "a detached rounding", shifted, Example(leave_out=BY_DESIGN)),
    Correct("activation", "a closure", snake),
    Correct("activation", "a learned slope", Learned),
    Correct("activation", "the winner of the last axis", winner),
]

# --- Constraints ----------------------------------------------------------------------------------------


def within(low: float = -0.5, high: float = 0.5) -> Callable[[Tensor], Tensor]:
    return lambda weight_matrix: weight_matrix.clamp(low, high)


def whole(weight_matrix: Tensor, parts: int = 2) -> Tensor:
    return (weight_matrix * parts).round() / parts


class Sorted(Constraint):
    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return weight_matrix.sort(dim=0).values


class Orthogonal(Constraint):
    """The nearest orthogonal matrix; there is none of a bias, and torch has none in bfloat16."""

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        if weight_matrix.ndim != 2:
            return weight_matrix.clone()
        kind = torch.promote_types(weight_matrix.dtype, torch.float32)
        left, _, right = torch.linalg.svd(weight_matrix.to(kind), full_matrices=False)
        return (left @ right).to(weight_matrix.dtype)


class Symmetric(Constraint):
    def __call__(self, weight_matrix: Tensor) -> Tensor:
        if weight_matrix.ndim != 2 or weight_matrix.shape[0] != weight_matrix.shape[1]:
            return weight_matrix.clone()
        return (weight_matrix + weight_matrix.T) / 2


def frozen(weight_matrix: Tensor) -> Tensor:
    return torch.zeros_like(weight_matrix)


CONSTRAINTS = [
    Correct("constraint", "a closure", within),
    Correct("constraint", "whole numbers", whole),
    Correct("constraint", "sorted", Sorted),
    Correct("constraint", "a decomposition", Orthogonal),
    Correct("constraint", "of square matrices", Symmetric),
    Correct("constraint", "zero for all", frozen),
]

# --- Metrics --------------------------------------------------------------------------------------------


def batch_share(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return (y_true.round() == y_pred.round()).float()


def near(limit: float = 0.3) -> Callable[[Tensor, Tensor], Tensor]:
    def is_near(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return ((y_true - y_pred).abs() < limit).float()

    return is_near


class Largest(Metric):
    """The largest error, which is no sum: it merges in its own way."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.largest = self.add_state("largest")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        errors = (y_true - y_pred).abs().flatten(1)
        if sample_weight is not None:
            errors = errors * (sample_weight > 0).unsqueeze(-1)
        nothing = errors.new_zeros(1)
        self.largest.copy_(
            torch.maximum(self.largest, torch.cat([nothing, errors.flatten()]).max())
        )

    def merge_state(self, others: Any) -> None:
        for other in others:
            self.largest.copy_(torch.maximum(self.largest, other.largest))

    def result(self) -> Tensor:
        return self.largest.clone()


class ByClass(Metric):
    """One number for each class, whose state is made with the first batch."""

    total: Tensor
    count: Tensor

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if not hasattr(self, "total"):
            self.add_state("total", (y_pred.shape[-1],))
            self.add_state("count")
        weights = torch.ones(len(y_pred)) if sample_weight is None else sample_weight
        self.total.add_((y_pred.detach() * weights.unsqueeze(-1)).sum(0))
        self.count.add_(weights.sum())

    def result(self) -> Any:
        if not hasattr(self, "total"):
            return {"mean": torch.tensor(0.0)}
        mean = self.total / self.count.clamp(min=1e-7)
        return {f"class_{at}": value for at, value in enumerate(mean)}


class Doubled(Metric):
    """Holds another metric."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.inner = kplug.metrics.MeanAbsoluteError()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.inner.update_state(y_true, y_pred, sample_weight)

    def result(self) -> Tensor:
        return 2.0 * self.inner.result()


METRICS = [
    Correct("metric", "a function of values", batch_share),
    Correct("metric", "a closure", near),
    Correct("metric", "a largest value", Largest),
    Correct("metric", "one number a class", ByClass),
    Correct("metric", "a metric inside", Doubled),
    Correct("metric", "a loss", Focal),
]

# --- Layers ---------------------------------------------------------------------------------------------


class Residual(Layer):
    """Holds layers, which it makes where it is built."""

    def __init__(self, width: int = 6, **options: Any) -> None:
        super().__init__(**options)
        self.width = width

    def build(self, input_shape: Any) -> None:
        self.inner = Dense(self.width, activation="relu")
        self.outer = Dense(input_shape[-1])
        self.drop = Dropout(0.3)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        return inputs + self.outer(self.drop(self.inner(inputs), training=training))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}


class Counting(Layer):
    """Keeps a running mean as a weight that nothing trains."""

    def build(self, input_shape: Any) -> None:
        self.mean = self.add_weight("mean", input_shape[-1:], initializer="zeros", trainable=False)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if training:
            with torch.no_grad():
                self.mean.lerp_(inputs.flatten(0, -2).mean(0), 0.1)
        return inputs - self.mean


class Pair(Layer):
    """Returns two tensors."""

    output_count = 2

    def call(self, inputs: Tensor) -> list[Tensor]:
        return [inputs.sin(), inputs.cos()]


class Noise(Layer):
    """Draws numbers in training."""

    def __init__(self, size: float = 0.1, **options: Any) -> None:
        super().__init__(**options)
        self.size = size

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        return inputs + self.size * torch.randn_like(inputs) if training else inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


class LastStep(Layer):
    """Takes sequences, and gives the mask up."""

    def call(self, inputs: Tensor) -> Tensor:
        if inputs.ndim != 3:
            raise ValueError(f"a sequence has three axes, got {tuple(inputs.shape)}")
        return inputs[:, -1]


class Spread(nn.Module):
    """A module of torch with a buffer."""

    def __init__(self, width: int = 5) -> None:
        super().__init__()
        self.width = width
        self.linear = nn.Linear(5, width)
        self.register_buffer("offset", torch.ones(()))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(inputs) + self.offset


LAYERS = [
    Correct("layer", "layers inside", Residual),
    Correct("layer", "a running mean", Counting),
    Correct("layer", "two outputs", Pair),
    Correct("layer", "noise in training", Noise),
    Correct("layer", "of sequences only", LastStep),
    Correct("layer", "a module of torch", Spread),
]

# --- Schedules ------------------------------------------------------------------------------------------


def steps(step: int, rate: float = 0.1, every: int = 100) -> float:
    return rate * 0.5 ** min(step // every, 100)


def warm(rate: float = 0.1, warmup: int = 100) -> Callable[[int], float]:
    return lambda step: rate * min(1.0, (step + 1) / warmup)


class Cyclic(LearningRateSchedule):
    def __init__(self, low: float = 0.01, high: float = 0.1, period: int = 20) -> None:
        self.low, self.high, self.period = low, high, period

    def __call__(self, step: int) -> float:
        phase = abs(2.0 * (step % self.period) / self.period - 1.0)
        return self.low + (self.high - self.low) * phase


class Table(LearningRateSchedule):
    """Rates of single steps, as a dict."""

    def __init__(self, rates: Mapping[str, float] = {"0": 0.1, "100": 0.01}) -> None:
        self.rates = rates

    def __call__(self, step: int) -> float:
        return next(rate for at, rate in reversed([*self.rates.items()]) if step >= int(at))


def constant(step: int) -> float:
    return 0.1


class Tensors(LearningRateSchedule):
    """Computes with tensors."""

    def __init__(self, rate: float = 0.1) -> None:
        self.rate = rate

    def __call__(self, step: int) -> Any:
        return self.rate * torch.tensor(float(step)).mul(-0.001).exp()


SCHEDULES = [
    Correct("schedule", "a function", steps),
    Correct("schedule", "a closure", warm),
    Correct("schedule", "a cycle", Cyclic),
    Correct("schedule", "a table", Table),
    Correct("schedule", "a constant", constant),
    Correct("schedule", "tensors", Tensors),
]

# --- Callbacks ------------------------------------------------------------------------------------------


class Averages(Callback):
    """Puts averages of the weights into the model when training ends."""

    def __init__(self, momentum: float = 0.5) -> None:
        super().__init__()
        self.momentum = momentum
        self._mean: list[Any] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self._mean = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        weights = self.model.get_weights()
        kept = self._mean or weights
        self._mean = [
            self.momentum * mean + (1.0 - self.momentum) * weight
            for mean, weight in zip(kept, weights, strict=True)
        ]

    def on_train_end(self, logs: Any = None) -> None:
        self.model.set_weights(self._mean)


class Recorder(Callback):
    """Gathers what it sees, over several trainings."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.losses.append((logs or {}).get("loss"))


class Adding(Callback):
    """Adds a number to the logs."""

    def __init__(self, name: str = "norm") -> None:
        super().__init__()
        self.name = name

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs[self.name] = float(sum(one.square().sum() for one in self.model.parameters()))


class Halving(Callback):
    """Changes the learning rate by epoch."""

    def __init__(self, factor: float = 0.5) -> None:
        super().__init__()
        self.factor = factor

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        K.set_value(self.model.optimizer.lr, 0.1 * self.factor**epoch)


class Foreign:
    """Derives from nothing of ours."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def set_model(self, model: Any) -> None:
        self.model = model

    def set_params(self, params: Any) -> None:
        self.params = params

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("on_"):
            raise AttributeError(name)
        return functools.partial(self._note, name)

    def _note(self, name: str, *arguments: Any) -> None:
        self.calls.append(name)


def printing() -> LambdaCallback:
    return LambdaCallback(on_epoch_end=lambda epoch, logs: None)


CALLBACKS = [
    Correct("callback", "averages of the weights", Averages),
    Correct("callback", "a record over trainings", Recorder),
    Correct("callback", "a further number in the logs", Adding),
    Correct("callback", "a rate by epoch", Halving),
    Correct("callback", "a class of its own", Foreign),
    Correct("callback", "a closure", printing),
]

CORRECT = [
    *INITIALIZERS,
    *REGULARIZERS,
    *LOSSES,
    *OPTIMIZERS,
    *ACTIVATIONS,
    *CONSTRAINTS,
    *METRICS,
    *LAYERS,
    *SCHEDULES,
    *CALLBACKS,
]
