"""Facts that all processes must share: about the model, optimizer, settings and data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import torch
from torch import Tensor

from kplug.callbacks import (
    BackupAndRestore,
    Callback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    SwapEMAWeights,
)
from kplug.optimizers.base.optimizer import Optimizer
from kplug.training.compiled import Compiled
from kplug.training.component_rows import describe, list_layers
from kplug.training.data.batch import Batch, BatchSource, SampleSource
from kplug.training.data.lazy_arrays import read_all
from kplug.training.data.samples import list_arrays
from kplug.training.model_protocol import TrainableModel
from kplug.training.settings import EvaluateSettings, FitSettings

_SETTINGS: Final = {
    FitSettings: (
        "epochs",
        "initial_epoch",
        "steps_per_epoch",
        "validation_steps",
        "validation_freq",
    ),
    EvaluateSettings: ("steps",),
}
# Callbacks that change weights or rates, or save: all processes must have them. Others may run in one.
_COMMON_CALLBACKS: Final = (
    BackupAndRestore,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    SwapEMAWeights,
)
_COMPARED_ROWS: Final = 1024


def describe_model(model: TrainableModel, compiled: Compiled) -> dict[str, str]:
    """Return the facts of a model: its layers without names, seeds and initializers, and its compilation.

    Names are numbered per process; the weights are broadcast from the main process.
    """
    facts: dict[str, str] = {}
    for place, layer in enumerate(list_layers(model)):
        shapes = [tuple(weight.shape) for weight in layer.weights]
        facts |= _list_settings(
            f"layers[{place}]", type(layer).__name__, {**_find_config(layer), "weights": shapes}
        )
    for filled in compiled.slots:
        if filled is not compiled.optimizer_slot:
            for row in describe(filled.slot, filled.resolved):
                facts |= _list_settings(row.slot, row.name, row.arguments)
    options = ("loss_weights", "precision", "distribution", "steps_per_execution")
    facts |= {name: _as_text(getattr(compiled, name)) for name in options}
    # Of layers without a configuration, and of a model's own.
    return facts | {"weights": f"{sum(each.numel() for _, each in model.named_weights())} numbers"}


def describe_optimizer(optimizer: torch.optim.Optimizer | None) -> dict[str, str]:
    """Return the facts of an optimizer: its class, its settings and how often it has stepped."""
    if optimizer is None:
        return {"optimizer": "none"}
    if isinstance(optimizer, Optimizer):
        settings = {**optimizer.get_config(), "iterations": int(optimizer.iterations)}
    else:
        groups = enumerate(optimizer.param_groups)
        settings = {
            f"param_groups[{index}].{name}": value
            for index, group in groups
            for name, value in group.items()
            if name != "params"
        }
    return _list_settings("optimizer", type(optimizer).__name__, settings)


def describe_settings(settings: EvaluateSettings | FitSettings) -> dict[str, str]:
    """Return the facts of a method's arguments."""
    return {name: _as_text(getattr(settings, name)) for name in _SETTINGS[type(settings)]}


def describe_callbacks(callbacks: Iterable[Callback]) -> dict[str, str]:
    """Return the facts of the callbacks that all processes must have."""
    names = [type(each).__name__ for each in callbacks if isinstance(each, _COMMON_CALLBACKS)]
    return {"callbacks": ", ".join(names) or "none"}


def describe_source(title: str, source: BatchSource | None) -> dict[str, str]:
    """Return the facts of data: their number, and the beginning of arrays."""
    if source is None:
        return {title: "none"}
    if not isinstance(source, SampleSource):
        return {title: "an iterable of batches", f"{title}.steps": _as_text(source.steps)}
    return {
        title: "arrays",
        f"{title}.samples": str(len(source.samples)),
        f"{title}.batch_size": str(source.batch_size),
        f"{title}.shuffle": str(source.shuffle),
        **_describe_arrays(f"{title}.first_rows", source.samples.rows(0, _COMPARED_ROWS).arrays),
    }


def describe_batch(batch: Batch) -> dict[str, str]:
    """Return the facts of a batch."""
    return _describe_arrays("first_batch", (batch.x, batch.y, batch.weights))


def _describe_arrays(title: str, parts: Iterable[Any]) -> dict[str, str]:
    return {
        f"{title}.{name}" + (f"[{place}]" if place else ""): _describe_array(read_all(array))
        for name, part in zip(("x", "y", "sample_weight"), parts, strict=True)
        for place, array in enumerate(list_arrays(part))
    }


def _describe_array(array: Tensor) -> str:
    values = array.detach().cpu().contiguous()
    numbers = values.reshape(-1).view(torch.uint8).numpy()
    checksum = hashlib.blake2b(numbers, digest_size=4).hexdigest()  # type: ignore[arg-type]
    dtype = str(array.dtype).removeprefix("torch.")
    return f"{dtype} {tuple(array.shape)} with checksum {checksum}"


def _find_config(layer: Any) -> Mapping[str, Any]:
    try:
        config: Mapping[str, Any] = layer.get_config()
    except Exception:  # noqa: BLE001 - a user's, who has not written it, or not well
        return {}
    return config


def _list_settings(owner: str, kind: str, settings: Mapping[str, Any]) -> dict[str, str]:
    plain: dict[str, Any] = _as_plain(settings)
    return {owner: kind} | {f"{owner}.{name}": _as_text(value) for name, value in plain.items()}


def _as_text(value: Any) -> str:
    return str(_as_plain(value))


def _as_plain(value: Any) -> Any:
    """Return a value whose text is the same in all processes: without addresses of objects."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {
            str(name): _as_plain(item)
            for name, item in value.items()
            if name not in ("name", "seed") and not str(name).endswith("_initializer")
        }
    if isinstance(value, (list, tuple)):
        return [_as_plain(item) for item in value]
    if isinstance(value, torch.dtype):
        return str(value)
    if getattr(value, "shape", None) == ():  # a NumPy or torch scalar
        return value.item()
    return getattr(value, "__qualname__", type(value).__qualname__)
