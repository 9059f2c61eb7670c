"""From data to batches that fit a model, which is built on the way if need be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from kplug.backend import to_dtype
from kplug.errors import DataError
from kplug.training.compiled import Compiled
from kplug.training.data.array_batches import ArraySource
from kplug.training.data.batch import BatchSource, check_batch_size
from kplug.training.data.class_weights import weigh_classes
from kplug.training.data.input_shapes import adjust_inputs
from kplug.training.data.iterable_batches import IterableSource
from kplug.training.data.lazy_arrays import read_all
from kplug.training.data.lazy_batches import LazySource, has_rows
from kplug.training.data.matching import is_flat
from kplug.training.data.samples import Samples, as_samples, list_arrays, map_arrays
from kplug.training.data.validation_split import split_samples
from kplug.training.devices import find_device, move, place_model
from kplug.training.step.forward import describe_loss


def training_sources(
    model: Any, compiled: Compiled, request: Any
) -> tuple[BatchSource, BatchSource | None]:
    """Return the training and the validation batches that the arguments of ``fit`` ask for."""
    if is_iterable_of_batches(request.x):
        _refuse_with_iterable(request)
        limit = _count_at_most(request, request.steps_per_epoch)
        training: BatchSource = make_source(
            model, "fit", request.x, None, None, request.batch_size, limit
        )
        held_out = None
    else:
        samples = as_samples(model, "fit", request.x, request.y, request.sample_weight)
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


def _validation_source(model: Any, request: Any, held_out: Samples | None) -> BatchSource | None:
    method = "fit (validation_data)"
    size = request.validation_batch_size
    size = size if size is not None else request.batch_size
    if held_out is not None:
        return make_array_source(model, method, held_out, size)
    given = request.validation_data
    if given is None:
        return None
    if is_iterable_of_batches(given):
        limit = _count_at_most(request, request.validation_steps)
        return make_source(model, method, given, None, None, size, limit)
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise DataError(
            "fit: validation_data must be (x, y) or (x, y, sample_weight)",
            hint="To hold out a part of the training data, use validation_split=0.2.",
        )
    return make_source(
        model, method, given[0], given[1], given[2] if len(given) == 3 else None, size
    )


def _count_at_most(request: Any, steps: int | None) -> int | None:
    """Return how many batches a run asks for at most, if it takes so many in each epoch."""
    return None if steps is None else steps * max(0, request.epochs - request.initial_epoch)


@contextmanager
def closing_sources(*sources: BatchSource | None) -> Iterator[None]:
    """End the threads that read generators, however a run ends."""
    try:
        yield
    finally:
        for source in sources:
            if isinstance(source, IterableSource):
                source.close()


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
    model: Any,
    method: str,
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    limit: int | None = None,
) -> BatchSource:
    """Return the batches of arrays or of an iterable, in order; ``limit`` is how many are wanted at most."""
    if not is_iterable_of_batches(x):
        samples = as_samples(model, method, x, y, sample_weight)
        return make_array_source(model, method, samples, batch_size)
    if isinstance(x, torch.utils.data.Dataset):
        x = torch.utils.data.DataLoader(x, batch_size=check_batch_size(batch_size, method))
    source = IterableSource(
        x, method, lambda *parts: _place(model, as_samples(model, method, *parts), method), limit
    )
    if not model.built:
        source.peek()
    return source


def make_array_source(
    model: Any, method: str, samples: Samples, batch_size: int | None, shuffle: bool = False
) -> ArraySource | LazySource:
    """Return the batches of samples that were converted already."""
    samples = fit_to_model(model, samples, method)
    make = LazySource if has_rows(samples) else ArraySource
    return make(
        samples,
        batch_size,
        device=find_device(model),
        input_types=find_input_types(model, samples.x),
        shuffle=shuffle,
        method=method,
    )


def _place(model: Any, samples: Samples, method: str) -> Samples:
    """Return the samples checked, on the model's device and in the type it takes."""
    samples = fit_to_model(model, samples, method)
    device, types = find_device(model), iter(find_input_types(model, samples.x))
    moved = samples.map(lambda array: move(read_all(array), device))
    return replace(moved, x=map_arrays(moved.x, lambda array: array.to(next(types))))


def fit_to_model(model: Any, samples: Samples, method: str) -> Samples:
    """Check the inputs against the model, or build a model that had no input shape yet."""
    shapes = model.find_input_shape()
    if shapes is not None:
        if is_flat(shapes):
            samples = replace(samples, x=adjust_inputs(model, samples.x, shapes, method))
        model.ensure_built()
    elif model.built:
        model.ensure_built()
    else:
        # The batch is left open: a layer must not depend on how many samples came first.
        model.build_for(map_arrays(samples.x, lambda array: (None, *array.shape[1:])))
        place_model(model)
    return samples


def find_input_types(model: Any, x: Any) -> list[torch.dtype]:
    """Return the type that the model takes for each of its inputs, in their order.

    Integers and booleans become ``floatx`` unless the model's first layer takes integers.
    """
    wanted, arrays = model.find_input_dtype(), list_arrays(x)
    if wanted is None or isinstance(wanted, str):
        names = [wanted] * len(arrays)
    elif is_flat(model.find_input_shape()):
        names = list(wanted.values() if isinstance(wanted, dict) else wanted)
    else:
        names = [None] * len(arrays)  # the model casts what it takes itself
    return [
        array.dtype if name is None else to_dtype(name)
        for array, name in zip(arrays, names, strict=True)
    ]


def check_targets(compiled: Compiled, source: BatchSource, method: str) -> None:
    """Refuse data without targets for a loss or a metric that needs them.

    Raises:
        DataError: If the targets are missing.
    """
    if not isinstance(source, (ArraySource, LazySource)):
        return  # the first batch will tell
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
