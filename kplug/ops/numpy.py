"""``ops.numpy``: the functions shared with NumPy."""

from typing import Any as _Any

from kplug.ops.control import vectorize as vectorize
from kplug.ops.dispatch import make_functions as _make_functions, refuse_name as _refuse_name
from kplug.ops.queries import ndim as ndim, size as size
from kplug.ops.table import NUMPY as _NUMPY
from kplug.support.exports import export_names

globals().update(_make_functions(_NUMPY))
export_names(globals())


def __getattr__(name: str) -> _Any:
    _refuse_name("kplug.ops.numpy", name, globals()["__all__"])
