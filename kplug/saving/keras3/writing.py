"""Weights written in Keras 3's layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import h5py
from torch import Tensor

from kplug.saving.keras3.places import Place
from kplug.saving.transfer import write_all


def write_places(file: h5py.File, places: Iterable[Place]) -> None:
    """Write the weights of all places below the root of a file."""
    write_all(_list_datasets(file, places))


def _list_datasets(
    file: h5py.File, places: Iterable[Place]
) -> Iterator[tuple[h5py.Group, str, Tensor]]:
    for place in places:
        group = file.require_group(f"{place.path}/vars".lstrip("/"))
        group.attrs["name"] = place.name
        for number, weight in enumerate(place.weights):
            yield group, str(number), weight.tensor
