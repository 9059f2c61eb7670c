"""Reads and writes JSON; bounds its size and depth."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from kplug.errors import WeightsError
from kplug.registry.quoting import quote
from kplug.saving.formats import DAMAGED_HINT

# A configuration of ten thousand layers has about 10 MB and 10 levels.
MOST_BYTES = 64 << 20
_DEEPEST = 64


def encode(content: Any, **options: Any) -> str:
    """Return content as JSON, with NaN and infinities in the notation that Python's parser reads."""
    return json.dumps(content, default=_plain, **options)


def parse_json(text: str | bytes, what: str) -> Any:
    """Return the content of a JSON text from a file."""
    if not isinstance(text, (str, bytes)):
        raise WeightsError(
            f"{what} is {quote(text)}, no JSON text", hint="model.to_json() returns one."
        )
    if len(text) > MOST_BYTES:
        raise WeightsError(f"{what} has {len(text)} bytes; at most {MOST_BYTES} are read")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WeightsError(
            f"{what} is no JSON that can be read: {error}",
            hint=DAMAGED_HINT,
        ) from error
    _check_depth(content, what)
    return content


def _check_depth(content: Any, what: str) -> None:
    level, depth = [content], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            raise WeightsError(f"{what} is nested more than {_DEEPEST} levels deep")
        level = [
            item
            for each in level
            if isinstance(each, (dict, list))
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, (dict, list))
        ]


def _plain(value: object) -> Any:
    """Convert a value that JSON does not support."""
    if isinstance(value, type) and issubclass(value, np.generic):
        return np.dtype(value).name
    for method in ("tolist", "item"):  # arrays, then numbers of NumPy and torch
        if hasattr(value, method):
            return getattr(value, method)()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, float) and not math.isfinite(value):
        return value
    return str(value)
