"""The input shapes of built models, in Keras 3's ``build_config``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kplug.errors import WeightsError
from kplug.layers.base.shapes import is_shape

_BUILD_CONFIG = "build_config"

# More elements than any sample has; torch cannot count the bytes of much larger ones.
_MOST_NUMBERS = 1 << 40


def write_built_shape(entry: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    """Return a model's description with the input shape that it was built for.

    Args:
        entry: ``{"class_name", "config"}``.
        shape: Shape with the batch axis, nested like the inputs; None omits it.

    Example:
        >>> write_built_shape({"class_name": "Net"}, (20, 5))["build_config"]
        {'input_shape': [None, 5]}
    """
    if shape is None:
        return dict(entry)
    return {**entry, _BUILD_CONFIG: {"input_shape": _open_batch(shape)}}


def find_built_shape(entry: Any) -> Any:
    """Return the input shape that a model was built for, or None if its description has none.

    Raises:
        WeightsError: The entry is no shape.

    Example:
        >>> find_built_shape({"build_config": {"input_shape": {"left": [20, 5]}}})
        {'left': (None, 5)}
    """
    build = entry.get(_BUILD_CONFIG) if isinstance(entry, Mapping) else None
    shape = build.get("input_shape") if isinstance(build, Mapping) else None
    return None if shape is None else _read(shape)


def _open_batch(shape: Any) -> Any:
    if isinstance(shape, Mapping):
        return {key: _open_batch(part) for key, part in shape.items()}
    if is_shape(shape):
        return [None, *shape[1:]]
    return [_open_batch(part) for part in shape]


def _read(shape: Any) -> Any:
    if isinstance(shape, Mapping):
        return {key: _read(part) for key, part in shape.items()}
    if isinstance(shape, list) and shape and not is_shape(shape):
        return [_read(part) for part in shape]
    sizes = [1 if size is None else size for size in shape[1:]] if is_shape(shape) else [0]
    if not shape or min(sizes, default=1) < 1 or math.prod(sizes) > _MOST_NUMBERS:
        raise WeightsError(
            f"the configuration says that the model was built for {shape!r:.60}, which is no shape"
        )
    return (None, *shape[1:])
