"""Converts kernels and biases from the forms of older Keras versions.

The rules are those of Keras 2.3 for its own older files, and for files of its cuDNN layers and of other
backends. A rule applies only to the shapes that it was made for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kplug.saving.hdf5_library import h5py
from kplug.saving.weights.load_plan import WeightSource
from kplug.saving.weights.named_weights import NamedWeight

Array = npt.NDArray[Any]

_RECURRENT = ("kernel", "recurrent_kernel", "bias")

# Keras 1 stored three arrays per gate, in the order i, c, f, o for an LSTM and z, r, h for a GRU.
_GATES_OF_KERAS_1 = {4: (0, 2, 1, 3), 3: (0, 1, 2)}

_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose")

# Axes of Keras 1's kernels with the channels first: (out, in, …), and of transposed convolutions.
_OF_KERAS_1 = {
    ("Conv2D", True): (2, 3, 1, 0),
    ("Conv3D", True): (2, 3, 4, 1, 0),
    ("Conv2DTranspose", False): (0, 1, 3, 2),
    ("Conv2DTranspose", True): (2, 3, 0, 1),
}
# The one other order of axes that Keras 2 reads.
_OF_KERAS_2 = (3, 2, 0, 1)


class FileOrigin(NamedTuple):
    """The writer of a file, as far as it affects the meaning of its numbers.

    Args:
        backend: Keras's backend, if the file states it.
        is_keras_1: Whether the file states no version, unlike those of Keras 2.
    """

    backend: str | None = None
    is_keras_1: bool = False


def find_sources(
    weights: Sequence[NamedWeight], datasets: Sequence[h5py.Dataset], origin: FileOrigin
) -> list[WeightSource] | None:
    """Return the source of each weight of a layer; None if the number of datasets does not fit."""
    gates = dict(_find_recurrent(weights))
    surplus = sum(3 * count - 3 for count in gates.values())
    is_split = origin.is_keras_1 and len(datasets) == len(weights) + surplus
    if not is_split and len(datasets) != len(weights):
        return None
    rest, sources = iter(datasets), list[WeightSource]()
    while len(sources) < len(weights):
        place = len(sources)
        count = gates.get(place)
        if count is None:
            sources.append(_convert_single(weights[place], next(rest), origin))
            continue
        own = weights[place : place + 3]
        found = [next(rest) for _ in range(3 * count if is_split else 3)]
        sources += _merge(own, found, count) if is_split else _convert_cudnn(own, found, count)
    return sources


def _find_recurrent(weights: Sequence[NamedWeight]) -> Iterator[tuple[int, int]]:
    """Yield the index of an LSTM's or GRU's three weights, and its number of gates."""
    names = [weight.name.removesuffix(":0").rpartition("/")[2] for weight in weights]
    for place in range(len(weights) - 2):
        shape = tuple(weights[place + 1].tensor.shape)
        if tuple(names[place : place + 3]) != _RECURRENT or len(shape) != 2:
            continue
        units, columns = shape
        if units and columns in (3 * units, 4 * units):
            yield place, columns // units


def _merge(
    weights: Sequence[NamedWeight], parts: Sequence[h5py.Dataset], count: int
) -> list[WeightSource]:
    """Return the sources of kernel, recurrent kernel and bias that Keras 1 stored gate by gate."""
    sources = []
    for offset, weight in enumerate(weights):
        found = tuple(parts[3 * gate + offset] for gate in _GATES_OF_KERAS_1[count])
        *leading, columns = weight.tensor.shape
        fits = all(part.shape == (*leading, columns // count) for part in found)
        sources.append(WeightSource(found, _concatenate) if fits else WeightSource(found[:1]))
    return sources


def _concatenate(*parts: Array) -> Array:
    return np.concatenate(parts, axis=-1)


def _convert_cudnn(
    weights: Sequence[NamedWeight], datasets: Sequence[h5py.Dataset], count: int
) -> list[WeightSource]:
    """Return the sources of an LSTM, or of a GRU with ``reset_after``, that may be cuDNN's.

    Its kernels are stored transposed, gate by gate, and it has two biases.
    """
    kernel, recurrent, bias = (tuple(weight.tensor.shape) for weight in weights)
    units = recurrent[0]
    own_bias = (4 * units,) if count == 4 else (2, 3 * units)
    found = [tuple(dataset.shape) for dataset in datasets]
    if bias != own_bias or found != [kernel, recurrent, (2 * count * units,)]:
        return [WeightSource((dataset,)) for dataset in datasets]

    def turn_kernel(values: Array) -> Array:
        parts = np.hsplit(values, count)
        return np.hstack([part.T.reshape(part.shape, order="F") for part in parts])

    def turn_recurrent(values: Array) -> Array:
        return np.hstack([part.T for part in np.hsplit(values, count)])

    def join_biases(values: Array) -> Array:
        rows = values.reshape(2, -1)
        return rows.sum(axis=0) if count == 4 else rows

    makers = (turn_kernel, turn_recurrent, join_biases)
    return [WeightSource((each,), make) for each, make in zip(datasets, makers, strict=True)]


def _convert_single(weight: NamedWeight, dataset: h5py.Dataset, origin: FileOrigin) -> WeightSource:
    if weight.owner not in _CONVOLUTIONS or weight.tensor.ndim < 3:
        return WeightSource((dataset,))
    axes = _find_axes(weight, tuple(dataset.shape), origin)
    is_mirrored = origin.backend == "theano"
    is_plain = axes == tuple(range(weight.tensor.ndim)) and not is_mirrored
    if axes is None or is_plain:
        return WeightSource((dataset,))

    def make(values: Array) -> Array:
        if is_mirrored:  # Theano convolves, others correlate
            values = np.flip(values, axis=tuple(range(values.ndim - 2)))
        made: Array = values.transpose(axes).reshape(weight.tensor.shape)
        return made

    return WeightSource((dataset,), make)


def _find_axes(
    weight: NamedWeight, shape: tuple[int, ...], origin: FileOrigin
) -> tuple[int, ...] | None:
    """Return the permutation of a stored kernel's axes; None if none fits."""
    wanted = [tuple(weight.tensor.shape)]
    if origin.is_keras_1 and weight.owner == "Conv1D":
        # It stored kernels of sequences as those of images with one column.
        wanted.append((wanted[0][0], 1, *wanted[0][1:]))
    for axes in _list_orders(weight, len(shape), origin):
        if len(axes) == len(shape) and tuple(shape[axis] for axis in axes) in wanted:
            return axes
    return None


def _list_orders(weight: NamedWeight, rank: int, origin: FileOrigin) -> Iterator[tuple[int, ...]]:
    same = tuple(range(rank))
    if not origin.is_keras_1:
        yield from (same, _OF_KERAS_2)
        return
    yield from (_OF_KERAS_1.get((weight.owner, weight.is_channels_first), same), same)
    if weight.owner == "Conv1D":
        yield (2, 3, 1, 0)
