"""The ``TensorSpec`` class: shape and type of a tensor without values."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import torch

Shape: TypeAlias = "tuple[int | None, ...]"


class TensorSpec(NamedTuple):
    """The shape and type of a tensor without values; an unknown size is ``None``."""

    shape: Shape
    dtype: torch.dtype
