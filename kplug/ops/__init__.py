"""The functions of ``keras.ops``, for torch tensors and symbolic tensors.

A call with tensors, arrays, numbers or lists computes at once. A call with a symbolic tensor adds an
operation to the graph, which runs with the model. Names, arguments and number types are those of Keras 3:
integers are int32, and so are their sums. ``kplug.ops.table`` lists all names.

Example:
    >>> import torch
    >>> from kplug import ops
    >>> ops.softmax(torch.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    >>> from kplug.layers import Input
    >>> ops.matmul(Input((2, 3)), Input((3, 5))).shape
    (None, 2, 5)
"""

from typing import Any as _Any

from kplug.ops import image as image, linalg as linalg, nn as nn, numpy as numpy
from kplug.ops.control import custom_gradient as custom_gradient, vectorize as vectorize
from kplug.ops.dispatch import make_functions as _make_functions, refuse_name as _refuse_name
from kplug.ops.queries import (
    convert_to_numpy as convert_to_numpy,
    dtype as dtype,
    is_tensor as is_tensor,
    ndim as ndim,
    shape as shape,
    size as size,
)
from kplug.ops.table import TOP as _TOP
from kplug.support.exports import export_names

globals().update(_make_functions(_TOP))
export_names(globals())


def __getattr__(name: str) -> _Any:
    _refuse_name("kplug.ops", name, globals()["__all__"])
