"""Encodes texts as word indices, with limits on words and lengths."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kplug.components.arguments import require_integer
from kplug.errors import DataError
from kplug_datasets.source_files import Samples, fetch


@dataclass(frozen=True)
class WordNumbers:
    """The encoding of words as numbers, with Keras's arguments.

    Attributes:
        owner: The owner of the arguments.
        num_words: Numbers from this on are dropped; ``None`` keeps all but the largest.
        skip_top: Numbers below this are dropped.
        maxlen: Only texts shorter than this are kept; ``None`` keeps all.
        start_char: The first number of every text, or ``None``.
        oov_char: The replacement for dropped numbers; ``None`` removes them.
        index_from: The offset of the numbers.
    """

    owner: str
    num_words: int | None
    skip_top: int
    maxlen: int | None
    start_char: int | None
    oov_char: int | None
    index_from: int

    def __post_init__(self) -> None:
        for name in ("num_words", "maxlen"):
            if (value := getattr(self, name)) is not None:
                require_integer(
                    self.owner, name, value, "an integer from 1 on, or None", at_least=1
                )
        require_integer(self.owner, "skip_top", self.skip_top, "an integer from 0 on", at_least=0)

    def mark(self, texts: Samples) -> list[list[int]]:
        """Return texts with the offset and the start added."""
        begin = [] if self.start_char is None else [self.start_char]
        return [begin + [word + self.index_from for word in text] for text in texts]

    def keep_short(
        self, texts: list[list[int]], labels: Samples
    ) -> tuple[list[list[int]], Samples]:
        """Return the texts that are shorter than ``maxlen``, and their labels."""
        if self.maxlen is None:
            return texts, labels
        short = [number for number, text in enumerate(texts) if len(text) < self.maxlen]
        if not short:
            raise DataError(
                f"{self.owner}: no text is shorter than maxlen={self.maxlen}",
                hint="Pass a larger maxlen.",
            )
        return [texts[number] for number in short], labels[short]

    def limit(self, texts: list[list[int]], end: int) -> list[list[int]]:
        """Return texts without the dropped numbers."""
        if self.oov_char is None:
            return [[word for word in text if self.skip_top <= word < end] for text in texts]
        other = self.oov_char
        return [[word if self.skip_top <= word < end else other for word in text] for text in texts]

    def find_end(self, *parts: list[list[int]]) -> int:
        """Return the first number to drop: ``num_words``, or else the largest number."""
        # With num_words=None, Keras drops the largest number, too.
        return self.num_words or max(
            (max(text) for part in parts for text in part if text), default=0
        )


def as_lists(texts: list[list[int]]) -> NDArray[Any]:
    """Return a one-dimensional array of lists, even if all have the same length."""
    made = np.empty(len(texts), dtype=object)
    made[:] = texts
    return made


def read_words(name: str, path: str) -> dict[str, int]:
    """Return the number of each word, from a file of Keras's."""
    with open(fetch(name, path), encoding="utf-8") as file:  # noqa: PTH123 - a path as text
        words: dict[str, int] = json.load(file)
    return words
