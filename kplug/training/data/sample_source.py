"""What sources of samples have in common that can be picked by number."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import torch

from kplug.training.data.batch import Batch, check_batch_size
from kplug.training.data.samples import Samples, list_arrays


class SampleSource(ABC):
    """Batches of samples whose number is known.

    Args:
        samples: The data.
        batch_size: Samples per batch, >= 1; the last batch may be smaller.
        device: Where the batches go; that of the first input if not given.
        input_types: The type that the model takes for each input.
        shuffle: Draw a new order for each epoch from torch's global generator.
        method: The method that the batch size was given to, for messages.
    """

    def __init__(
        self,
        samples: Samples,
        batch_size: int | None = None,
        *,
        device: torch.device | None = None,
        input_types: Sequence[torch.dtype] | None = None,
        shuffle: bool = False,
        method: str = "fit",
    ) -> None:
        self.samples, self.batch_size = samples, check_batch_size(batch_size, method)
        inputs = list_arrays(samples.x)
        self.device = inputs[0].device if device is None else device
        self.input_types = [x.dtype for x in inputs] if input_types is None else input_types
        self.shuffle = shuffle

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return math.ceil(len(self.samples) / self.batch_size)

    @abstractmethod
    def batches(self) -> Iterator[Batch]:
        """Return the batches of one epoch."""
