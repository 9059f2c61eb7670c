"""The `LoadPlan` class: which source each weight takes, decided before data are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy.typing as npt
import torch

from kplug.errors import WeightsError
from kplug.saving.hdf5_library import h5py
from kplug.saving.weights.named_weights import NamedWeight


class WeightSource(NamedTuple):
    """The source of a weight's values.

    Args:
        datasets: Usually one.
        make: Function of their values that returns the weight; None if the dataset is the weight.
    """

    datasets: tuple[h5py.Dataset, ...]
    make: Callable[..., npt.NDArray[Any]] | None = None


class Assignment(NamedTuple):
    """A weight of the model and its source, whose shape and type fit."""

    weight: NamedWeight
    source: WeightSource


@dataclass
class LoadPlan:
    """A planned load: assignments and problems."""

    assignments: list[Assignment] = field(default_factory=list)
    problems: list[WeightsError] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def assign(self, title: str, weight: NamedWeight, source: WeightSource, hint: str) -> None:
        """Assign a source that fits; add a problem for one that does not."""
        mismatch = None if source.make else _find_mismatch(weight.tensor, source.datasets[0])
        if mismatch:
            self.add_problem(f"{title}: weight {weight.name!r} {mismatch}", hint)
        else:
            self.assignments.append(Assignment(weight, source))

    def add_problem(self, message: str, hint: str) -> None:
        """Add a problem: a weight or layer that does not fit."""
        self.problems.append(WeightsError(message, hint=hint))

    def raise_problems(self) -> None:
        """Raise the first problem, if any, with their number."""
        if len(self.problems) == 1:
            raise self.problems[0]
        if self.problems:
            first, *others = self.problems
            message = f"{first.message}; {len(others)} more weights or layers do not fit"
            raise WeightsError(message, hint=first.hint) from first


def _find_mismatch(tensor: torch.Tensor, dataset: h5py.Dataset) -> str | None:
    """Return why the dataset does not fit the tensor, judged without reading it."""
    expected, found = tuple(tensor.shape), tuple(dataset.shape)
    if expected != found:
        return f"has shape {expected}, the file's {dataset.name!r} has shape {found}"
    kind = dataset.dtype.kind
    is_narrower = (kind == "c" and not tensor.is_complex()) or (
        kind == "f" and not (tensor.is_floating_point() or tensor.is_complex())
    )
    if is_narrower:
        dtype = str(tensor.dtype).removeprefix("torch.")
        return f"is {dtype}, the file's {dataset.name!r} is {dataset.dtype}"
    return None


def count_things(things: Sequence[object], noun: str) -> str:
    """Return a number with its noun, for a message."""
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def list_names(names: Sequence[str], most: int = 6) -> str:
    """Return the names in brackets, for a message."""
    if not names:
        return ""
    shown = ", ".join(repr(name) for name in names[:most])
    return f" ({shown}, …)" if len(names) > most else f" ({shown})"
