"""What a load is going to do, decided before anything is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy.typing as npt

from kplug.errors import WeightsError
from kplug.saving.model_weights import NamedWeight


@dataclass(frozen=True)
class Assignment:
    """A weight of the model and the dataset that it will be filled from.

    Args:
        weight: The weight.
        dataset: The dataset; what is made of it has a shape and a type that fit.
        make: What makes the weight of the values of the datasets; None if the dataset is the weight.
        more: Further datasets, where several make one weight.
    """

    weight: NamedWeight
    dataset: h5py.Dataset
    make: Callable[..., npt.NDArray[Any]] | None = None
    more: tuple[h5py.Dataset, ...] = ()


@dataclass
class Plan:
    """What a load is going to do.

    Args:
        assignments: Weights that fit.
        problems: What does not fit, one error each.
        remarks: What a person should know afterwards.
    """

    assignments: list[Assignment] = field(default_factory=list)
    problems: list[WeightsError] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def assign(
        self,
        weight: NamedWeight,
        dataset: h5py.Dataset,
        make: Callable[..., npt.NDArray[Any]] | None = None,
        more: tuple[h5py.Dataset, ...] = (),
    ) -> None:
        """Add an assignment of what fits; see ``Assignment``."""
        self.assignments.append(Assignment(weight, dataset, make, more))
