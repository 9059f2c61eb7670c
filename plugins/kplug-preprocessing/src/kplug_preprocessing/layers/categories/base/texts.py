"""Text inputs: converts arrays and nested lists of strings or bytes."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from torch import Tensor

from kplug.backend import is_table
from kplug.components.arguments import refusal
from kplug.display.messages import quote
from kplug.errors import DataError

# Strings as Python objects: a fixed-width array would be as wide as the longest text.
Texts: TypeAlias = "np.ndarray[Any, np.dtype[np.object_]]"

# What pandas has in the place of a missing text.
_MISSING = ("None", "nan", "<NA>", "NaT")


def as_batches(owner: str, data: Any, steps: int | None) -> Iterable[Any]:
    """Return data for ``adapt`` as batches; in-memory data are one batch.

    Raises:
        DataError: It is neither an array nor an iterable of batches.
    """
    if is_table(data):
        data = data.to_numpy()
    if isinstance(data, (list, tuple, np.ndarray, Tensor)):
        return [data]
    if isinstance(data, Iterable) and not isinstance(data, (str, bytes)):
        return islice(data, steps)
    raise DataError(
        f"layer {owner!r} cannot adapt to {quote(data)}",
        hint="Give an array, a list, a table of pandas, or an iterable of batches of them.",
    )


def require_encoding(owner: object, encoding: str) -> str:
    """Return the name of an encoding.

    Raises:
        ArgumentValueError: Python has no such encoding.
    """
    try:
        codecs.lookup(encoding)
    except (LookupError, TypeError, ValueError):
        raise refusal(owner, "encoding", encoding, "an encoding of Python, as 'utf-8'") from None
    return encoding


def as_texts(owner: str, value: Any, encoding: str = "utf-8") -> Texts:
    """Return texts as an array of Python strings.

    Args:
        owner: Name of the layer, for messages.
        value: A string or bytes, or an array or nested list of them.
        encoding: The encoding of bytes.

    Raises:
        DataError: They contain other values, also missing ones, or rows differ in length.
    """
    try:
        array = np.array(value, dtype=object)
    except ValueError:
        array = np.array(None, dtype=object)
    found = np.empty(array.shape, dtype=object)
    flat = found.reshape(-1)
    for place, one in enumerate(array.reshape(-1)):
        text = one.decode(encoding) if isinstance(one, bytes) else one
        if str(one) in _MISSING and not isinstance(text, str):
            row = np.unravel_index(place, array.shape)[0] if array.ndim else 0
            raise DataError(
                f"layer {owner!r} takes strings, row {row} has {one!r}, a missing value",
                hint="Fill missing texts first, such as with column.fillna('').",
            )
        if not isinstance(text, str):
            raise DataError(
                f"layer {owner!r} takes strings, got {type(one).__name__} among them",
                hint="Give a string, or an array or nested list of strings whose rows have one length.",
            )
        flat[place] = str(text)
    return found
