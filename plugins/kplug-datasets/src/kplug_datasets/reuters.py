"""Reuters: newswires as word indices, labelled with 46 topics."""

from __future__ import annotations

import numpy as np

from kplug_datasets.restricted_pickles import read_npz
from kplug_datasets.source_files import Parts, fetch, shuffle, split
from kplug_datasets.word_sequences import WordNumbers, as_lists, read_words

__all__ = ["get_label_names", "get_word_index", "load_data"]

# In the order of their labels.
_TOPICS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton "
    "carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal "
    "livestock retail ipi iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr gas silver wpi "
    "hog lead"
)


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> Parts:
    """Return 11,228 newswires, of which a share is for tests.

    A word's number is its rank by frequency, plus ``index_from``.

    Args:
        path: The file: a name in Keras's folder of datasets, or a path.
        num_words: Numbers from this on are dropped; ``None`` keeps all but the largest.
        skip_top: Numbers below this are dropped.
        maxlen: Only texts shorter than this, including their start, are kept; ``None`` keeps all.
        test_split: The share for tests, from 0 to below 1.
        seed: Seed of the order.
        start_char: The first number of every text; ``None`` for none.
        oov_char: The replacement for dropped numbers; ``None`` removes them.
        index_from: The offset of the ranks.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: arrays of lists of numbers, and topics from 0 to 45 in
        int64.

    Raises:
        ArgumentValueError: A number is out of range.
        DataError: The file has another hash than Keras's, or cannot be read; or no text is short enough.
        KplugError: It is missing and cannot be downloaded.
        MissingLibraryError: pooch, which downloads, is not installed (``pip install "kplug[download]"``).

    Example:
        >>> from kplug_datasets import reuters
        >>> (x_train, y_train), (x_test, y_test) = reuters.load_data(num_words=10_000)  # doctest: +SKIP

    Reference:
        ``keras.datasets.reuters``. D. Lewis, "Reuters-21578 text categorization test collection" (1997).
    """
    numbers = WordNumbers("reuters", num_words, skip_top, maxlen, start_char, oov_char, index_from)
    arrays = read_npz(fetch("reuters.npz", path))
    found, labels = shuffle(np.random.RandomState(seed), arrays["x"], arrays["y"])
    texts, labels = numbers.keep_short(numbers.mark(found), labels)
    limited = numbers.limit(texts, numbers.find_end(texts))
    return split("reuters", test_split, limited, labels, as_lists)


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Return the rank of each word, from 1 on; a number of ``load_data`` is this plus ``index_from``.

    Args:
        path: The file: a name in Keras's folder of datasets, or a path.

    Raises:
        DataError: The file has another hash than Keras's.
        KplugError: It is missing and cannot be downloaded.

    Example:
        >>> from kplug_datasets import reuters
        >>> reuters.get_word_index()["the"]  # doctest: +SKIP
        1
    """
    return read_words("reuters_word_index.json", path)


def get_label_names() -> tuple[str, ...]:
    """Return the names of the topics, in the order of their labels.

    Example:
        >>> from kplug_datasets import reuters
        >>> reuters.get_label_names()[3]
        'earn'
    """
    return tuple(_TOPICS.split())
