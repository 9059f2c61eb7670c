"""Runs layer calls in reduced precision, with ``torch.autocast``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from kplug.backend.masks import keep_mask
from kplug.support.nested import find_leaves, map_leaves

REDUCED_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class _ReducingThread(threading.local):
    """Thread-local state: the reduced type of outermost layer calls, or None."""

    dtype: torch.dtype | None = None


THREAD = _ReducingThread()


@contextmanager
def reducing_calls(dtype: torch.dtype | None) -> Iterator[None]:
    """Run outermost layer calls in reduced precision inside the block."""
    before, THREAD.dtype = THREAD.dtype, dtype
    try:
        yield
    finally:
        THREAD.dtype = before


def call_reduced(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    dtype: torch.dtype,
) -> Any:
    """Call a function under autocast and widen its result to float32.

    Matrix products and convolutions use the reduced type, torch chooses the type of other operations, and
    weights stay float32.
    """
    first = next(find_leaves((args, kwargs), Tensor), None)
    with torch.autocast("cpu" if first is None else first.device.type, dtype):
        made = function(*args, **kwargs)
    return map_leaves(made, Tensor, _widen)


def _widen(tensor: Tensor) -> Tensor:
    reduced = tensor.dtype in REDUCED_TYPES.values()
    return keep_mask(tensor.float(), tensor) if reduced else tensor
