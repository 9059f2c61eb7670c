"""The `Batch` class, and the protocols of batch sources."""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

from kplug.components.arguments import require_integer
from kplug.errors import DataError
from kplug.training.data.samples import Samples, list_arrays


class Batch(NamedTuple):
    """One batch on the model's device.

    Args:
        x: Inputs: a tensor, or tensors in a list or a dict by name, as the model takes them.
        y: Targets: a tensor; for several outputs a list with a tensor or None for each; or None.
        weights: Sample weights, likewise.
        share: Factor of the losses if this is one process's part of a batch: its number of samples,
            as a multiple of an even share.
        even_share: An even share, in samples.
        parts: The number of parts of the batch.
    """

    x: Any
    y: Any = None
    weights: Any = None
    share: float = 1.0
    even_share: float | None = None
    parts: int = 1

    @property
    def size(self) -> int:
        """The number of samples."""
        return (self.x if isinstance(self.x, Tensor) else list_arrays(self.x)[0]).shape[0]

    @property
    def effective_size(self) -> float:
        """The number of samples as which the batch counts in means over batches."""
        return self.size if self.even_share is None else self.even_share

    def factor_for(self, reduction: str) -> float:
        """Return the factor of a part's loss that makes the mean over all parts the batch's loss."""
        if reduction == "sum":
            return float(self.parts) if self.share else 0.0
        return self.share


Given = TypeVar("Given")
_END = object()


@dataclass(frozen=True)
class Skip:
    """The first batches of a pass, with which an interrupted run has trained already.

    Args:
        count: Their number.
        restore: Sets the random generators to their states after these batches; called between the last
            of them and the next one.
    """

    count: int = 0
    restore: Callable[[], None] = lambda: None

    def over(self, batches: Iterator[Given]) -> Iterator[Given]:
        """Return the batches after the first ones, which are made and dropped.

        Raises:
            DataError: From the iterator: there are fewer.
        """
        for place in range(self.count):
            if next(batches, _END) is _END:
                raise DataError(
                    f"fit: the data ended after {place} batches, and the interrupted run that goes on had "
                    f"taken {self.count}",
                    hint="Pass the data of the interrupted run, or remove its backup to start anew.",
                )
        self.restore()
        yield from batches


NO_SKIP = Skip()


class BatchSource(Protocol):
    """A source of batches, epoch by epoch."""

    @property
    def steps(self) -> int | None:
        """Batches in an epoch, or None if unknown."""

    def batches(self) -> Iterator[Batch]:
        """Return the batches of one epoch."""


class ResumableSource(BatchSource, Protocol):
    """A source whose first batches can be skipped."""

    @property
    def is_given_once(self) -> bool:
        """Whether all passes together go once through an iterator."""

    @property
    def reads_ahead(self) -> bool:
        """Whether batches are requested before the step that needs them."""

    @property
    def draws_ahead(self) -> bool:
        """Whether they are then made in this process, which NumPy's and Python's generators are ahead of."""

    @property
    def holders(self) -> Sequence[object]:
        """Objects whose attributes may be random generators."""

    def batches(self, skip: Skip = NO_SKIP) -> Iterator[Batch]:
        """Return the batches of one epoch, without the first ones."""


class SampleSource(ABC):
    """Batches of samples whose number is known; the last batch may be smaller.

    Shuffling draws a new order for each epoch from torch's global generator.
    """

    is_given_once: ClassVar[bool] = False
    reads_ahead: ClassVar[bool] = False
    draws_ahead: ClassVar[bool] = False
    holders: ClassVar[tuple[object, ...]] = ()

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
    def batches(self, skip: Skip = NO_SKIP) -> Iterator[Batch]:
        """Return the batches of one epoch, without the first ones, which are not read."""


def check_batch_size(batch_size: int | None, method: str) -> int:
    """Return the batch size, 32 for None.

    Raises:
        ArgumentValueError: If it is no integer >= 1.
    """
    if batch_size is None:
        return 32
    size = require_integer(method, "batch_size", batch_size, "an integer >= 1", at_least=1)
    return min(size, sys.maxsize)  # no array is longer
