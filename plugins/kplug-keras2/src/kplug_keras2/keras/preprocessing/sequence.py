"""``keras.preprocessing.sequence`` of Keras 2, from keras-preprocessing and kplug."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from keras_preprocessing import sequence
from keras_preprocessing.sequence import make_sampling_table

from kplug.utils import PyDataset, pad_sequences

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]


class TimeseriesGenerator(sequence.TimeseriesGenerator, PyDataset):  # type: ignore[misc]  # it has no types
    """Batches of windows of a series and their following values, for ``fit``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Return pairs of words: each word with its neighbours, and with random words.

    Args:
        sequence: Numbers of words; 0 is no word.
        vocabulary_size: Number of words and 1.
        window_size: The largest distance of neighbours.
        negative_samples: Drawn pairs for each pair of neighbours.
        shuffle: Whether the pairs are in random order.
        categorical: Whether labels are [0, 1] and [1, 0] instead of 1 and 0.
        sampling_table: For each word, the probability of using it.
        seed: The seed of the order; other draws use Python's global generator.

    Returns:
        The pairs, and a label for each: 1 for neighbours, 0 for drawn ones.
    """
    pairs, labels = _pair(
        sequence, vocabulary_size, window_size, negative_samples, False, categorical, sampling_table
    )
    if shuffle:
        # keras-preprocessing calls randint with 10e6, a float, which fails from Python 3.12 on.
        start = random.randint(0, 10_000_000) if seed is None else seed  # noqa: S311 - no secret
        for values in (pairs, labels):
            random.seed(start)
            random.shuffle(values)
    return pairs, labels


_pair = sequence.skipgrams
