"""``keras.backend`` of Keras 2: kplug's functions, which take symbolic tensors too, and the old ones."""

from __future__ import annotations

from typing import Any

from kplug import backend as kplug_backend
from kplug_keras2.symbolic.connecting import connecting

# They take what they are given, or compute nothing with tensors.
_PLAIN = {
    "function",
    "gradients",
    "int_shape",
    "is_keras_tensor",
    "is_placeholder",
    "is_sparse",
    "is_tensor",
    "ndim",
    "dtype",
}


def _connect_all() -> dict[str, Any]:
    connected: dict[str, Any] = {}
    for name in vars(kplug_backend)["__all__"]:
        function = getattr(kplug_backend, name)
        is_plain = isinstance(function, type) or not callable(function) or name in _PLAIN
        connected[name] = function if is_plain else connecting(function)
    return connected


_functions = _connect_all()
globals().update(_functions)
__all__ = [*_functions]
