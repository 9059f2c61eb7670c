"""Between kplug's configurations and those that Keras writes: data in, data out.

kplug names a component by its qualified name, as in ``kplug/l2(l2=0.01)``. Keras 3 writes
``{"module", "class_name", "config", "registered_name"}``, Keras 2 ``{"class_name", "config"}``. What
Keras does not have is written as ``package>name``, the form in which Keras keeps registered classes.

Nothing that a file says is imported or run: a name is looked up among the installed components and
those of the caller.
"""

from __future__ import annotations

from kplug.saving.dialect.built_shapes import find_built_shape, write_built_shape
from kplug.saving.dialect.layers import write_model
from kplug.saving.dialect.models import read_model
from kplug.saving.dialect.text import encode, parse_json
from kplug.saving.dialect.training import read_training, write_training
from kplug.saving.dialect.writers import KERAS_2, KERAS_3, Writer, find_writer, looks_like_keras_2

__all__ = [
    "KERAS_2",
    "KERAS_3",
    "Writer",
    "encode",
    "find_built_shape",
    "find_writer",
    "looks_like_keras_2",
    "parse_json",
    "read_model",
    "read_training",
    "write_built_shape",
    "write_model",
    "write_training",
]
