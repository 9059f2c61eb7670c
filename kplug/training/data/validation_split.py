"""Hold out a part of the samples for validation."""

from __future__ import annotations

import math

from kplug.arguments import require_number
from kplug.errors import DataError
from kplug.training.data.samples import Samples


def split_samples(samples: Samples, fraction: float) -> tuple[Samples, Samples]:
    """Split off the last part for validation, before any shuffling.

    Args:
        samples: The data.
        fraction: Share of the validation part, 0 < fraction < 1; the training part has
            ⌊N · (1 − fraction)⌋ samples.

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
