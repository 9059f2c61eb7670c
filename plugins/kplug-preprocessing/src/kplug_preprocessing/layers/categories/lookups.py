"""``IntegerLookup`` and ``StringLookup``: map tokens to indices of a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kplug import example
from kplug.backend import holds_texts, is_table, to_tensor
from kplug.components.arguments import refusal
from kplug.errors import DataError
from kplug_preprocessing.layers.categories.base.index_lookup import NOTHING, IndexLookup
from kplug_preprocessing.layers.categories.base.texts import as_texts, require_encoding
from kplug_preprocessing.layers.categories.base.vocabulary import Vocabulary


@example({"vocabulary": [1, 2]}, inputs=(torch.tensor([[1, 2], [3, 1], [2, 2], [0, 1]]),))
class IntegerLookup(IndexLookup):
    """Outputs the place of each integer in a vocabulary, or vectors of such places.

    Args:
        vocabulary_dtype: ``"int64"``.

    Example:
        >>> layer = IntegerLookup(vocabulary=[12, 36, 1138])
        >>> layer(torch.tensor([[12, 1138, 7]]))
        tensor([[1, 3, 0]])
        >>> IntegerLookup(vocabulary=[12, 36, 1138], invert=True)(torch.tensor([[1, 3, 0]]))
        tensor([[  12, 1138,   -1]])

    Reference:
        ``keras.layers.IntegerLookup``, which needs TensorFlow. Vectors are floats, as Keras's documents say.
    """

    _kind = int
    # Integers in rising order, and what each becomes.
    _table: Tensor

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int | None = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        if vocabulary_dtype != "int64":
            raise refusal(self, "vocabulary_dtype", vocabulary_dtype, "'int64'")
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            pad_to_max_tokens,
            sparse,
            salt,
            oov_method=oov_method,
            **kwargs,
        )
        self.vocabulary_dtype = vocabulary_dtype

    def convert_inputs(self, inputs: Any) -> Any:
        """Return integers as a tensor; those of a column of pandas also where they are categories."""
        return self._as_integers(inputs) if is_table(inputs) else super().convert_inputs(inputs)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the places of integers, int64 in the shape of the inputs; or vectors."""
        if inputs.is_meta:
            return self.encode_numbers(torch.empty_like(inputs, dtype=torch.int64))
        numbers = self._find(self._as_integers(inputs))
        return numbers if self.invert else self.encode_numbers(numbers)

    def _find(self, integers: Tensor) -> Tensor:
        self._require_vocabulary()
        others = self._find_others(integers)
        if others is None:
            array = integers.cpu().numpy()
            found = self.find_tokens(array) if self.invert else self.find_numbers(array)
            return torch.from_numpy(found.astype(np.int64)).to(integers.device)
        known, values = self._table.to(integers.device).unbind()
        places = torch.bucketize(integers, known)
        return torch.where(known.take(places) == integers, values.take(places), others)

    def _find_others(self, integers: Any) -> Any:
        """Return what integers become that the table lacks; ``None`` if their values must be read for it."""
        if self.invert:
            return self.oov_token
        if self.num_oov_indices == 1:
            return self._places.unknown_start
        if not self.num_oov_indices or self.oov_method == "farmhash":
            return None
        return self._places.unknown_start + integers % self.num_oov_indices

    def _keep(self, found: Vocabulary) -> None:
        super()._keep(found)
        pairs = dict(enumerate(self.get_vocabulary())) if self.invert else dict(self._numbers)
        if self.mask_token is not None and not self.invert:
            pairs[self.mask_token] = 0 if self.output_mode == "int" else NOTHING
        largest = torch.iinfo(torch.int64).max  # ends the table, so that each search ends in it
        pairs.setdefault(largest, self._find_others(largest))
        known = sorted(key for key, value in pairs.items() if value is not None)
        table = torch.tensor([known, [pairs[key] for key in known]], dtype=torch.int64)
        self.register_buffer("_table", table, persistent=False)

    def _as_array(self, data: Any) -> Any:
        return self._as_integers(data).cpu().numpy()

    def _as_integers(self, data: Any) -> Tensor:
        tokens = to_tensor(data if isinstance(data, Tensor) else np.asarray(data))
        if tokens.is_floating_point() or tokens.is_complex():
            raise DataError(
                f"layer {self.name!r} looks up integers, got {tokens.dtype}",
                hint="In a table, missing values make floats of integers: "
                "column.fillna(-1).astype('int64').",
            )
        return tokens.detach().long().contiguous()

    def _read_token(self, line: str) -> int:
        try:
            return int(line)
        except ValueError:
            raise DataError(
                f"layer {self.name!r} has a vocabulary of integers, got the line {line!r} among them"
            ) from None


@example(leave_out={"arguments": "tokens may be any text"})
class StringLookup(IndexLookup):
    """Outputs the place of each string in a vocabulary, or vectors of such places.

    Inputs are strings, arrays or nested lists of them; integers with ``invert=True``, which gives an array of
    strings.

    Args:
        encoding: The encoding of bytes.

    Example:
        >>> layer = StringLookup(vocabulary=["a", "b", "c"])
        >>> layer([["a", "c", "z"]])
        tensor([[1, 3, 0]])
        >>> StringLookup(vocabulary=["a", "b", "c"], invert=True)([[1, 3, 0]])
        array([['a', 'c', '[UNK]']], dtype=object)

    Reference:
        ``keras.layers.StringLookup``, which needs TensorFlow. Vectors are floats, as Keras's documents say.
    """

    _kind = str

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str | None = "[UNK]",  # noqa: S107 - a word, no password
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            pad_to_max_tokens,
            sparse,
            salt,
            **kwargs,
        )
        self.encoding = require_encoding(self, encoding)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the places of strings, or the strings of places."""
        if self.invert and not holds_texts(inputs):
            numbers = inputs.detach().cpu().numpy() if isinstance(inputs, Tensor) else inputs
            return self.find_tokens(np.asarray(numbers))
        if holds_texts(inputs):
            inputs = self.read_texts(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the places of strings, which ``__call__`` has looked up, or vectors of them."""
        return self.encode_numbers(inputs.long())

    def read_texts(self, texts: Any) -> Tensor:
        """Return the places of strings, int64 in their shape; −1 for masks in vectors."""
        return torch.from_numpy(self.find_numbers(self._as_array(texts)))

    def _as_array(self, data: Any) -> Any:
        return as_texts(self.name, data, self.encoding)

    def _read_token(self, line: str) -> str:
        return line
