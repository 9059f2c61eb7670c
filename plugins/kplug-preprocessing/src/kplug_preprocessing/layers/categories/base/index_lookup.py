"""Base class of the vocabulary lookup layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

from kplug.backend import is_table, to_dtype
from kplug.components.arguments import require_choice, require_flag, require_integer
from kplug.components.configurable import read_config
from kplug.errors import ArgumentError, DataError, NotBuiltError
from kplug.layers import Layer
from kplug_preprocessing.layers.categories.base.encoding import (
    encode,
    refuse_sparse,
    require_output_mode,
)
from kplug_preprocessing.layers.categories.base.fingerprints import as_salt, find_buckets
from kplug_preprocessing.layers.categories.base.texts import as_batches
from kplug_preprocessing.layers.categories.base.vocabulary import (
    Places,
    TokenCounts,
    Vocabulary,
    as_tokens,
    make_weights,
    read_lines,
    refuse_path,
    split_special,
)

# The index of no category, omitted from vectors.
NOTHING = -1
_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class IndexLookup(Layer):
    """Looks tokens up in a vocabulary that is given, or adapted to data.

    The places of a vocabulary are numbered: the mask, if there is one; the unknown tokens; then the tokens.

    Args:
        max_tokens: Number of places at most; ``None`` is any.
        num_oov_indices: Number of places for unknown tokens. With several, a hash of the token decides; with
            none, unknown tokens are refused.
        mask_token: The padding token: index 0, and no part of vectors; ``None`` for none.
        oov_token: The token that stands for unknown ones when numbers are converted back to tokens.
        vocabulary: The tokens, a list or an array; or the path of a text file with one in each line.
        idf_weights: The weight of each token in mode ``"tf_idf"``, in the order of ``vocabulary``.
        invert: Whether to turn numbers into tokens.
        output_mode: ``"int"``: the numbers; or vectors with a place for each token: ``"one_hot"`` of each
            token, ``"multi_hot"`` of those that occur in a sample, ``"count"`` of how often they do,
            ``"tf_idf"`` of the counts times the weights.
        pad_to_max_tokens: Whether vectors have ``max_tokens`` places, however large the vocabulary is.
        sparse: ``False``; there are no sparse outputs.
        salt: Key of the hash for several unknown places, one or two integers: SipHash instead of FarmHash.
        oov_method: How integers are spread over several unknown places: ``"floormod"``, by their remainder,
            or ``"farmhash"``. Texts are hashed.
        has_input_vocabulary: Whether the vocabulary is fixed; ``None``: if one is given.

    Raises:
        ArgumentValueError: An argument is outside its range.
        ArgumentError: Arguments do not go together.
        DataError: The vocabulary has wrong or repeated tokens.
    """

    # Type of the tokens.
    _kind: ClassVar[type]

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        pad_to_max_tokens: bool,
        sparse: bool,
        salt: Any,
        *,
        oov_method: str = "floormod",
        has_input_vocabulary: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.max_tokens = max_tokens
        if max_tokens is not None:
            self.max_tokens = require_integer(
                owner, "max_tokens", max_tokens, "an integer >= 2, or None", at_least=2
            )
        self.num_oov_indices = require_integer(
            owner, "num_oov_indices", num_oov_indices, "an integer >= 0", at_least=0
        )
        self.mask_token, self.oov_token = mask_token, oov_token
        self.invert = require_flag(owner, "invert", invert)
        self.output_mode = require_output_mode(owner, output_mode, _MODES)
        self.pad_to_max_tokens = require_flag(owner, "pad_to_max_tokens", pad_to_max_tokens)
        self.sparse = refuse_sparse(owner, sparse)
        self.salt = as_salt(owner, salt)
        self.oov_method = require_choice(owner, "oov_method", oov_method, ("floormod", "farmhash"))
        self._check_together(idf_weights)
        has_mask = mask_token is not None and self.output_mode == "int"
        self._places = Places(mask_token if has_mask else None, oov_token, self.num_oov_indices)
        self._vocabulary: Vocabulary | None = None
        self.has_input_vocabulary = False
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
            self.has_input_vocabulary = has_input_vocabulary is not False

    def _check_together(self, idf_weights: Any) -> None:
        owner = type(self).__name__
        if self.invert and self.output_mode != "int":
            raise ArgumentError(
                f"{owner} takes invert=True with output_mode='int' only, got {self.output_mode!r}"
            )
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ArgumentError(f"{owner} takes pad_to_max_tokens=True with max_tokens only")
        if idf_weights is not None and self.output_mode != "tf_idf":
            raise ArgumentError(
                f"{owner} takes idf_weights with output_mode='tf_idf' only, got {self.output_mode!r}"
            )

    # -- the vocabulary ------------------------------------------------------------------------

    @property
    def vocabulary(self) -> list[Any] | None:
        """The tokens with the special ones, as ``get_vocabulary`` returns them; ``None`` without any."""
        return None if self._vocabulary is None else self.get_vocabulary()

    @property
    def idf_weights(self) -> list[float] | None:
        """The weight of each index in mode ``"tf_idf"``."""
        is_used = self._vocabulary is not None and self.output_mode == "tf_idf"
        return self._vocabulary.weights if is_used and self._vocabulary else None

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary.

        Args:
            vocabulary: Tokens, with all special ones in front or without them; or the path of a text file.
            idf_weights: The weight of each token in mode ``"tf_idf"``; omitted special tokens get the
                mean.

        Raises:
            ArgumentError: Weights are missing, or are given in another mode.
            DataError: The vocabulary has wrong, repeated or too many tokens; nothing is changed then.
        """
        self._check_together(idf_weights)
        if self.output_mode == "tf_idf" and idf_weights is None:
            raise ArgumentError(
                f"layer {self.name!r} needs idf_weights for its vocabulary, since output_mode is 'tf_idf'",
                hint="Give a number for each token, or no vocabulary and call adapt(data).",
            )
        given: Any = vocabulary
        if isinstance(vocabulary, str):
            lines = read_lines(self.name, vocabulary)
            given = [self._read_token(line) for line in lines]
        given = as_tokens(self.name, given, self._kind)
        tokens = split_special(self.name, given, self._places, self.invert)
        weights = None
        if idf_weights is not None:
            is_whole = len(tokens) < len(given)
            weights = make_weights(self.name, idf_weights, tokens, self._places, is_whole)
        self._keep(Vocabulary(tokens, weights))

    def _read_token(self, line: str) -> Any:
        """Return the token of a line of a file."""
        raise NotImplementedError

    def _keep(self, found: Vocabulary) -> None:
        size = len(found.tokens) + len(self._places.special)
        if self.max_tokens is not None and size > self.max_tokens:
            raise DataError(
                f"layer {self.name!r} has {self.max_tokens} places at most, the vocabulary needs {size}"
            )
        if self.built and self._vocabulary is not None and size != self._depth():
            is_free = self.output_mode == "int" or self.pad_to_max_tokens
            if not is_free:
                raise DataError(
                    f"layer {self.name!r} has made vectors of size {self._depth()}, the new vocabulary "
                    f"would make it {size}",
                    hint="Make a new layer, or one with max_tokens= and pad_to_max_tokens=True.",
                )
        self._vocabulary = found
        first = len(self._places.special)
        self._numbers = {token: first + place for place, token in enumerate(found.tokens)}

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """Return the tokens in index order, special tokens included."""
        tokens = [] if self._vocabulary is None else self._vocabulary.tokens
        return [*(self._places.special if include_special_tokens else []), *tokens]

    def vocabulary_size(self) -> int:
        """Return the size of the vocabulary, special tokens included."""
        return len(self.get_vocabulary())

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Build the vocabulary from the tokens of data, the most frequent first.

        Args:
            data: A list, an array or a tensor of tokens, shape (N,) or (N, tokens); or another iterable of
                batches of them. A row is a document; a batch of one axis is one document.
            steps: How many batches of an iterable are read; ``None`` is all.

        Raises:
            ArgumentError: The vocabulary was given.
            DataError: The data contain no tokens, or other values.
        """
        arrays = map(self._as_array, as_batches(self.name, data, steps))
        if isinstance(data, (list, tuple, np.ndarray, Tensor)) or is_table(data):
            batches = [one.reshape(-1, 1) if one.ndim < 2 else one for one in arrays]
        else:
            batches = list(map(np.atleast_2d, arrays))
        self.adapt_to_documents(
            document.reshape(-1).tolist() for batch in batches for document in batch
        )

    def adapt_to_documents(self, documents: Any) -> None:
        """Build the vocabulary from documents, which are lists of tokens."""
        if self.has_input_vocabulary:
            raise ArgumentError(
                f"layer {self.name!r} was given its vocabulary; adapt() would change nothing",
                hint="Make it without vocabulary=.",
            )
        counts = TokenCounts()
        counts.add(documents)
        if not counts.tokens:
            raise DataError(f"layer {self.name!r} cannot adapt to data without tokens")
        left_out = [one for one in (self.mask_token, self.oov_token) if one is not None]
        self._keep(counts.choose(self._places, self.max_tokens, left_out))

    # -- looking up ------------------------------------------------------------------------------

    def _as_array(self, data: Any) -> Any:
        """Return tokens as an array."""
        raise NotImplementedError

    def _hash_unknown(self, tokens: Any) -> Any:
        """Return the out-of-vocabulary index of each token."""
        return find_buckets([str(token) for token in tokens], self.num_oov_indices, self.salt)

    def _require_vocabulary(self) -> Vocabulary:
        if self._vocabulary is None:
            raise NotBuiltError(
                f"layer {self.name!r} has no vocabulary yet",
                hint="Call adapt(data) or set_vocabulary(tokens), or make it with vocabulary=.",
            )
        return self._vocabulary

    def find_numbers(self, tokens: Any) -> Any:
        """Return the index of each token of an array, int64; −1 for masks without an index."""
        self._require_vocabulary()
        flat = tokens.reshape(-1).tolist()
        find, mask = self._numbers.get, self.mask_token
        nothing = 0 if self.output_mode == "int" else NOTHING
        unknown = self._places.unknown_start if self.num_oov_indices == 1 else None
        numbers: list[Any] = [find(token, unknown) for token in flat]
        if mask is not None:
            numbers = [
                nothing if token == mask else number
                for token, number in zip(flat, numbers, strict=True)
            ]
        if self.num_oov_indices != 1:
            self._number_unknown(flat, numbers)
        return np.array(numbers, dtype=np.int64).reshape(tokens.shape)

    def _number_unknown(self, tokens: list[Any], numbers: list[Any]) -> None:
        places = [place for place, number in enumerate(numbers) if number is None]
        if not places:
            return
        unknown = [tokens[place] for place in places]
        if not self.num_oov_indices:
            raise DataError(
                f"layer {self.name!r} has no place for unknown tokens, got {unknown[:5]}",
                hint="Make it with num_oov_indices=1.",
            )
        start = self._places.unknown_start
        for place, bucket in zip(places, self._hash_unknown(unknown).tolist(), strict=True):
            numbers[place] = start + bucket

    def find_tokens(self, numbers: Any) -> Any:
        """Return the token of each index of an array; the unknown token for invalid indices."""
        self._require_vocabulary()
        tokens = dict(enumerate(self.get_vocabulary()))
        found = [tokens.get(int(number), self.oov_token) for number in numbers.reshape(-1)]
        return np.array(found, dtype=object).reshape(numbers.shape)

    def _depth(self) -> int:
        if self.pad_to_max_tokens and self.max_tokens is not None:
            return self.max_tokens
        self._require_vocabulary()
        return self.vocabulary_size()

    def encode_numbers(self, numbers: Tensor) -> Tensor:
        """Return token indices unchanged, or as vectors."""
        if self.output_mode == "int":
            return numbers
        depth = self._depth()
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        vectors = encode(numbers, mode, depth, to_dtype(self.dtype))
        weights = self.idf_weights
        if weights is None:
            return vectors
        padded = torch.zeros(depth, dtype=vectors.dtype)
        padded[: len(weights)] = torch.tensor(weights)
        return vectors * padded.to(vectors.device)

    # -- configuration ---------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, including an adapted vocabulary."""
        found = {"vocabulary": self.vocabulary, "idf_weights": self.idf_weights}
        return {**super().get_config(), **found}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a layer from the result of ``get_config``, here or in Keras.

        Raises:
            DataError: The vocabulary is a path: a configuration from a file must not cause further files
                to be read.
        """
        config = read_config(cls, config)
        refuse_path(config)
        known = {key: value for key, value in config.items() if key != "vocabulary_size"}
        return super().from_config(known)
