"""Constraints with one small defect each."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug.constraints import Constraint
from tests.plugins.planted_defects.table import Defect


class Limit(Constraint):
    """Keeps values below a limit; right as it stands."""

    def __init__(self, limit: float = 0.5) -> None:
        self.limit = limit

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return weight_matrix.clamp(-self.limit, self.limit)


class Forgetful(Limit):
    def get_config(self) -> dict[str, Any]:
        return {}


class Unheeded(Limit):
    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return weight_matrix.clamp(-0.5, 0.5)


class Lambdas(Limit):
    def __init__(self, limit: float = 0.5) -> None:
        super().__init__(limit)
        self._of = lambda weight: weight.clamp(-limit, limit)

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return self._of(weight_matrix)


def unit(weight_matrix: Tensor) -> Tensor:
    return weight_matrix / weight_matrix.norm(dim=0, keepdim=True)


def shrunk(weight_matrix: Tensor) -> Tensor:
    return 0.9 * weight_matrix


def in_place(weight_matrix: Tensor) -> Tensor:
    return weight_matrix.clamp_(min=0.0)


def doubled(weight_matrix: Tensor) -> Tensor:
    return weight_matrix.double().clamp(min=0.0)


def read(weight_matrix: Tensor) -> Tensor:
    largest = weight_matrix.abs().max().item()
    return weight_matrix / max(largest, 1.0)


def flat(weight_matrix: Tensor) -> Tensor:
    return weight_matrix.clamp(min=0.0).flatten()


def of_rows(weight_matrix: Tensor) -> Tensor:
    norms = weight_matrix.square().sum(1, keepdim=True).sqrt()
    return weight_matrix / norms.clamp(min=1.0)


def shaken(weight_matrix: Tensor) -> Tensor:
    return (weight_matrix + 0.01 * torch.randn_like(weight_matrix)).clamp(-0.5, 0.5)


DEFECTS = [
    Defect("forgets the limit", Forgetful, "config", "a loaded model is limited otherwise"),
    Defect("reads no limit", Unheeded, "effect", "the argument changes nothing"),
    Defect("keeps a lambda", Lambdas, "pickle", "the model cannot be sent to a process"),
    Defect("divides by zero", unit, "zero", "a bias is NaN at once"),
    Defect("goes on shrinking", shrunk, "idempotent", "weights vanish"),
    Defect("changes its input", in_place, "inputs", "the optimizer sees other weights"),
    Defect("computes in float64", doubled, "dtype", "the weight changes its type"),
    Defect("reads the largest value", read, "device", "each step waits"),
    Defect("flattens", flat, "shape", "the weight cannot be assigned", also=("ranks",)),
    Defect("takes the second axis", of_rows, "ranks", "it fails on the bias"),
    Defect(
        "draws numbers",
        shaken,
        "idempotent",
        "weights move without training",
    ),
]
