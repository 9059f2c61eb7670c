"""Vocabularies: checked lists of tokens, given or counted from data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from kplug.backend import is_table
from kplug.components.arguments import is_number
from kplug.errors import DataError

_SHOWN = 5


class Places(NamedTuple):
    """The special tokens of a vocabulary, in front: a mask, then the unknown tokens.

    Args:
        mask: The padding token; ``None`` if there is none.
        unknown: The token that stands for unknown ones.
        unknown_count: Number of indices for unknown tokens.
    """

    mask: Any
    unknown: Any
    unknown_count: int

    @property
    def unknown_start(self) -> int:
        """The first index for unknown tokens."""
        return 0 if self.mask is None else 1

    @property
    def special(self) -> list[Any]:
        """The tokens before the first real one."""
        return [self.mask] * self.unknown_start + [self.unknown] * self.unknown_count


class Vocabulary(NamedTuple):
    """The tokens of a lookup layer without the special ones, and the weight of each place for ``tf_idf``."""

    tokens: list[Any]
    weights: list[float] | None = None


def read_lines(owner: str, path: str) -> list[str]:
    """Return the tokens of a text file, one per line.

    Raises:
        DataError: There is no such file, or it is no text.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeError) as error:
        raise DataError(
            f"layer {owner!r} cannot read its vocabulary from {path!r}: {error}",
            hint="Give the path of a text file with one token in each line, or a list of tokens.",
        ) from None
    while lines and not lines[-1]:
        lines.pop()
    return lines


def as_tokens(owner: str, vocabulary: Any, kind: type) -> list[Any]:
    """Return the tokens of a list or array.

    Args:
        owner: Name of the layer, for messages.
        vocabulary: Tokens, in a list, an array or a column of pandas; lines of a file are texts also where
            the tokens are integers.
        kind: ``str`` or ``int``.

    Raises:
        DataError: A token is of another kind, or there are no tokens.
    """
    is_array = isinstance(vocabulary, (np.ndarray, Tensor)) or is_table(vocabulary)
    given = vocabulary.tolist() if is_array else vocabulary
    tokens = list(given) if isinstance(given, (list, tuple)) else [given]
    found: list[Any] = []
    for token in tokens:
        read: Any = token.decode() if isinstance(token, bytes) else token
        if isinstance(read, np.generic):
            read = read.item()
        if type(read) is not kind and not (isinstance(read, str) and kind is str):
            raise DataError(
                f"layer {owner!r} has a vocabulary of {kind.__name__} tokens, got {token!r} among them",
                hint=f"Give a list of {kind.__name__} values.",
            )
        found.append(kind(read))
    if not found:
        raise DataError(
            f"layer {owner!r} was given an empty vocabulary", hint="Give one token at least."
        )
    return found


def split_special(owner: str, given: list[Any], places: Places, is_inverse: bool) -> list[Any]:
    """Return the tokens without leading special ones.

    Raises:
        DataError: A token occurs twice, or a special one occurs elsewhere.
    """
    special = places.special
    tokens = given[len(special) :] if given[: len(special)] == special else given
    repeated = [token for token, count in Counter(tokens).items() if count > 1]
    if repeated:
        raise DataError(
            f"layer {owner!r} was given a vocabulary with repeated tokens: {repeated[:_SHOWN]}",
            hint="Each token stands once.",
        )
    reserved = [places.mask, *([places.unknown] if is_inverse else [])]
    misplaced = [token for token in reserved if token is not None and token in tokens]
    if misplaced:
        raise DataError(
            f"layer {owner!r} was given a vocabulary with {misplaced[0]!r} in it, which it reserves",
            hint=f"Leave the special tokens out, or begin with all of them: {special}.",
        )
    return tokens


def make_weights(
    owner: str, given: Any, tokens: Sequence[Any], places: Places, is_whole: bool
) -> list[float]:
    """Return one weight per index.

    Args:
        owner: Name of the layer, for messages.
        given: A weight for each token of the given vocabulary.
        tokens: The tokens without the special ones.
        places: The special ones.
        is_whole: Whether the given vocabulary includes the special tokens; otherwise they get the mean.

    Raises:
        DataError: The weights are no numbers, or their number differs.
    """
    numbers = given.tolist() if isinstance(given, (np.ndarray, Tensor)) else given
    wanted = len(tokens) + (len(places.special) if is_whole else 0)
    is_list = isinstance(numbers, (list, tuple)) and all(is_number(one) for one in numbers)
    if not is_list or len(numbers) != wanted:
        found = f"{len(numbers)} of them" if is_list else repr(given)
        raise DataError(
            f"layer {owner!r} needs idf_weights, one number for each of its {wanted} tokens, got {found}"
        )
    weights = [float(one) for one in numbers]
    return weights if is_whole else _pad_front(weights, places)


def _pad_front(weights: list[float], places: Places) -> list[float]:
    return [sum(weights) / len(weights)] * len(places.special) + weights


class TokenCounts:
    """How often each token occurs in data, and in how many documents."""

    def __init__(self) -> None:
        self.tokens: Counter[Any] = Counter()
        self.documents: Counter[Any] = Counter()
        self.document_count = 0

    def add(self, documents: Iterable[Sequence[Any]]) -> None:
        """Count the tokens of documents."""
        for document in documents:
            self.tokens.update(document)
            self.documents.update(set(document))
            self.document_count += 1

    def choose(self, places: Places, most: int | None, left_out: Iterable[Any]) -> Vocabulary:
        """Return the most frequent tokens with their weights, ties in reverse order.

            weight = log(1 + documents / (1 + documents with the token))

        Args:
            places: The special tokens.
            most: Number of places at most, the special ones included.
            left_out: Tokens to ignore, such as the mask.
        """
        dropped = set(left_out)
        ordered = sorted(
            (token for token in self.tokens if token not in dropped),
            key=lambda token: (self.tokens[token], token),
            reverse=True,
        )
        tokens = ordered if most is None else ordered[: max(most - len(places.special), 0)]
        weights = [
            math.log(1 + self.document_count / (1 + self.documents[token])) for token in tokens
        ]
        return Vocabulary(tokens, _pad_front(weights, places) if weights else weights)


def refuse_path(config: Mapping[str, Any]) -> None:
    """Refuse a vocabulary that is a path.

    Raises:
        DataError: The vocabulary is a path.
    """
    if isinstance(config.get("vocabulary"), str):
        raise DataError(
            f"the vocabulary of layer {config.get('name')!r} is the path {config['vocabulary']!r}, and files "
            "are not read because a configuration names them",
            hint="Put the tokens into the configuration, or call set_vocabulary(path) in code.",
        )
