"""``ops.nn``: activations, normalizations, convolutions, pooling, attention and encodings."""

from typing import Any as _Any

from kplug.ops.dispatch import make_functions as _make_functions, refuse_name as _refuse_name
from kplug.ops.neural import NEURAL as _NEURAL
from kplug.ops.sequences import SEQUENCES as _SEQUENCES
from kplug.ops.windows import WINDOWS as _WINDOWS
from kplug.support.exports import export_names

globals().update(_make_functions([*_NEURAL, *_SEQUENCES, *_WINDOWS, "moments", "polar"]))
export_names(globals())


def __getattr__(name: str) -> _Any:
    _refuse_name("kplug.ops.nn", name, globals()["__all__"])
