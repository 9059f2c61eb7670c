"""What a load is going to do, decided before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy.typing as npt
import torch

from kplug.errors import WeightsError
from kplug.saving.weights.named_weights import NamedWeight


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
class LoadPlan:
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

    def raise_problems(self) -> None:
        """Raise the first problem, if there is one, saying how many there are."""
        if len(self.problems) == 1:
            raise self.problems[0]
        if self.problems:
            first, *others = self.problems
            message = f"{first.message}; {len(others)} more weights or layers do not fit"
            raise WeightsError(message, hint=first.hint) from first


def find_mismatch(tensor: torch.Tensor, dataset: h5py.Dataset) -> str | None:
    """Return why the tensor cannot take the dataset's values, judged without reading them."""
    expected, found = tuple(tensor.shape), tuple(dataset.shape)
    if expected != found:
        return f"has shape {expected}, the file's {dataset.name!r} has shape {found}"
    kind = dataset.dtype.kind
    is_narrower = (kind == "c" and not tensor.is_complex()) or (
        kind == "f" and not (tensor.is_floating_point() or tensor.is_complex())
    )
    if is_narrower:
        return f"is {_dtype(tensor.dtype)}, the file's {dataset.name!r} is {dataset.dtype}"
    return None


def list_names(names: Sequence[str], most: int = 6) -> str:
    """Return the names in brackets, for a message."""
    if not names:
        return ""
    shown = ", ".join(repr(name) for name in names[:most])
    return f" ({shown}, …)" if len(names) > most else f" ({shown})"


def _dtype(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
