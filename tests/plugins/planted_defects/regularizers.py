"""Regularizers with one small defect each."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug.regularizers import Regularizer
from tests.plugins.planted_defects.table import Defect


class Strength(Regularizer):
    """The sum of absolute values; right as it stands."""

    def __init__(self, strength: float = 0.01) -> None:
        self.strength = strength

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return self.strength * weight_matrix.abs().sum()


class Forgetful(Strength):
    def get_config(self) -> dict[str, Any]:
        return {}


class Renamed(Strength):
    def get_config(self) -> dict[str, Any]:
        return {"weight": self.strength}


class Unheeded(Strength):
    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return 0.01 * weight_matrix.abs().sum()


class Lambdas(Strength):
    def __init__(self, strength: float = 0.01) -> None:
        super().__init__(strength)
        self._of = lambda weight: weight.abs().sum()

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return self.strength * self._of(weight_matrix)


def norm(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    return strength * weight_matrix.square().sum().sqrt()


def in_place(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    return strength * weight_matrix.abs_().sum()


def doubled(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    return strength * weight_matrix.double().abs().sum()


def relative(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    largest = weight_matrix.abs().max().item()
    return strength * weight_matrix.abs().sum() / (largest + 1e-7)


def unreduced(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    return strength * weight_matrix.abs().sum(0)


def of_numbers(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    return torch.tensor(strength, dtype=weight_matrix.dtype, device=weight_matrix.device) * (
        weight_matrix.detach().abs().sum()
    )


def of_columns(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    rows, columns = weight_matrix.shape
    return strength * weight_matrix.square().sum() / (rows * columns)


DEFECTS = [
    Defect("forgets the strength", Forgetful, "config", "a loaded model is punished otherwise"),
    Defect("calls the strength weight", Renamed, "config", "no file with it can be read"),
    Defect("reads no strength", Unheeded, "effect", "the argument changes nothing"),
    Defect("keeps a lambda", Lambdas, "pickle", "the model cannot be sent to a process"),
    Defect("takes a root of zero", norm, "zero", "a bias is NaN after one step"),
    Defect(
        "changes the weight",
        in_place,
        "inputs",
        "training destroys the model",
        also=("gradients", "gradcheck", "zero"),
    ),
    Defect("computes in float64", doubled, "dtype", "the step is slow, and fails on MPS"),
    Defect("reads the largest value", relative, "device", "each step waits", also=("gradcheck",)),
    Defect("returns one value a column", unreduced, "scalar", "fit fails", also=("gradcheck",)),
    Defect(
        "detaches the weight", of_numbers, "gradients", "nothing is punished", also=("gradcheck",)
    ),
    Defect("takes matrices only", of_columns, "ranks", "it fails on the bias"),
]
