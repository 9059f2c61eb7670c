"""``ops.image``: resizing, edges, colours, filters and transforms of images.

An image is (height, width, channels), a batch (N, height, width, channels); with
``data_format="channels_first"`` the channels precede height and width.
"""

from typing import Any as _Any

from kplug.ops.dispatch import make_functions as _make_functions, refuse_name as _refuse_name
from kplug.ops.pictures import PICTURES as _PICTURES
from kplug.support.exports import export_names

globals().update(_make_functions(_PICTURES, "image"))
export_names(globals())


def __getattr__(name: str) -> _Any:
    _refuse_name("kplug.ops.image", name, globals()["__all__"])
