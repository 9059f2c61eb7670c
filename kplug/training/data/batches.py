"""Builds a model's batch sources from the arguments of a method."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from kplug.errors import DataError
from kplug.training.compiled import Compiled, describe_loss
from kplug.training.data.array_batches import ArraySource
from kplug.training.data.batch import Batch, ResumableSource, SampleSource, check_batch_size
from kplug.training.data.class_weights import weigh_classes
from kplug.training.data.iterable_batches import IterableSource, is_iterable_of_batches
from kplug.training.data.lazy_arrays import read_all
from kplug.training.data.lazy_batches import LazySource, has_lazy_arrays
from kplug.training.data.model_inputs import find_input_types, fit_to_model
from kplug.training.data.py_dataset import as_length
from kplug.training.data.sample_weights import check_weights
from kplug.training.data.samples import Samples, as_samples, map_arrays
from kplug.training.data.validation_data import (
    METHOD as VALIDATION,
    choose_batch_size,
    read_validation_data,
    split_samples,
)
from kplug.training.devices import find_device, move
from kplug.training.model_protocol import TrainableModel
from kplug.training.overridden_steps import has_custom_step
from kplug.training.settings import DataArguments, FitSettings


def make_fit_batches(
    model: TrainableModel, compiled: Compiled, settings: FitSettings
) -> tuple[ResumableSource, ResumableSource | None]:
    """Return the training and the validation batches that the arguments of ``fit`` ask for."""
    held_out = None
    training: ResumableSource
    if is_iterable_of_batches(settings.x):
        _refuse_beside_iterable(settings)
        training = make_batches(model, settings.training_data)
    else:
        samples = as_samples(model, "fit", settings.x, settings.y, settings.sample_weight)
        if settings.validation_split and settings.validation_data is None:
            samples, held_out = split_samples(samples, settings.validation_split)
        if settings.class_weight is not None:
            samples = weigh_classes(model, samples, settings.class_weight)
        training = make_array_batches(
            model,
            "fit",
            samples,
            settings.batch_size,
            settings.steps_per_epoch,
            shuffle=settings.shuffle,
        )
    check_targets(model, compiled, training, "fit")
    validation = _make_validation_batches(model, settings, held_out)
    if validation is not None:
        check_targets(model, compiled, validation, VALIDATION)
    return training, validation


def _refuse_beside_iterable(settings: FitSettings) -> None:
    for name in ("y", "sample_weight"):
        if getattr(settings, name) is not None:
            raise DataError(f"fit: {name} was given beside an iterable of batches, which holds it")
    if settings.validation_split:
        raise DataError(
            "fit: validation_split needs arrays; an iterable of batches cannot be split",
            hint="Pass validation_data.",
        )


def _make_validation_batches(
    model: TrainableModel, settings: FitSettings, held_out: Samples | None
) -> ResumableSource | None:
    if held_out is not None:
        size = choose_batch_size(settings)
        return make_array_batches(model, VALIDATION, held_out, size, settings.validation_steps)
    if settings.validation_data is None:
        return None
    return make_batches(model, read_validation_data(settings))


def make_batches(model: TrainableModel, data: DataArguments) -> ResumableSource:
    """Return the batches of arrays or of an iterable, in order."""
    x, method = data.x, data.method
    if not is_iterable_of_batches(x):
        samples = as_samples(model, method, x, data.y, data.sample_weight)
        return make_array_batches(model, method, samples, data.batch_size, data.limit)
    if isinstance(x, torch.utils.data.Dataset):
        is_numbered = not isinstance(x, torch.utils.data.IterableDataset)
        if is_numbered and hasattr(x, "__len__"):
            as_length(x, type(x).__len__(x), "samples")
        x = torch.utils.data.DataLoader(x, batch_size=check_batch_size(data.batch_size, method))

    def prepare(*parts: Any) -> Batch:
        samples = as_samples(model, method, *parts)
        if data.class_weight is not None:
            samples = weigh_classes(model, samples, data.class_weight, is_batch=True)
        return make_batch(model, method, samples)

    source = IterableSource(x, method, prepare, data.limit, shuffle=data.shuffle)
    if not model.built:
        source.peek()
    return source


def make_array_batches(
    model: TrainableModel,
    method: str,
    samples: Samples,
    batch_size: int | None,
    steps: int | None = None,
    *,
    shuffle: bool = False,
) -> SampleSource:
    """Return the batches of converted samples; without a batch size, ``steps`` of them."""
    samples = fit_to_model(model, samples, method)
    check_weights(model, samples.weights, method)
    if batch_size is None and steps is not None:
        batch_size = max(1, math.ceil(len(samples) / steps))
    source = LazySource if has_lazy_arrays(samples) else ArraySource
    return source(
        samples,
        batch_size,
        device=find_device(model),
        input_types=find_input_types(model, samples.x),
        shuffle=shuffle,
        method=method,
    )


def make_batch(model: TrainableModel, method: str, samples: Samples) -> Batch:
    """Check the samples of one batch; return them on the model's device and in its input type."""
    samples = fit_to_model(model, samples, method)
    check_weights(model, samples.weights, method, is_batch=True)
    device, types = find_device(model), iter(find_input_types(model, samples.x))

    def place(array: Any, dtype: torch.dtype | None = None) -> Tensor:
        return move(read_all(array), device, dtype)

    x = map_arrays(samples.x, lambda array: place(array, next(types)))
    return Batch(x, map_arrays(samples.y, place), map_arrays(samples.weights, place))


def check_targets(
    model: TrainableModel, compiled: Compiled, source: ResumableSource, method: str
) -> None:
    """Refuse data without targets for a loss or a metric that needs them.

    Raises:
        DataError: If the targets are missing.
    """
    if not isinstance(source, SampleSource):
        return  # the first batch decides
    if has_custom_step(model):
        return  # a custom step may need none
    y = source.samples.y
    if y is None and (compiled.losses or compiled.metrics):
        names = ", ".join(repr(entry.name) for entry in compiled.metrics)
        user = f"loss {describe_loss(compiled)!r}" if compiled.losses else f"metric {names}"
        raise DataError(
            f"{method}: y is None, and the {user} needs targets",
            hint="Pass the targets as the second argument.",
        )
    users = [(entry.index, f"loss {str(entry.loss.name)!r}") for entry in compiled.losses]
    users += [(entry.index, f"metric {entry.name!r}") for entry in compiled.metrics]
    for index, user in users:
        if isinstance(y, list) and y[index] is None:
            name = compiled.output_names[index]
            raise DataError(
                f"{method}: y has no targets for output {name!r}, and its {user} needs them",
                hint=f"Pass them, or leave {name!r} out of what compile is given.",
            )
