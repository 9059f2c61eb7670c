"""``ops.linalg``: linear algebra."""

from typing import Any as _Any

from kplug.ops.dispatch import make_functions as _make_functions, refuse_name as _refuse_name
from kplug.ops.linear import LINALG as _LINALG
from kplug.support.exports import export_names

globals().update(_make_functions(_LINALG))
export_names(globals())


def __getattr__(name: str) -> _Any:
    _refuse_name("kplug.ops.linalg", name, globals()["__all__"])
