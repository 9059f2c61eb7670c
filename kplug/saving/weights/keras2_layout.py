"""Keras 2's HDF5 layout of weights: reader and writer.

::

    /                 attributes layer_names, backend, keras_version
    /<layer>          attribute weight_names; empty for a layer without weights
    /<layer>/<weight> one dataset a weight; its name has a slash: /dense/dense/kernel:0

A whole-model file has the same below ``/model_weights``. Weights of the model itself are in
``/top_level_model_weights``, as in Keras 3.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kplug.errors import WeightsError
from kplug.saving.hdf5 import get_dataset, get_group
from kplug.saving.hdf5_library import h5py
from kplug.saving.text_attributes import ATTRIBUTE_LIMIT, read_names, read_text
from kplug.saving.weights.hdf5_tensors import write_all
from kplug.saving.weights.kernel_conversions import FileOrigin
from kplug.saving.weights.named_weights import LayerWeights

TOP_LEVEL = "top_level_model_weights"

# Readers of Keras 2 flip convolution kernels by `backend` (Theano's are mirrored, TensorFlow's are
# not) and convert Keras 1 layouts by `keras_version`; with these values they change nothing.
BACKEND = b"tensorflow"
KERAS_VERSION = b"2.2.4"


@dataclass(frozen=True)
class StoredLayer:
    """A layer's entry in a file, whose datasets are accessed lazily."""

    name: str
    weight_names: tuple[str, ...]
    group: h5py.Group

    def get_dataset(self, weight_name: str) -> h5py.Dataset:
        """Return the dataset of one weight; no data are read yet."""
        return get_dataset(self.group, weight_name)


@dataclass(frozen=True)
class StoredWeights:
    """The contents of a file in Keras 2's layout by its attributes, including layers without weights."""

    layers: tuple[StoredLayer, ...]
    top_level: StoredLayer | None
    origin: FileOrigin


def write_layout(group: h5py.Group, layers: Sequence[LayerWeights], own: LayerWeights) -> None:
    """Write a model's weights below ``group``."""
    write_names(group, "layer_names", [layer.name for layer in layers])
    group.attrs["backend"] = np.bytes_(BACKEND)
    group.attrs["keras_version"] = np.bytes_(KERAS_VERSION)
    # Sorted, so that the group of a layer "block" precedes that of "block/conv" inside it.
    in_order = sorted(layers, key=lambda layer: layer.name)
    made = [(group.require_group(layer.name), layer) for layer in in_order]
    if own.weights:
        made.append((group.require_group(TOP_LEVEL), own))
    for where, layer in made:
        write_names(where, "weight_names", [weight.name for weight in layer.weights])
    write_all(
        (where, weight.name, weight.tensor) for where, layer in made for weight in layer.weights
    )


def read_layout(file: h5py.File) -> StoredWeights:
    """Return the contents that the file lists; checks that every group exists, and reads no data.

    Raises:
        WeightsError: The file has another layout, or lacks a listed entry.
    """
    group: h5py.Group = file
    names = read_names(group, "layer_names")
    if names is None and "model_weights" in file:
        group = get_group(file, "model_weights")
        names = read_names(group, "layer_names")
    if names is None:
        raise _unknown_layout(file)
    layers = tuple(_read_layer(group, name) for name in names)
    top_level = _read_layer(group, TOP_LEVEL) if TOP_LEVEL in group else None
    version = read_text(group, "keras_version") or read_text(file, "keras_version")
    origin = FileOrigin(read_text(group, "backend"), is_keras_1=version is None)
    return StoredWeights(layers, top_level, origin)


def write_names(group: h5py.Group, attribute: str, names: Sequence[str]) -> None:
    """Store names as fixed-width bytes, in numbered attributes if one is too small.

    Raises:
        WeightsError: A single name does not fit into an attribute.
    """
    encoded = [name.encode("utf-8") for name in names]
    for name in encoded:
        if len(name) > ATTRIBUTE_LIMIT:
            raise WeightsError(
                f"a name of {len(name)} bytes cannot be stored in HDF5: {name[:40]!r}…; "
                f"at most {ATTRIBUTE_LIMIT} are possible",
                hint="Give the layer a shorter name=….",
            )
    array = np.asarray(encoded, dtype=np.bytes_) if encoded else np.zeros(0, dtype="S1")
    parts = max(1, -(-len(array) // (ATTRIBUTE_LIMIT // array.dtype.itemsize)))
    if parts == 1:
        group.attrs[attribute] = array
        return
    for number, part in enumerate(np.array_split(array, parts)):
        group.attrs[f"{attribute}{number}"] = part


def _read_layer(parent: h5py.Group, name: str) -> StoredLayer:
    group = get_group(parent, name)
    return StoredLayer(name, tuple(read_names(group, "weight_names") or ()), group)


def _unknown_layout(file: h5py.File) -> WeightsError:
    if "layers" in file or "_layer_checkpoint_dependencies" in file:
        return WeightsError(
            "the file has Keras 3's `.weights.h5` layout, and only Keras 2's HDF5 layout is read",
            hint="In Keras, call model.save('model.h5'); the weights of that file load here.",
        )
    found = ", ".join(map(repr, itertools.islice(file, 5))) or "nothing at all"
    return WeightsError(
        f"this HDF5 file holds no Keras weights: it has no 'layer_names', but {found}",
        hint="Expected is a file of `save_weights`, or a whole model saved by Keras as HDF5.",
    )
