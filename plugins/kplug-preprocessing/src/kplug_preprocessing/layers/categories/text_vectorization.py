"""``TextVectorization``: texts as token indices, or as vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

from kplug.backend import holds_texts
from kplug.components.arguments import refusal, require_integer
from kplug.components.configurable import read_config
from kplug.errors import ArgumentError, ContractError, DataError
from kplug.layers import Layer
from kplug_preprocessing.layers.categories.base.text_steps import (
    SPLITTERS,
    STANDARDIZERS,
    join_neighbours,
    standardize as standardize_text,
)
from kplug_preprocessing.layers.categories.base.texts import Texts, as_batches, as_texts
from kplug_preprocessing.layers.categories.base.vocabulary import refuse_path
from kplug_preprocessing.layers.categories.lookups import StringLookup


class TextVectorization(Layer):
    """Outputs the places of a text's words in a vocabulary, or vectors of them.

    Each text is standardized, split into tokens, which may be joined to n-grams, and looked up. Number 0 is
    the padding of shorter texts, 1 an unknown token.

    As the first layer of a ``Sequential`` it lets ``fit``, ``evaluate`` and ``predict`` take arrays of texts,
    which are read once, before the first batch.

    Args:
        max_tokens: Number of places of the vocabulary at most, the special ones included; ``None`` is any.
        standardize: ``"lower_and_strip_punctuation"``, ``"lower"``, ``"strip_punctuation"`` (of ASCII),
            ``None``, or a function from an array of strings to one.
        split: ``"whitespace"``, ``"character"``, ``None``, or a function from an array of strings to lists
            of tokens.
        ngrams: The widths of n-grams, or the largest of them; ``None`` leaves the tokens as they are.
        output_mode: ``"int"``: the places, (N, tokens); ``"multi_hot"``, ``"count"`` or ``"tf_idf"``: one
            vector a text, with a place for each token but the padding.
        output_sequence_length: Number of places that texts are cut or padded to; ``None``: the longest's.
        pad_to_max_tokens: Whether vectors have ``max_tokens`` places, however large the vocabulary is.
        vocabulary: The tokens, a list or an array; or the path of a text file with one in each line.
        idf_weights: The weight of each token in mode ``"tf_idf"``.
        sparse: ``False``; there are no sparse outputs.
        ragged: ``False``; there are no ragged outputs.
        encoding: The encoding of bytes.
        has_input_vocabulary: Whether the vocabulary is fixed; ``None``: if one is given.
        **kwargs: As for any layer.

    Raises:
        ArgumentValueError: An argument is outside its range.
        ArgumentError: Arguments do not go together.
        DataError: The vocabulary has wrong or repeated tokens.

    Example:
        >>> layer = TextVectorization(output_sequence_length=4)
        >>> layer.adapt(["foo bar", "bar baz", "baz bada boom"])
        >>> layer(["Foo, qux: bar!", "qux baz"])
        tensor([[4, 1, 3, 0],
                [1, 2, 0, 0]])

    Reference:
        ``keras.layers.TextVectorization``, which needs TensorFlow. Vectors are floats, as Keras's documents
        say. Layers with a user's function cannot be saved.
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | Callable[[Any], Any] | None = "lower_and_strip_punctuation",
        split: str | Callable[[Any], Any] | None = "whitespace",
        ngrams: int | tuple[int, ...] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        has_input_vocabulary: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        if not callable(standardize) and standardize not in tuple(STANDARDIZERS):
            known = f"{', '.join(repr(one) for one in STANDARDIZERS)}, or a function"
            raise refusal(self, "standardize", standardize, known)
        if split is not None and not callable(split) and split not in tuple(SPLITTERS):
            raise refusal(self, "split", split, "'whitespace', 'character', None, or a function")
        if ragged is not False:
            raise refusal(self, "ragged", ragged, "False: outputs are dense tensors")
        self.standardize, self.split, self.ragged, self.encoding = (
            standardize,
            split,
            ragged,
            encoding,
        )
        self.ngrams = ngrams
        self._widths = _as_widths(owner, ngrams)
        self.output_sequence_length = output_sequence_length
        if output_sequence_length is not None:
            self.output_sequence_length = require_integer(
                owner,
                "output_sequence_length",
                output_sequence_length,
                "an integer >= 1, or None",
                at_least=1,
            )
        self._lookup = StringLookup(
            max_tokens,
            mask_token="",
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            encoding=encoding,
            has_input_vocabulary=has_input_vocabulary,
        )
        self.output_mode = self._lookup.output_mode
        if self.output_sequence_length is not None and self.output_mode != "int":
            raise ArgumentError(
                f"{owner} takes output_sequence_length with output_mode='int' only, got "
                f"{self.output_mode!r}"
            )

    # -- the vocabulary ------------------------------------------------------------------------

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Build the vocabulary from the tokens of texts, the most frequent first.

        Args:
            data: A list or an array of strings; or another iterable of batches of them.
            batch_size: Ignored: texts are read one after the other.
            steps: How many batches of an iterable are read; ``None`` is all.

        Raises:
            ArgumentError: The vocabulary was given.
            DataError: The data contain no tokens, or other values.
        """
        del batch_size
        self._lookup.adapt_to_documents(
            document
            for batch in as_batches(self.name, data, steps)
            for document in self._tokenize(self._read(batch))
        )

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary; ``StringLookup.set_vocabulary`` has the arguments."""
        self._lookup.set_vocabulary(vocabulary, idf_weights)

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """Return the tokens in index order, special tokens included."""
        return self._lookup.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """Return the size of the vocabulary, special tokens included."""
        return self._lookup.vocabulary_size()

    # -- computing -----------------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the places of the tokens of texts, or vectors of them."""
        if holds_texts(inputs):
            inputs = self.read_texts(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the places, which ``__call__`` has looked up, or vectors of them."""
        return self._lookup.encode_numbers(inputs.long())

    def read_texts(self, texts: Any) -> Tensor:
        """Return the places of the tokens of texts, int64 (N, tokens); −1 fills rows for vectors."""
        documents = self._tokenize(self._read(texts))
        joined = np.array([token for document in documents for token in document], dtype=object)
        numbers = self._lookup.find_numbers(joined)
        lengths = [len(document) for document in documents]
        width = self.output_sequence_length or max(lengths, default=0)
        padding = 0 if self.output_mode == "int" else -1
        rows = np.full((len(documents), width), padding, dtype=np.int64)
        start = 0
        for row, length in zip(rows, lengths, strict=True):
            kept = min(length, width)
            row[:kept] = numbers[start : start + kept]
            start += length
        return torch.from_numpy(rows)

    def _read(self, texts: Any) -> Texts:
        array = as_texts(self.name, texts, self.encoding)
        if array.ndim == 0:
            array = array.reshape(1)
        if array.ndim > 1 and self.split is not None:
            if array.shape[-1] != 1:
                raise DataError(
                    f"layer {self.name!r} splits texts of shape (N,) or (N, 1), got shape {array.shape}",
                    hint="Make it with split=None for texts that are split already.",
                )
            array = array[..., 0]
        return array

    def _tokenize(self, texts: Texts) -> list[list[str]]:
        """Return the tokens of each text."""
        if callable(self.standardize):
            made = self.standardize(texts.astype(np.str_))
            texts = as_texts(self.name, made, self.encoding)
        else:
            flat = [standardize_text(text, self.standardize) for text in texts.reshape(-1)]
            texts = np.array(flat, dtype=object).reshape(texts.shape)
        if callable(self.split):
            documents = [as_texts(self.name, one).tolist() for one in self.split(texts)]
        elif self.split is None:
            documents = texts.reshape(len(texts), -1).tolist()
        else:
            documents = [SPLITTERS[self.split](text) for text in texts.reshape(-1)]
        if self._widths is None:
            return documents
        return [join_neighbours(document, self._widths) for document in documents]

    # -- configuration -------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, the vocabulary as a list.

        Raises:
            ContractError: A step is a user's function, which files cannot store.
        """
        for step in ("standardize", "split"):
            if callable(getattr(self, step)):
                raise ContractError(
                    f"layer {self.name!r} cannot be described: its {step} is a function",
                    hint=f"Call the function on the texts before they reach the layer, and make the layer "
                    f"with {step}=None; or save the weights alone, with save_weights.",
                )
        lookup = self._lookup
        names = ("max_tokens", "pad_to_max_tokens", "vocabulary", "idf_weights", "sparse")
        shared = {name: getattr(lookup, name) for name in (*names, "has_input_vocabulary")}
        return {**super().get_config(), **shared}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a layer from the result of ``get_config``, here or in Keras.

        Raises:
            DataError: The vocabulary is a path.
        """
        config = read_config(cls, config)
        refuse_path(config)
        known = {key: value for key, value in config.items() if key != "vocabulary_size"}
        if isinstance(known.get("ngrams"), list):
            known["ngrams"] = tuple(known["ngrams"])
        return super().from_config(known)


def _as_widths(owner: str, ngrams: object) -> tuple[int, ...] | None:
    if ngrams is None:
        return None
    allowed = "an integer >= 1, a tuple of them, or None"
    given = ngrams if isinstance(ngrams, tuple) else (ngrams,)
    widths = [require_integer(owner, "ngrams", one, allowed, at_least=1) for one in given]
    return tuple(widths) if isinstance(ngrams, tuple) else tuple(range(1, widths[0] + 1))
