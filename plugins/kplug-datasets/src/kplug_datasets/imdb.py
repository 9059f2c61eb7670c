"""IMDB: film reviews as word indices, labelled by sentiment."""

from __future__ import annotations

import numpy as np

from kplug_datasets.restricted_pickles import read_npz
from kplug_datasets.source_files import Parts, fetch, shuffle
from kplug_datasets.word_sequences import WordNumbers, as_lists, read_words

__all__ = ["get_word_index", "load_data"]


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> Parts:
    """Return 25,000 reviews for training and 25,000 for tests.

    A word's number is its rank by frequency, plus ``index_from``.

    Args:
        path: The file: a name in Keras's folder of datasets, or a path.
        num_words: Numbers from this on are dropped; ``None`` keeps all but the largest.
        skip_top: Numbers below this are dropped.
        maxlen: Only reviews shorter than this, including their start, are kept; ``None`` keeps all.
        seed: Seed of the order.
        start_char: The first number of every review; ``None`` for none.
        oov_char: The replacement for dropped numbers; ``None`` removes them.
        index_from: The offset of the ranks.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: arrays of lists of numbers, and labels 0 or 1 in int64.

    Raises:
        ArgumentValueError: A number is out of range.
        DataError: The file has another hash than Keras's, or cannot be read; or no review is short enough.
        KplugError: It is missing and cannot be downloaded.
        MissingLibraryError: pooch, which downloads, is not installed (``pip install "kplug[download]"``).

    Example:
        >>> from kplug_datasets import imdb
        >>> (x_train, y_train), (x_test, y_test) = imdb.load_data(num_words=10_000)  # doctest: +SKIP

    Reference:
        ``keras.datasets.imdb``. Maas et al., "Learning word vectors for sentiment analysis" (2011).
    """
    numbers = WordNumbers("imdb", num_words, skip_top, maxlen, start_char, oov_char, index_from)
    arrays = read_npz(fetch("imdb.npz", path))
    generator = np.random.RandomState(seed)  # one for both orders, as in Keras
    parts = []
    for part in ("train", "test"):
        texts, labels = shuffle(generator, arrays[f"x_{part}"], arrays[f"y_{part}"])
        parts.append(numbers.keep_short(numbers.mark(texts), labels))
    (x_train, y_train), (x_test, y_test) = parts
    end = numbers.find_end(x_train, x_test)
    train, test = (as_lists(numbers.limit(texts, end)) for texts in (x_train, x_test))
    return (train, np.asarray(y_train)), (test, np.asarray(y_test))


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Return the rank of each word, from 1 on; a number of ``load_data`` is this plus ``index_from``.

    Args:
        path: The file: a name in Keras's folder of datasets, or a path.

    Raises:
        DataError: The file has another hash than Keras's.
        KplugError: It is missing and cannot be downloaded.

    Example:
        >>> from kplug_datasets import imdb
        >>> imdb.get_word_index()["the"]  # doctest: +SKIP
        1
    """
    return read_words("imdb_word_index.json", path)
