"""``pad_sequences``: pads and truncates sequences to one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kplug.backend import NumpyArray
from kplug.components.arguments import require_choice, require_integer
from kplug.errors import DataError
from kplug.registry.quoting import quote

_OWNER = "pad_sequences"
_SIDES = ("pre", "post")


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> NumpyArray:
    """Return sequences as the rows of one array: pad short ones, truncate long ones.

    Args:
        sequences: N lists or arrays, of shape (length, …); all axes but the first agree.
        maxlen: Length of the rows, >= 0; ``None`` is the largest length.
        dtype: NumPy's type of the array; ``object`` for texts.
        padding: Where values are added: before a sequence (``"pre"``) or after it (``"post"``).
        truncating: Where values are removed: at the beginning (``"pre"``) or at the end (``"post"``).
        value: The padding value.

    Returns:
        Array of shape (N, maxlen, …).

    Raises:
        DataError: An entry is no sequence, or its shape differs from that of the others.
        ArgumentValueError: ``padding``, ``truncating`` or ``maxlen`` is invalid.

    Example:
        >>> pad_sequences([[1], [2, 3, 4]], maxlen=2)
        array([[0, 1],
               [3, 4]], dtype=int32)

    Reference:
        ``keras.utils.pad_sequences``. There ``maxlen=0`` fails on most sequences.
    """
    padding = require_choice(_OWNER, "padding", padding, _SIDES)
    truncating = require_choice(_OWNER, "truncating", truncating, _SIDES)
    if not hasattr(sequences, "__len__"):
        raise DataError(f"{_OWNER}: sequences is {type(sequences).__name__}, not a list")
    lengths = [_measure(one, index) for index, one in enumerate(sequences)]
    allowed = "an integer >= 0"
    longest = max(lengths, default=0)
    width = (
        longest
        if maxlen is None
        else require_integer(_OWNER, "maxlen", maxlen, allowed, at_least=0)
    )
    first = next((one for one, length in zip(sequences, lengths, strict=True) if length), ())
    shape = np.asarray(first).shape[1:]
    _check_filling(value, dtype)
    rows = np.full((len(lengths), width, *shape), value, dtype=dtype)
    for index, (sequence, length) in enumerate(zip(sequences, lengths, strict=True)):
        count = min(length, width)
        if not count:
            continue
        part = sequence[length - count :] if truncating == "pre" else sequence[:count]
        try:
            kept = np.asarray(part, dtype=dtype)
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError(
                f"{_OWNER}: sequence {index} is {quote(sequence)}, which is no array of {dtype}: {error}",
                hint="Make numbers of texts with a TextVectorization layer; dtype=object pads texts.",
            ) from error
        if kept.shape[1:] != shape:
            raise DataError(
                f"{_OWNER}: sequence {index} has steps of shape {kept.shape[1:]}, and those before it "
                f"of shape {shape}"
            )
        place = slice(width - count, None) if padding == "pre" else slice(count)
        rows[index, place] = kept
    return rows


def _measure(sequence: Any, index: int) -> int:
    try:
        return len(sequence)
    except TypeError:
        raise DataError(
            f"{_OWNER}: entry {index} is {sequence!r}, which is no sequence",
            hint="Pass a list with one list of numbers for each sample.",
        ) from None


def _check_filling(value: Any, dtype: Any) -> None:
    """Refuse a text padding among numbers, which NumPy would truncate or reject."""
    is_for_texts = dtype is object or np.dtype(dtype).kind in "OUS"
    if isinstance(value, str) and not is_for_texts:
        raise DataError(
            f"{_OWNER}: value is the text {value!r}, and dtype is {np.dtype(dtype).name}",
            hint="Texts of different lengths need dtype=object.",
        )
