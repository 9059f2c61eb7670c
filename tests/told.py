"""Records the text of every warning in a block, repeated ones too."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def telling() -> Iterator[list[str]]:
    """Return a list that is filled with the texts of a block's warnings when the block ends."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield texts
    texts += [str(each.message) for each in caught]
