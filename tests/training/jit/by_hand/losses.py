"""Reference losses for training loops written by hand, and targets for each.

kplug's losses are formulas: those in NumPy of `tests/losses`, or torch code of this module. For torch's
own, the loss of torch is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import kplug
from kplug.registry import REGISTRY, Component, get_kind
from tests.losses import cases

from .loop import ROWS, Array

CLASSES, TIMES = 4, 6
_EPSILON = 1e-7

Formula = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class LossCase:
    """A loss, as given to ``compile``, and its computation by hand.

    Args:
        text: The loss.
        find_loss: Gives the loss of a batch, targets first, by hand.
        targets: The sort of the targets.
        activation: Of the last layer.
        shape: Of the outputs of a sample.
        rate: The learning rate.
        is_eager: Whether it reads numbers of tensors, so that compiling ends with a warning.
    """

    text: str
    find_loss: Formula
    targets: str
    activation: str
    shape: tuple[int, ...] = (CLASSES,)
    rate: float = 0.1
    is_eager: bool = False

    @property
    def name(self) -> str:
        """Its name, without arguments."""
        return self.text.partition("(")[0]

    def __str__(self) -> str:
        return f"{self.text}-{self.targets}"

    def draw_targets(self) -> Tensor:
        """Return the targets; integers are class ids or labels."""
        generator = np.random.default_rng(2)
        if self.targets == "labels":
            return torch.as_tensor(generator.integers(1, CLASSES, (ROWS, 2)))
        if self.targets == "members":  # two classes, and then -1
            orders = generator.permuted(np.tile(np.arange(CLASSES), (ROWS, 1)), axis=1)
            return torch.as_tensor(np.where(np.arange(CLASSES) < 2, orders, -1))
        drawn = cases.draw(self.targets, (ROWS, CLASSES), generator)
        targets = torch.as_tensor(drawn)
        # Numbers that float32 has.
        return targets.long() if self.targets == "ids" else targets.float().double()


def differentiate(formula: Callable[[Array, Array], Array], y: Tensor, p: Tensor) -> Tensor:
    """Return the mean of a formula in NumPy, with its gradient by central differences.

    Args:
        formula: Gives one value a sample, which depends on the outputs of this sample only.
        y: Targets.
        p: Outputs, shape (N, k).
    """
    targets, outputs, width = y.numpy(), p.detach().numpy(), 1e-6
    gradient = np.zeros_like(outputs)
    for column in range(outputs.shape[1]):
        shift = np.zeros_like(outputs)
        shift[:, column] = width
        above, below = formula(targets, outputs + shift), formula(targets, outputs - shift)
        gradient[:, column] = (above - below) / (2 * width * len(outputs))
    value = formula(targets, outputs).mean()
    # The difference is 0, and its gradient the one that was found.
    return float(value) + (torch.as_tensor(gradient) * (p - p.detach())).sum()


def _find_activation(case: Any) -> str:
    if case.outputs == "unit":
        return "softmax" if case.targets in ("one_hot", "ids") else "sigmoid"
    return {"positive": "softplus", "real": "linear"}[case.outputs]


def _of_formula(case: Any) -> LossCase:
    return LossCase(
        case.label.removesuffix("()"),
        lambda y, p: differentiate(case.formula, y, p),
        case.targets,
        _find_activation(case),
        # Percentages of targets near 0 have gradients of hundreds.
        rate=1e-4 if case.name == "mean_absolute_percentage_error" else 0.1,
    )


# --- losses of a batch as a whole, and what stands on others ---------------------------------------------


def _circle(y: Tensor, z: Tensor) -> Tensor:
    distances = (1.0 - z @ z.T).clamp(min=0.0)
    is_same = y[:, None] == y
    near = torch.exp((0.4 + distances) * (distances - 0.4)) * (is_same & ~torch.eye(len(y)).bool())
    far = torch.exp((1.4 - distances).clamp(min=0.0) * (0.6 - distances)) * ~is_same
    values = torch.log1p(near.sum(1) * far.sum(1))
    return values.sum() / (values > 0).sum()


def _dice(y: Tensor, p: Tensor) -> Tensor:
    return 1.0 - 2.0 * (y * p).sum() / (y.sum() + p.sum() + _EPSILON)


def _tversky(y: Tensor, p: Tensor) -> Tensor:
    both, excess, missed = (y * p).sum(), ((1.0 - y) * p).sum(), (y * (1.0 - p)).sum()
    return 1.0 - both / (both + 0.5 * excess + 0.5 * missed + _EPSILON)


def _cross_entropy(y: Tensor, p: Tensor) -> Tensor:
    return F.nll_loss(p.log(), y)


def _squares(y: Tensor, p: Tensor) -> Tensor:
    return (y - p).square().mean()


def _squares_and_sizes(y: Tensor, p: Tensor) -> Tensor:
    return 0.5 * _squares(y, p) + 2 * (y - p).abs().mean()


def _ctc(y: Tensor, logits: Tensor) -> Tensor:
    times, lengths = (torch.full((len(y),), count) for count in (TIMES, y.shape[1]))
    values = F.ctc_loss(logits.log_softmax(-1).movedim(1, 0), y, times, lengths, reduction="none")
    return values.mean()


WRITTEN = [
    LossCase("circle(gamma=1.0)", _circle, "ids", "tanh"),
    # torch's kernel wants lengths as numbers.
    LossCase("ctc", _ctc, "labels", "linear", (TIMES, CLASSES), is_eager=True),
    LossCase("crossentropy", _cross_entropy, "ids", "softmax"),
    LossCase("dice", _dice, "binary", "sigmoid"),
    LossCase("torch_convention(mean_squared_error)", _squares, "real", "linear"),
    LossCase("tversky", _tversky, "binary", "sigmoid"),
    LossCase(
        "weighted_sum(['mean_squared_error', 'mean_absolute_error'], weights=[0.5, 2.0])",
        _squares_and_sizes,
        "real",
        "linear",
    ),
]
# Targets, activation and arguments for torch's own, called with their outputs first; others get numbers.
OF_TORCH: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bce_loss": ("binary", "sigmoid", {}),
    "bce_with_logits_loss": ("binary", "linear", {}),
    "cross_entropy_loss": ("ids", "linear", {}),
    "hinge_embedding_loss": ("sign", "linear", {}),
    "kl_div_loss": ("unit", "linear", {"reduction": "batchmean"}),
    "multi_label_margin_loss": ("members", "linear", {}),
    "multi_label_soft_margin_loss": ("binary", "linear", {}),
    "multi_margin_loss": ("ids", "linear", {}),
    "nll_loss": ("ids", "linear", {}),
    "poisson_nll_loss": ("count", "linear", {}),
    "soft_margin_loss": ("sign", "linear", {}),
}


def _of_torch(component: Component) -> LossCase:
    targets, activation, arguments = OF_TORCH.get(component.name, ("real", "linear", {}))
    module = REGISTRY.load(component)(**arguments)
    text = f"{component.qualified_name}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})"
    return LossCase(text.removesuffix("()"), lambda y, p: module(p, y), targets, activation)


def _of_itself(name: str) -> LossCase:
    """Return the case of a loss without a formula: a loop that calls the loss itself."""
    loss: Any = kplug.losses.get(name)
    return LossCase(name, loss, "binary", "sigmoid")


def _find_cases() -> list[LossCase]:
    """Return a case, or several, for each loss that comes with kplug."""
    known = [*map(_of_formula, cases.CASES), *WRITTEN]
    table: list[LossCase] = []
    for component in REGISTRY.components(get_kind("loss")):
        name, origin = component.name, component.origin.distribution
        if origin == "torch":
            table.append(_of_torch(component))
        elif origin == "kplug":
            found = [each for each in known if each.name == name]
            table += found or [_of_itself(name)]
    return table


LOSSES = _find_cases()
