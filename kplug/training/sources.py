"""From data to batches that fit a model, which is built on the way if need be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import torch

from kplug.backend import to_dtype
from kplug.errors import DataError
from kplug.training.batches import ArraySource, IterableSource, Source, check_batch_size
from kplug.training.compiled import Compiled
from kplug.training.data import Samples, adjust_inputs, as_samples, split_samples, weigh_classes
from kplug.training.forward import describe_loss


def training_sources(model: Any, compiled: Compiled, request: Any) -> tuple[Source, Source | None]:
    """Return the training and the validation batches that the arguments of ``fit`` ask for."""
    if is_iterable_of_batches(request.x):
        _refuse_with_iterable(request)
        training: Source = make_source(model, "fit", request.x, None, None, request.batch_size)
        held_out = None
    else:
        samples = as_samples("fit", request.x, request.y, request.sample_weight)
        held_out = None
        if request.validation_split and request.validation_data is None:
            samples, held_out = split_samples(samples, request.validation_split)
        if request.class_weight is not None:
            samples = weigh_classes(samples, request.class_weight)
        training = make_array_source(model, "fit", samples, request.batch_size, request.shuffle)
    check_targets(compiled, training, "fit")
    validation = _validation_source(model, request, held_out)
    if validation is not None:
        check_targets(compiled, validation, "fit (validation_data)")
    return training, validation


def _validation_source(model: Any, request: Any, held_out: Samples | None) -> Source | None:
    method = "fit (validation_data)"
    size = request.validation_batch_size
    size = size if size is not None else request.batch_size
    if held_out is not None:
        return make_array_source(model, method, held_out, size)
    given = request.validation_data
    if given is None:
        return None
    if is_iterable_of_batches(given):
        return make_source(model, method, given, None, None, size)
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise DataError(
            "fit: validation_data must be (x, y) or (x, y, sample_weight)",
            hint="To hold out a part of the training data, use validation_split=0.2.",
        )
    return make_source(
        model, method, given[0], given[1], given[2] if len(given) == 3 else None, size
    )


def is_iterable_of_batches(given: Any) -> bool:
    """Tell a DataLoader, a Dataset or a generator from arrays."""
    if isinstance(given, (torch.utils.data.DataLoader, torch.utils.data.Dataset)):
        return True
    return isinstance(given, Iterator)


def _refuse_with_iterable(request: Any) -> None:
    for name in ("y", "sample_weight", "class_weight"):
        if getattr(request, name) is not None:
            raise DataError(f"fit: {name} was given beside an iterable of batches, which holds it")
    if request.validation_split:
        raise DataError(
            "fit: validation_split needs arrays; an iterable of batches cannot be split",
            hint="Pass validation_data.",
        )


def make_source(
    model: Any, method: str, x: Any, y: Any, sample_weight: Any, batch_size: int | None
) -> Source:
    """Return the batches of arrays or of an iterable, in order."""
    if not is_iterable_of_batches(x):
        return make_array_source(model, method, as_samples(method, x, y, sample_weight), batch_size)
    if isinstance(x, torch.utils.data.Dataset):
        x = torch.utils.data.DataLoader(x, batch_size=check_batch_size(batch_size, method))
    source = IterableSource(x, method, lambda samples: _place(model, samples, method))
    if not model.built:
        source.peek()
    return source


def make_array_source(
    model: Any, method: str, samples: Samples, batch_size: int | None, shuffle: bool = False
) -> ArraySource:
    """Return the batches of samples that were converted already."""
    samples = fit_to_model(model, samples, method)
    return ArraySource(
        samples,
        batch_size,
        device=find_device(model),
        input_type=find_input_type(model, samples),
        shuffle=shuffle,
        method=method,
    )


def _place(model: Any, samples: Samples, method: str) -> Samples:
    """Return the samples checked, on the model's device and in the type it takes."""
    samples = fit_to_model(model, samples, method)
    device = find_device(model)
    return Samples(
        samples.x.to(device, find_input_type(model, samples), non_blocking=True),
        None if samples.y is None else samples.y.to(device, non_blocking=True),
        None if samples.weights is None else samples.weights.to(device, non_blocking=True),
    )


def fit_to_model(model: Any, samples: Samples, method: str) -> Samples:
    """Check the inputs against the model, or build a model that had no input shape yet."""
    shape = model.find_input_shape()
    if shape is not None:
        samples = adjust_inputs(samples, shape, method, model.name)
        model.ensure_built()
    elif model.built:
        model.ensure_built()
    else:
        model.build_for((None, *samples.x.shape[1:]))
    return samples


def find_device(model: Any) -> torch.device:
    """Return where the model's first parameter lies; the CPU if it has none."""
    first = next(itertools.chain(model.parameters(), model.buffers()), None)
    return torch.device("cpu") if first is None else first.device


def find_input_type(model: Any, samples: Samples) -> torch.dtype:
    """Return the type that the model takes for these inputs.

    Integers and booleans become ``floatx`` unless the model's first layer takes integers.
    """
    wanted: str | None = model.find_input_dtype()
    return samples.x.dtype if wanted is None else to_dtype(wanted)


def check_targets(compiled: Compiled, source: Source, method: str) -> None:
    """Refuse data without targets for a loss that needs them.

    Raises:
        DataError: If the targets are missing.
    """
    if isinstance(source, ArraySource) and source.samples.y is None and compiled.loss is not None:
        raise DataError(
            f"{method}: y is None, and the loss {describe_loss(compiled.loss)!r} needs targets",
            hint="Pass the targets as the second argument.",
        )
