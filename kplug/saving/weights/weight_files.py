"""``save_weights`` and ``load_weights``, for all formats."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from kplug.backend.processes import run_on_main
from kplug.components.arguments import require_path
from kplug.errors import WeightsError
from kplug.registry.user_warnings import warn
from kplug.saving.archive import opened_archive
from kplug.saving.component_table_check import (
    Verify,
    check_verify,
    require_suppliers,
    verify_components,
    verify_numbers,
)
from kplug.saving.formats import Format, choose_format_to_load, choose_weights_format, naming_file
from kplug.saving.hdf5 import opened, require_file
from kplug.saving.hdf5_library import h5py
from kplug.saving.hdf5_writing import created
from kplug.saving.protocols import LayeredModel
from kplug.saving.provenance import collect_rows, read_components, write_components
from kplug.saving.weights.hdf5_tensors import load_all
from kplug.saving.weights.keras2_layout import StoredWeights, read_layout, write_layout
from kplug.saving.weights.keras2_matching import match_by_name, match_by_position
from kplug.saving.weights.keras3_layout import list_weight_groups, write_weight_groups
from kplug.saving.weights.keras3_matching import match_weight_groups
from kplug.saving.weights.load_plan import LoadPlan, list_names
from kplug.saving.weights.named_weights import (
    LayerWeights,
    describe,
    describe_own,
    require_built,
)
from kplug.saving.weights.safetensors import load_safetensors, save_safetensors
from kplug.support.atomic import replacing


def save_weights(
    model: LayeredModel, filepath: str | os.PathLike[str], overwrite: bool = True
) -> None:
    """Save the weights of a model, in the format of the extension.

    ``.h5`` and ``.hdf5`` are Keras 2's HDF5 layout, which Keras 2, tf-keras and Keras 3 load.
    ``.weights.h5`` is Keras 3's. ``.safetensors`` needs the package safetensors.

    The save is atomic: an interrupted one leaves the old file unchanged. The file also records which
    packages supplied the model's components.

    Args:
        model: The model.
        filepath: The file. Extensions of other formats are refused.
        overwrite: Whether an existing file may be replaced.

    Raises:
        NotBuiltError: The model has no weights yet.
        WeightsError: The file cannot be written.

    Reference:
        Keras's ``Model.save_weights``. With ``overwrite=False``, Keras 2 prompts on the
        terminal before it replaces a file; kplug raises an error.
    """
    model.ensure_built()
    target = require_path("save_weights", "filepath", filepath)
    with naming_file(target):
        found = choose_weights_format(target)
        run_on_main(lambda: _save(model, target, found, overwrite))


def _save(model: LayeredModel, target: Path, found: Format, overwrite: bool) -> None:
    if found is Format.SAFETENSORS:
        save_safetensors(model, target, overwrite=overwrite)
        return
    with replacing(target, overwrite=overwrite) as temporary, created(temporary) as file:
        write_weights(file, model, found)
        write_components(file, collect_rows(model, has_readings=True))


def write_weights(
    group: h5py.Group, model: LayeredModel, layout: Format, *, is_exact: bool = False
) -> None:
    """Write a model's weights below a group, in one of the two layouts of Keras.

    Args:
        group: The group.
        model: The model.
        layout: The layout. As in Keras, that of Keras 2 holds low-rank adapters, and that of Keras 3 merged
            kernels.
        is_exact: Whether that of Keras 3 holds adapters too, which Keras does not read.
    """
    if layout is Format.KERAS2:
        write_layout(group, describe(model), describe_own(model))
    else:
        write_weight_groups(group, list_weight_groups(model, is_exact=is_exact))


def load_weights(
    model: LayeredModel,
    filepath: str | os.PathLike[str],
    by_name: bool = False,
    skip_mismatch: bool = False,
    *,
    verify: Verify = "warn",
) -> None:
    """Load weights from a file of kplug, Keras 2, tf-keras or Keras 3.

    Names, numbers and shapes are checked before any data are read, and reads that can fail precede the
    first assignment: after an error the model is unchanged.

    Args:
        model: The model.
        filepath: A weights file, or a whole model, from which only the weights are read.
        by_name: Load only the layers whose names are in the file, into any architecture.
            Otherwise the layers that have weights are paired in order, regardless of names. Only
            Keras 2's HDF5 layout supports loading by name.
        skip_mismatch: Skip weights that do not fit, with a warning, instead of raising.
        verify: The action if packages of the file's model are missing or differ: nothing (``"off"``),
            a warning (``"warn"``), or an error (``"numbers"`` and ``"exact"``). With ``"warn"`` and
            ``"numbers"``, another build may compute the same; with ``"exact"``, versions and hashes must be
            equal. With the last two the file must name every package of the model's layers, unless layers
            are loaded by name.

    Raises:
        NotBuiltError: The model has no weights yet.
        WeightsError: The file is missing, damaged, of another format, unsafe, or does not fit.

    Reference:
        Keras's ``Model.load_weights``. In Keras 2 ``skip_mismatch`` needs ``by_name``; here, as for
        shapes in Keras 3, it works by position too.
    """
    model.ensure_built()
    check_verify("load_weights", verify)
    require_built(model)
    source = require_path("load_weights", "filepath", filepath)
    with naming_file(source):
        require_file(source)
        found = choose_format_to_load(source)
        if by_name and found is not Format.KERAS2:
            raise WeightsError(
                f"by_name=True needs the names of layers, and {found.value} has none to go by",
                hint="Load without by_name, or save the weights as '.h5', where layers have names.",
            )
        if found is Format.SAFETENSORS:
            load_safetensors(model, source, skip_mismatch, verify)
            return
        with _opened(source, found) as file:
            check_layout(file, found)
            plan = plan_weights(model, file, found, by_name)
            if not skip_mismatch:
                plan.raise_problems()
            rows = verify_components(lambda: read_components(file), verify, source)
            verify_numbers(model, rows, verify, source, of_layers=True)
            if verify in ("numbers", "exact") and not by_name:
                require_suppliers(model, rows)
            load_all(plan.assignments)
    warn_about_skipped(plan, source)


@contextlib.contextmanager
def _opened(source: Path, found: Format) -> Iterator[h5py.File]:
    """Open the HDF5 file with the weights, which may lie in an archive."""
    if found is not Format.ARCHIVE:
        with opened(source) as file:
            yield file
        return
    with opened_archive(source) as archive, archive.opened_weights() as file:
        yield file


def plan_weights(
    model: LayeredModel,
    file: h5py.File,
    layout: Format,
    by_name: bool = False,
    *,
    is_exact: bool = False,
) -> LoadPlan:
    """Return the plan that pairs datasets with weights, without reading data."""
    if layout is not Format.KERAS2:
        return match_weight_groups(list_weight_groups(model, is_exact=is_exact), file)
    layers, own, stored = describe(model), describe_own(model), read_layout(file)
    if not by_name:
        return match_by_position(layers, own, stored)
    plan = match_by_name(layers, own, stored)
    plan.remarks += _remark_on_nothing(layers, stored)
    return plan


def check_layout(file: h5py.File, expected: Format) -> None:
    """Raise ``WeightsError`` if the file has the layout of another extension."""
    is_keras3 = "layers" in file or "vars" in file
    is_keras2 = any(name in file.attrs for name in ("layer_names", "layer_names0", "model_config"))
    if expected is Format.KERAS2 and is_keras3 and not is_keras2:
        raise WeightsError(
            "the file has Keras 3's weights layout, which the extension '.h5' does not announce",
            hint="Rename it so that it ends in '.weights.h5'.",
        )
    if expected is Format.KERAS3 and is_keras2 and not is_keras3:
        raise WeightsError(
            "the file has Keras 2's HDF5 layout, which the extension '.weights.h5' does not "
            "announce",
            hint="Rename it so that it ends in '.h5' alone.",
        )


def warn_about_skipped(plan: LoadPlan, source: Path) -> None:
    """Warn about weights that were not loaded."""
    if plan.problems:
        listing = "\n  ".join(problem.message for problem in plan.problems)
        warn(f"{source}: skipped what does not fit:\n  {listing}")
    for remark in plan.remarks:
        warn(f"{source}: {remark}")


def _remark_on_nothing(layers: Sequence[LayerWeights], stored: StoredWeights) -> list[str]:
    """Return a remark if ``by_name`` matched no name, which is probably a mistake."""
    ours = [layer.name for layer in layers if layer.weights]
    theirs = [layer.name for layer in stored.layers if layer.weight_names]
    if not ours or set(ours) & set(theirs):
        return []
    return [
        f"nothing was loaded: no layer of the model{list_names(ours)} has the name of a "
        f"layer in the file{list_names(theirs)}"
    ]
