"""Dispatch table of ``keras.ops.image``: maps each name to its implementation."""

from __future__ import annotations

from collections.abc import Mapping

from kplug.ops.operands import Function
from kplug.ops.pictures.colors import COLORS
from kplug.ops.pictures.edges import EDGES
from kplug.ops.pictures.filters import FILTERS
from kplug.ops.pictures.patches import PATCHES
from kplug.ops.pictures.resizing import RESIZING
from kplug.ops.pictures.sampling import SAMPLING

PICTURES: Mapping[str, Function] = {
    **COLORS,
    **EDGES,
    **FILTERS,
    **PATCHES,
    **RESIZING,
    **SAMPLING,
}
