"""What a load is going to do, decided before anything is read."""

from __future__ import annotations

from dataclasses import dataclass, field

import h5py

from kplug.errors import WeightsError
from kplug.saving.model_weights import NamedWeight

# Theano convolves, everyone else correlates: its kernels are mirrored.
_CONVOLUTIONS = {"Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D"}


@dataclass(frozen=True)
class Assignment:
    """A weight of the model and the dataset that it will be filled from.

    Args:
        weight: The weight.
        dataset: The dataset; its shape and type fit.
        is_mirrored: Whether its spatial axes run backwards, as in the kernels of Theano.
    """

    weight: NamedWeight
    dataset: h5py.Dataset
    is_mirrored: bool = False


@dataclass
class Plan:
    """What a load is going to do.

    Args:
        assignments: Weights that fit.
        problems: What does not fit, one error each.
        remarks: What a person should know afterwards.
        backend: Keras's backend when the file was written, where that changes values.
    """

    assignments: list[Assignment] = field(default_factory=list)
    problems: list[WeightsError] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    backend: str | None = None

    def assign(self, weight: NamedWeight, dataset: h5py.Dataset) -> None:
        """Add an assignment of a dataset that fits."""
        is_mirrored = self.backend == "theano" and weight.owner in _CONVOLUTIONS
        self.assignments.append(Assignment(weight, dataset, is_mirrored))
