"""Chooses a file format by extension, and names the file in errors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from kplug.errors import WeightsError

DAMAGED_HINT = "Copy or download the file again; what it was saved from may still be there."


@contextlib.contextmanager
def naming_file(path: Path) -> Iterator[None]:
    """Prefix each ``WeightsError`` of the block with the path."""
    try:
        yield
    except WeightsError as error:
        raise error.at(str(path)) from error.__cause__


class Format(Enum):
    """The formats of files, by the layout of their content."""

    KERAS2 = "Keras 2's HDF5 layout"
    KERAS3 = "Keras 3's weights layout"
    ARCHIVE = "Keras 3's archive of a whole model"
    SAFETENSORS = "the safetensors format"


_BY_EXTENSION = {
    ".weights.h5": Format.KERAS3,
    ".h5": Format.KERAS2,
    ".hdf5": Format.KERAS2,
    ".keras": Format.ARCHIVE,
    ".safetensors": Format.SAFETENSORS,
}

_WEIGHTS = (
    "Use '.h5' or '.hdf5' for Keras 2's HDF5 layout, '.weights.h5' for Keras 3's, "
    "'.safetensors' for safetensors."
)
_WHOLE = "Use '.keras', or '.h5' or '.hdf5' for a whole model in HDF5."


def choose_weights_format(path: Path) -> Format:
    """Return the format for saving weights to a path."""
    found = find_format(path)
    if found is Format.ARCHIVE:
        raise WeightsError(
            "the extension '.keras' means a whole model, and only weights were to be saved",
            hint=f"Use model.save for the whole model. {_WEIGHTS}",
        )
    return found or _refuse(path, _WEIGHTS)


def choose_format_to_load(path: Path) -> Format:
    """Return the format for loading weights from a file, which may be a whole model."""
    return find_format(path) or _refuse(path, f"{_WEIGHTS} '.keras' is a whole model.")


def choose_whole_format(path: Path) -> Format:
    """Return the format of a whole model at a path."""
    found = find_format(path)
    if found in (Format.KERAS3, Format.SAFETENSORS):
        extension = ".weights.h5" if found is Format.KERAS3 else ".safetensors"
        raise WeightsError(
            f"the extension {extension!r} means weights alone, not a whole model",
            hint=f"{_WHOLE} For weights there are model.save_weights and model.load_weights.",
        )
    return found or _refuse(path, _WHOLE)


def find_format(path: Path) -> Format | None:
    """Return the format that an extension means, or None if it means none."""
    name = path.name.lower()
    return next((found for end, found in _BY_EXTENSION.items() if name.endswith(end)), None)


def _refuse(path: Path, hint: str) -> Format:
    extension = path.suffix
    raise WeightsError(
        f"the extension {extension!r} names no format"
        if extension
        else "the path has no extension",
        hint=hint,
    )
