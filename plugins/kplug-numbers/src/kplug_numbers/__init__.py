"""Readings: what a component computes on known inputs, as data that can be compared.

The names are imported lazily, since reading and comparing data needs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kplug_numbers.candidates import describe_cost as describe_cost
    from kplug_numbers.checking import (
        Recorded as Recorded,
        check_component as check_component,
        find_recorded as find_recorded,
        record_numbers as record_numbers,
    )
    from kplug_numbers.comparison import (
        Comparison as Comparison,
        Difference as Difference,
        compare as compare,
    )
    from kplug_numbers.errors import ReadingError as ReadingError
    from kplug_numbers.file_comparison import Result as Result
    from kplug_numbers.making import make_reading as make_reading, read_object as read_object
    from kplug_numbers.reading import Part as Part, Reading as Reading
    from kplug_numbers.side_by_side import (
        SideBySide as SideBySide,
        compare_components as compare_components,
    )

_HOMES = {
    "kplug_numbers.candidates": ("describe_cost",),
    "kplug_numbers.checking": (
        "Recorded",
        "check_component",
        "find_recorded",
        "record_numbers",
    ),
    "kplug_numbers.comparison": ("Comparison", "Difference", "compare"),
    "kplug_numbers.errors": ("ReadingError",),
    "kplug_numbers.file_comparison": ("Result",),
    "kplug_numbers.making": ("make_reading", "read_object"),
    "kplug_numbers.reading": ("Part", "Reading"),
    "kplug_numbers.side_by_side": ("SideBySide", "compare_components"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'kplug_numbers' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
