"""``save_lora`` and ``load_lora``: the low-rank adapters of a module in a file of their own."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from kplug.backend.processes import run_on_main
from kplug.components.arguments import require_path
from kplug.errors import WeightsError
from kplug.layers.base.lora import AdaptableLayer
from kplug.layers.low_rank_adapters import (
    Adapter,
    add_adapters,
    find_adaptable,
    find_adapters,
)
from kplug.saving.formats import naming_file
from kplug.saving.hdf5 import require_file
from kplug.saving.json_text import encode, parse_json
from kplug.saving.weights.load_plan import list_names
from kplug.saving.weights.safetensors import opened_tensors, write_tensors

_ALPHAS = "kplug_lora"  # the entry of the metadata with the factors
_PARTS = ("lora_a", "lora_b")


def save_lora(module: nn.Module, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Save the low-rank adapters of a module alone.

    The file holds the matrices as ``<weight>.lora_a`` and ``<weight>.lora_b``, by the names of the weights in
    ``module.named_parameters()`` before they were adapted, and the factors α in its metadata.

    Args:
        module: A model, a layer or any other module.
        filepath: The file, ``.safetensors``. It needs the package safetensors.
        overwrite: Whether an existing file may be replaced.

    Raises:
        WeightsError: The module has no adapters, or the file cannot be written.
    """
    target = require_path("save_lora", "filepath", filepath)
    adapters = find_adapters(module)
    if not adapters:
        raise WeightsError(
            "save_lora: the module has no low-rank adapters",
            hint='Give it some: kplug.lora(module, {"*.kernel": 8}).',
        )
    tensors = {
        f"{name}.{part}": getattr(adapter, part[-1])
        for name, adapter in adapters.items()
        for part in _PARTS
    }
    alphas = encode({name: adapter.alpha for name, adapter in adapters.items()})
    with naming_file(target):
        run_on_main(lambda: write_tensors(target, tensors, {_ALPHAS: alphas}, overwrite=overwrite))


def load_lora(module: nn.Module, filepath: str | os.PathLike[str]) -> None:
    """Load low-rank adapters from a file of `save_lora` into a module with the same weights.

    Weights that have no adapter get one, as by `kplug.lora`, which freezes everything else. Adapters that the
    file does not name stay.

    Args:
        module: A model, a layer or any other module.
        filepath: The file.

    Raises:
        WeightsError: The file is missing, damaged or of another kind, names a weight that the module
            lacks, or holds matrices that do not fit; nothing was changed.
    """
    source = require_path("load_lora", "filepath", filepath)
    with naming_file(source):
        require_file(source)
        with opened_tensors(source) as file:
            tensors = {name: file.get_tensor(name) for name in list(file.keys())}
            alphas = _read_alphas((file.metadata() or {}).get(_ALPHAS), tensors)
        present, known = find_adapters(module), find_adaptable(module)
        missing = [name for name in alphas if name not in present and name not in known]
        if missing:
            raise WeightsError(
                f"the file has adapters of weights that the module lacks{list_names(missing)}",
                hint=f"Its weights that take adapters are{list_names([*present, *known])}.",
            )
        for name, alpha in alphas.items():
            if name in present:
                _check_present(name, alpha, present[name], tensors)
            else:
                _check_weight(name, *known[name], tensors)
    wanted = {
        name: (_find_rank(known[name][0], tensors, name), alpha)
        for name, alpha in alphas.items()
        if name not in present
    }
    if wanted:
        add_adapters(module, wanted)
    with torch.no_grad():
        for name, adapter in find_adapters(module).items():
            if name in alphas:
                adapter.a.copy_(tensors[f"{name}.lora_a"])
                adapter.b.copy_(tensors[f"{name}.lora_b"])


def _read_alphas(text: str | None, tensors: Mapping[str, Any]) -> dict[str, float]:
    """Return the factor of each adapter in the file."""
    alphas = None if text is None else parse_json(text, "the metadata of adapters")
    names = {f"{name}.{part}" for name in alphas for part in _PARTS} if alphas else set()
    if (
        not isinstance(alphas, dict)
        or names != tensors.keys()
        or not all(type(each) is float and 0.0 < each < math.inf for each in alphas.values())
    ):
        raise WeightsError(
            "the file holds no low-rank adapters of kplug",
            hint="kplug.saving.save_lora writes them.",
        )
    return alphas


def _find_rank(owner: nn.Module, tensors: Mapping[str, Any], name: str) -> int:
    b = tensors[f"{name}.lora_b"]
    return int(b.shape[0 if isinstance(owner, AdaptableLayer) else -1]) if b.ndim else 0


def _check_present(name: str, alpha: float, present: Adapter, tensors: Mapping[str, Any]) -> None:
    """Refuse matrices that do not fit the adapter that is there."""
    _check_shapes(name, (tuple(present.a.shape), tuple(present.b.shape)), tensors)
    if present.alpha != alpha:
        raise WeightsError(
            f"the adapter of {name!r} counts with alpha={present.alpha:g}, the file's with {alpha:g}",
            hint="kplug.merge_lora(module) removes adapters; load_lora makes those of the file.",
        )


def _check_weight(name: str, owner: nn.Module, weight: str, tensors: Mapping[str, Any]) -> None:
    """Refuse matrices that do not fit the weight."""
    shape = tuple(owner._parameters[weight].shape)  # type: ignore[union-attr]
    rank = _find_rank(owner, tensors, name)
    if isinstance(owner, AdaptableLayer):
        expected = ((*shape[:-1], rank), (rank, shape[-1]))
    else:
        expected = ((rank, *shape[1:]), (shape[0], rank))
    _check_shapes(name, expected, tensors)


def _check_shapes(name: str, expected: Any, tensors: Mapping[str, Any]) -> None:
    found = tuple(tuple(tensors[f"{name}.{part}"].shape) for part in _PARTS)
    if found != expected:
        raise WeightsError(
            f"the adapter of {name!r} has matrices of shapes {_join(expected)}, the file's have "
            f"{_join(found)}",
            hint="Load it into the architecture that it was trained for.",
        )


def _join(shapes: Any) -> str:
    return " and ".join(map(str, shapes))
