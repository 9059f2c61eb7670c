"""Encodes category numbers as one-hot, multi-hot or count vectors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug.components.arguments import refusal, require_choice

# Their names in older versions of Keras.
_FORMER = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def require_output_mode(owner: str, value: object, allowed: tuple[str, ...]) -> str:
    """Return the present name of an output mode.

    Raises:
        ArgumentValueError: It is none of ``allowed``.
    """
    given = _FORMER.get(value, value) if isinstance(value, str) else value
    return require_choice(owner, "output_mode", given, allowed)


def refuse_sparse(owner: str, sparse: object) -> bool:
    """Return ``False``, or refuse sparse outputs.

    Raises:
        ArgumentValueError: Sparse outputs are requested.
    """
    if sparse is not False:
        raise refusal(owner, "sparse", sparse, "False: outputs are dense tensors")
    return False


def encode(
    numbers: Tensor, mode: str, depth: int, dtype: torch.dtype, weights: Tensor | None = None
) -> Tensor:
    """Encode category numbers as vectors.

    Args:
        numbers: Integers, any shape; those outside of 0 … depth − 1 are left out.
        mode: ``"one_hot"``: one vector a number, in the place of the last axis if its size is 1, else along a
            new one. ``"multi_hot"``: 1 for each number that occurs along the second axis (of one axis, along
            that), ``"count"``: how often it does.
        depth: Size of the vectors.
        dtype: Type of the vectors.
        weights: The weight of each number, in the shape of ``numbers``; ``None`` is 1.

    Example:
        >>> encode(torch.tensor([[2, 0, 2]]), "count", 4, torch.float32)
        tensor([[1., 0., 2., 0.]])

    Reference:
        Keras's layers of categories on its torch backend.
    """
    if numbers.ndim == 0:
        numbers = numbers.reshape(1)
    if mode == "one_hot":
        drops_axis = numbers.ndim > 1 and numbers.shape[-1] == 1
        numbers = numbers if drops_axis else numbers.unsqueeze(-1)
    elif numbers.ndim > 1:
        numbers = numbers.movedim(1, -1)
        weights = None if weights is None else weights.movedim(1, -1)
    is_known = (numbers >= 0) & (numbers < depth)
    places = torch.where(is_known, numbers, depth).long()
    added: Any = torch.ones((), dtype=dtype, device=numbers.device).expand(places.shape)
    if weights is not None:
        added = weights.to(dtype)
    vectors = torch.zeros(*numbers.shape[:-1], depth + 1, dtype=dtype, device=numbers.device)
    if mode == "count":
        return vectors.scatter_add(-1, places, added)[..., :-1]
    return vectors.scatter(-1, places, added)[..., :-1]
