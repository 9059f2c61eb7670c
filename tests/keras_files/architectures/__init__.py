"""The architectures that are built in Keras and in kplug by the same functions."""

from __future__ import annotations

from . import attention, graphs, images, rows, sequences, volumes
from .table import ARCHITECTURES, Architecture, Library

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Library",
    "attention",
    "graphs",
    "images",
    "rows",
    "sequences",
    "volumes",
]
