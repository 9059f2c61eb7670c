"""Paths of weights: the names of the layers being built when a weight is added."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_BUILDING: ContextVar[tuple[str, ...]] = ContextVar("building", default=())


@contextmanager
def building(name: str) -> Iterator[None]:
    """Push a layer's name onto the path of weights added inside the block."""
    token = _BUILDING.set((*_BUILDING.get(), name))
    try:
        yield
    finally:
        _BUILDING.reset(token)


def make_path(layer_name: str, weight_name: str) -> str:
    """Return the path of a weight that a layer is adding.

    Example:
        >>> with building("net"), building("dense"):
        ...     make_path("dense", "kernel")
        'net/dense/kernel'
        >>> make_path("dense", "kernel")
        'dense/kernel'
    """
    around = _BUILDING.get()
    own = () if around[-1:] == (layer_name,) else (layer_name,)
    return "/".join((*around, *own, weight_name))
