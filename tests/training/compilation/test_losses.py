"""A compiled run gives what an eager one gives with every built-in loss, over more than 50 steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from kplug.builtins.losses import kplug_losses
from kplug.errors import EagerStepWarning
from kplug.layers import Dense, Input, Reshape
from kplug.models import Sequential

ROWS, FEATURES, CLASSES = 96, 6, 4


def _class_ids() -> Tensor:
    return torch.randint(0, CLASSES, (ROWS,))


def _one_hot() -> Tensor:
    return torch.nn.functional.one_hot(_class_ids(), CLASSES).float()


def _signs() -> Tensor:
    return torch.randint(0, 2, (ROWS, CLASSES)) * 2.0 - 1.0


def _labels() -> Tensor:
    return torch.randint(1, CLASSES, (ROWS, 2))


@dataclass(frozen=True)
class Problem:
    """What a loss is tried on.

    Args:
        activation: Of the last layer.
        make_targets: Draws the targets.
        units: Of the last layer.
        is_sequence: Whether the outputs are 6 moments with 4 classes each.
        arguments: Of the loss.
    """

    activation: str
    make_targets: Callable[[], Tensor]
    units: int = CLASSES
    is_sequence: bool = False
    arguments: str = ""


_NUMBERS = Problem("linear", lambda: torch.randn(ROWS, CLASSES))
_POSITIVE = Problem("softplus", lambda: torch.rand(ROWS, CLASSES) + 0.5)
_YES_OR_NO = Problem("sigmoid", lambda: torch.randint(0, 2, (ROWS, CLASSES)).float())
_ONE_OF = Problem("softmax", _one_hot)
_MARGINS = Problem("tanh", _signs)

PROBLEMS = {
    "mean_squared_error": _NUMBERS,
    "mean_absolute_error": _NUMBERS,
    "mean_absolute_percentage_error": _POSITIVE,
    "mean_squared_logarithmic_error": _POSITIVE,
    "huber": _NUMBERS,
    "log_cosh": _NUMBERS,
    "cosine_similarity": _NUMBERS,
    "hinge": _MARGINS,
    "squared_hinge": _MARGINS,
    "categorical_hinge": _ONE_OF,
    "binary_crossentropy": _YES_OR_NO,
    "categorical_crossentropy": _ONE_OF,
    "sparse_categorical_crossentropy": Problem("softmax", _class_ids),
    "binary_focal_crossentropy": _YES_OR_NO,
    "categorical_focal_crossentropy": _ONE_OF,
    "categorical_generalized_cross_entropy": Problem("softmax", _class_ids),
    "crossentropy": Problem("softmax", _class_ids),
    "dice": _YES_OR_NO,
    "tversky": _YES_OR_NO,
    "circle": Problem("tanh", _class_ids, arguments="(gamma=1.0)"),
    "ctc": Problem("linear", _labels, units=24, is_sequence=True),
    "kl_divergence": _ONE_OF,
    "poisson": _POSITIVE,
}

assert set(PROBLEMS) == set(kplug_losses()), "a built-in loss has no problem"


def make_model(problem: Problem) -> Sequential:
    torch.manual_seed(0)
    layers: list[Any] = [
        Input((FEATURES,)),
        Dense(8, activation="tanh"),
        Dense(problem.units, activation=problem.activation),
    ]
    if problem.is_sequence:
        layers.append(Reshape((6, CLASSES)))
    model = Sequential(layers)
    model.ensure_built()
    return model


def compare_loss(loss: str, compare_runs: Callable[..., None]) -> None:
    torch.manual_seed(1)
    problem = PROBLEMS[loss]
    x, y = torch.randn(ROWS, FEATURES), problem.make_targets()
    text = f"{loss}{problem.arguments}"
    compare_runs(lambda: make_model(problem), x, y, loss=text, optimizer=lambda: "sgd(lr=0.01)")


@pytest.mark.parametrize("loss", [loss for loss in PROBLEMS if loss != "ctc"])
def test_every_loss(loss: str, compare_runs: Callable[..., None]) -> None:
    compare_loss(loss, compare_runs)


def test_ctc_runs_eagerly_because_torchs_kernel_wants_lengths_as_numbers(
    compare_runs: Callable[..., None],
) -> None:
    with pytest.warns(EagerStepWarning, match=r"the loss kplug/ctc \(kplug .*ctc\.py:\d+ `"):
        compare_loss("ctc", compare_runs)
