"""``save_weights`` and ``load_weights``: the two doors between a model and a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from kplug.errors import KplugError, WeightsError
from kplug.registry.warning import warn
from kplug.saving.atomic import replacing
from kplug.saving.hdf5 import opened, read_array
from kplug.saving.keras2_hdf5 import StoredWeights, read_layout, write_layout
from kplug.saving.matching import (
    Assignment,
    Plan,
    list_names,
    match_by_name,
    match_by_position,
    raise_misfits,
)
from kplug.saving.model_weights import LayerWeights, ModelLike, NamedWeight, describe, describe_own
from kplug.saving.provenance import (
    Verify,
    check_verify,
    collect_rows,
    compare_installed,
    read_components,
    write_components,
)

# Extensions that promise another format; Keras 2's layout under such a name would mislead.
OTHER_FORMATS = {
    ".weights.h5": "Keras 3's weights layout",
    ".keras": "Keras 3's zip archive",
    ".safetensors": "the safetensors format",
}

# Theano convolves, everyone else correlates: its kernels are mirrored.
_CONVOLUTIONS = {"Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D"}


def save_weights(model: ModelLike, path: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Save the weights of a model as an HDF5 file that Keras 2, tf-keras and Keras 3 load.

    The file is written beside ``path`` and takes its place in one step, so an interrupted save
    leaves the old file as it was. It also records which packages supplied the model's components.

    Args:
        model: A built model.
        path: The file, usually ``something.h5``. Extensions of other formats are refused.
        overwrite: Whether an existing file may be replaced.

    Raises:
        NotBuiltError: The model has no weights yet.
        WeightsError: The file cannot be written there.

    Reference:
        Keras 2.2 ``Model.save_weights``. Where that asks on the terminal before it replaces a file,
        ``overwrite=False`` is an error here.
    """
    target = Path(path)
    try:
        check_extension(target, "written")
        layers, own = describe(model), describe_own(model)
        rows = collect_rows(model)
        with replacing(target, overwrite=overwrite) as temporary:
            _write(temporary, layers, own, rows)
    except WeightsError as error:
        raise error.at(str(target)) from error.__cause__


def load_weights(
    model: ModelLike,
    path: str | os.PathLike[str],
    by_name: bool = False,
    skip_mismatch: bool = False,
    *,
    verify: Verify = "warn",
) -> None:
    """Load weights from an HDF5 file of kplug, Keras 2, tf-keras or (``model.save``) Keras 3.

    Names, numbers and shapes are all checked before any data are read, and all data are read before
    the first weight is assigned: after an error the model is as it was.

    Args:
        model: A built model.
        path: A weights file, or a whole model that Keras saved as HDF5.
        by_name: Load only the layers whose names are in the file, into whatever architecture.
            Otherwise the layers that have weights are paired in order, whatever their names.
        skip_mismatch: Leave weights that do not fit as they are and warn, instead of raising.
        verify: What to do when the packages that the file's model was made of are missing or
            differ: nothing (``"off"``), a warning (``"warn"``), or an error, where versions must
            be equal to the last character (``"exact"``).

    Raises:
        NotBuiltError: The model has no weights yet.
        WeightsError: The file is missing, damaged, of another format, unsafe, or does not fit.

    Reference:
        Keras 2.2 ``Model.load_weights``. There ``skip_mismatch`` needs ``by_name``; here, as for
        shapes in Keras 3, it works by position too.
    """
    check_verify(verify)
    source = Path(path)
    try:
        check_extension(source, "read")
        layers, own = describe(model), describe_own(model)
        with opened(source) as file:
            stored = read_layout(file)
            match = match_by_name if by_name else match_by_position
            plan = match(layers, own, stored)
            if plan.problems and not skip_mismatch:
                raise_misfits(plan.problems)
            _verify_components(file, verify, source)
            values = [_read(assignment, stored) for assignment in plan.assignments]
    except WeightsError as error:
        raise error.at(str(source)) from error.__cause__
    _warn_about_skipped(plan, source)
    if by_name:
        _warn_about_nothing(layers, stored, source)
    assign([assignment.weight for assignment in plan.assignments], values)


def assign(weights: Iterable[NamedWeight], values: Iterable[npt.NDArray[Any]]) -> None:
    """Copy values into weights of the same shapes, whatever their memory order and device."""
    with torch.no_grad():
        for weight, value in zip(weights, values, strict=True):
            _copy(torch.from_numpy(value), weight.tensor)


def _copy(source: Tensor, target: Tensor) -> None:
    last_first = target.movedim(-1, 0) if target.ndim > 1 else target
    if target.ndim > 1 and last_first.is_contiguous():
        # A kernel lies in memory as (out, …, in). As a matrix of (out, the rest) it takes torch's
        # blocked transposition, which is several times faster than a copy in index order.
        target, source = last_first.flatten(1), source.flatten(0, -2).t()
    target.copy_(source)


def check_extension(path: Path, verb: str) -> None:
    """Raise ``WeightsError`` when the extension belongs to a format that is not Keras 2's HDF5."""
    for extension, content in OTHER_FORMATS.items():
        if path.name.lower().endswith(extension):
            raise WeightsError(
                f"the extension {extension!r} means {content}, which is not {verb}; "
                f"weights are {verb} in Keras 2's HDF5 layout",
                hint="Use the extension '.h5' or '.hdf5'.",
            )


def _write(
    path: Path, layers: Sequence[LayerWeights], own: LayerWeights, rows: list[dict[str, Any]]
) -> None:
    try:
        with h5py.File(path, "x") as file:
            write_layout(file, layers, own)
            write_components(file, rows)
    except KplugError:
        raise
    # A full disk shows as OSError or, when HDF5 flushes on closing, as RuntimeError.
    except (OSError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"the file cannot be written: {error}",
            hint="Check the free space and the permissions of the folder; nothing was replaced.",
        ) from error


def _read(assignment: Assignment, stored: StoredWeights) -> npt.NDArray[Any]:
    values = read_array(assignment.dataset)
    if stored.backend == "theano" and assignment.weight.owner in _CONVOLUTIONS and values.ndim > 2:
        values = np.flip(values, axis=tuple(range(values.ndim - 2))).copy()
    return values


def _verify_components(file: h5py.File, verify: Verify, source: Path) -> None:
    if verify == "off":
        return
    try:
        rows = read_components(file)
    except WeightsError as error:
        if verify == "exact":
            raise
        warn(f"{source}: {error}")
        return
    sentences = compare_installed(rows, exact=verify == "exact")
    if not sentences:
        return
    message = "the file was made with other packages:\n  " + "\n  ".join(sentences)
    if verify == "exact":
        raise WeightsError(message, hint="Install them, or pass verify='warn'.")
    warn(f"{source}: {message}")


def _warn_about_skipped(plan: Plan, source: Path) -> None:
    if plan.problems:
        listing = "\n  ".join(problem.message for problem in plan.problems)
        warn(f"{source}: skipped what does not fit:\n  {listing}")


def _warn_about_nothing(
    layers: Sequence[LayerWeights], stored: StoredWeights, source: Path
) -> None:
    """Warn when ``by_name`` had no name to go by, which is hardly ever meant."""
    ours = [layer.name for layer in layers if layer.weights]
    theirs = [layer.name for layer in stored.layers if layer.weight_names]
    if not ours or set(ours) & set(theirs):
        return
    warn(
        f"{source}: nothing was loaded: no layer of the model{list_names(ours)} has the name of a "
        f"layer in the file{list_names(theirs)}"
    )
