"""Validation data: a split of the training data, or ``validation_data``."""

from __future__ import annotations

import math

from kplug.components.arguments import require_number
from kplug.errors import DataError
from kplug.training.data.iterable_batches import is_iterable_of_batches
from kplug.training.data.samples import Samples
from kplug.training.settings import DataArguments, FitSettings

METHOD = "fit (validation_data)"
"""The method's name in messages about validation data."""


def split_samples(samples: Samples, fraction: float) -> tuple[Samples, Samples]:
    """Hold out the last samples for validation, before any shuffling.

    The training part has ⌊N · (1 − fraction)⌋ samples, with 0 < fraction < 1.

    Raises:
        ArgumentValueError: If the fraction is outside its range.
        DataError: If a part would be empty.
    """
    allowed = "a number > 0 and < 1"
    fraction = require_number("fit", "validation_split", fraction, allowed, above=0.0, below=1.0)
    count = len(samples)
    split = math.floor(count * (1.0 - fraction))
    if split in (0, count):
        empty = "training" if split == 0 else "validation"
        raise DataError(
            f"fit: validation_split={fraction} of {count} samples leaves the {empty} part empty",
            hint="Choose another fraction, or pass validation_data.",
        )
    return samples.rows(0, split), samples.rows(split, count)


def choose_batch_size(settings: FitSettings) -> int | None:
    """Return the validation batch size; by default that of training."""
    size = settings.validation_batch_size
    return settings.batch_size if size is None else size


def read_validation_data(settings: FitSettings) -> DataArguments:
    """Return the contents of ``validation_data``.

    Raises:
        DataError: If it is no iterable of batches and no tuple of arrays.
    """
    given, size = settings.validation_data, choose_batch_size(settings)
    if is_iterable_of_batches(given):
        steps = settings.validation_steps
        limit = None if steps is None else steps * settings.epochs_left
        return DataArguments(METHOD, given, batch_size=size, limit=limit)
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise DataError(
            "fit: validation_data must be (x, y) or (x, y, sample_weight)",
            hint="To hold out a part of the training data, use validation_split=0.2.",
        )
    weights = given[2] if len(given) == 3 else None
    return DataArguments(METHOD, given[0], given[1], weights, size, limit=settings.validation_steps)
