"""Weights in safetensors files, with the component table in the metadata."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kplug.errors import WeightsError
from kplug.layers.base.lora import restart_adapter
from kplug.registry.user_warnings import warn
from kplug.saving.component_table_check import (
    Verify,
    require_suppliers,
    verify_components,
    verify_numbers,
)
from kplug.saving.formats import DAMAGED_HINT
from kplug.saving.protocols import LayeredModel
from kplug.saving.provenance import ATTRIBUTE, collect_rows, decode_components, encode_components
from kplug.saving.weights.keras3_layout import WeightGroup, list_weight_groups
from kplug.saving.weights.load_plan import list_names
from kplug.saving.weights.named_weights import NamedWeight
from kplug.support.atomic import replacing
from kplug.support.optional_libraries import import_extra

_COMPLEX = ("C64", "C128")


def save_safetensors(model: LayeredModel, path: Path, *, overwrite: bool) -> None:
    """Save the weights under ``layer/weight``, such as ``dense/kernel``, in Keras's shapes."""
    tensors = {
        name: weight.values for name, weight in name_weights(list_weight_groups(model)).items()
    }
    rows = collect_rows(model, has_readings=True)
    metadata = {ATTRIBUTE: encode_components(rows).decode("ascii")}
    write_tensors(path, tensors, metadata, overwrite=overwrite)


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str], *, overwrite: bool
) -> None:
    """Write a file of tensors by name, atomically."""
    library = _import_library("safetensors.torch")
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path, overwrite=overwrite) as temporary:
        try:
            library.save_file(plain, str(temporary), dict(metadata))
        except _import_library().SafetensorError as error:  # for any system error
            raise OSError(str(error)) from error


def load_safetensors(model: LayeredModel, path: Path, skip_mismatch: bool, verify: Verify) -> None:
    """Load weights that `save_safetensors` wrote; everything is checked before any is assigned."""
    ours = name_weights(list_weight_groups(model))
    with opened_tensors(path) as file:
        theirs = {name: file.get_slice(name) for name in list(file.keys())}
        problems = _compare(ours, theirs)
        if problems and not skip_mismatch:
            raise WeightsError(
                "; ".join(problems[:3]) + (f"; {len(problems) - 3} more" if problems[3:] else ""),
                hint="Build the model as it was saved, with the same names of layers, or pass "
                "skip_mismatch=True to leave what differs as it is.",
            )
        text = (file.metadata() or {}).get(ATTRIBUTE)
        rows = verify_components(lambda: decode_components(text) if text else None, verify, path)
        verify_numbers(model, rows, verify, path, of_layers=True)
        if verify in ("numbers", "exact"):
            require_suppliers(model, rows)
        values = {name: file.get_tensor(name) for name in theirs if name in ours}
    with torch.no_grad():
        for name, value in values.items():
            if value.shape == ours[name].tensor.shape:
                ours[name].tensor.copy_(value)
                if (adapted := ours[name].adapted) is not None:
                    restart_adapter(adapted)
    if problems:
        warn(f"{path}: skipped what does not fit:\n  " + "\n  ".join(problems))


def name_weights(groups: Sequence[WeightGroup]) -> dict[str, NamedWeight]:
    """Return weights by path: the names of the enclosing layers, then the weight's own."""
    names = {group.path: group.name for group in groups}
    found: dict[str, NamedWeight] = {}
    for group in groups:
        steps = itertools.accumulate(group.path.split("/"), "{}/{}".format) if group.path else ()
        prefix = "/".join(names[path] for path in steps if path in names)
        for weight in group.weights:
            name, number = f"{prefix}/{weight.name}".lstrip("/"), 0
            while name in found:
                number += 1
                name = f"{prefix}/{weight.name}_{number}".lstrip("/")
            found[name] = weight
    return found


def _compare(ours: dict[str, NamedWeight], theirs: dict[str, Any]) -> list[str]:
    problems = []
    missing = [name for name in ours if name not in theirs]
    surplus = sorted(theirs.keys() - ours.keys())
    if missing:
        problems.append(f"the file lacks weights of the model{list_names(missing)}")
    if surplus:
        problems.append(f"the file holds weights that the model lacks{list_names(surplus)}")
    for name in ours:
        if name in theirs:
            expected, found = tuple(ours[name].tensor.shape), tuple(theirs[name].get_shape())
            if expected != found:
                problems.append(f"weight {name!r} has shape {expected}, the file's has {found}")
            elif theirs[name].get_dtype() in _COMPLEX and not ours[name].tensor.is_complex():
                problems.append(f"weight {name!r} is real, the file's is complex")
    return problems


def opened_tensors(path: Path) -> Any:
    """Open a file of tensors by name.

    Raises:
        WeightsError: It is damaged, or no such file.
    """
    library = _import_library()
    try:
        return library.safe_open(str(path), "pt")
    except (OSError, ValueError, library.SafetensorError) as error:
        raise WeightsError(
            f"the file is truncated, damaged or no safetensors file: {error}",
            hint=DAMAGED_HINT,
        ) from error


def _import_library(module: str = "safetensors") -> Any:
    return import_extra("a .safetensors file", module, "safetensors")
