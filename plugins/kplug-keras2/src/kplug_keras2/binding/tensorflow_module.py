"""``tensorflow``: ``keras``, a few functions of tensors, and errors that say what needs TensorFlow itself.

Packages import more of it than they use. So any of its modules can be imported, and the error comes where
something of it is used.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NoReturn

from kplug_keras2.binding.keras_module import BoundModule
from kplug_keras2.binding.unknown_names import find_user_frame, is_import, refuse_tensorflow

# What stands beside keras.backend in layers and losses.
_FUNCTIONS = {
    "tensorflow.cast": "kplug.ops:cast",
    "tensorflow.concat": "kplug.ops:concatenate",
    "tensorflow.depth_to_space": "kplug_keras2.symbolic.tensor_functions:depth_to_space",
    "tensorflow.extract_image_patches": "kplug_keras2.symbolic.tensor_functions:extract_image_patches",
    "tensorflow.floordiv": "kplug.ops:floor_divide",
    "tensorflow.gather_nd": "kplug_keras2.symbolic.tensor_functions:gather_nd",
    "tensorflow.nn.moments": "kplug_keras2.symbolic.tensor_functions:moments",
    "tensorflow.range": "kplug.ops:arange",
    "tensorflow.reshape": "kplug.ops:reshape",
    "tensorflow.transpose": "kplug.ops:transpose",
    "tensorflow.where": "kplug_keras2.symbolic.tensor_functions:where",
}


class TensorFlowModule(BoundModule):
    """``tensorflow``, or what is imported of it.

    Args:
        name: Its whole name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, "TensorFlow as far as it is Keras, by kplug.")

    def __getattr__(self, name: str) -> Any:
        """Return ``keras``, a module inside, or a function of tensors.

        Raises:
            AttributeError: Another name, where it is not imported but used.
        """
        whole = f"{self.__name__}.{name}"
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if whole in _FUNCTIONS:
            return _load(_FUNCTIONS[whole])
        if name == "keras" or whole == "tensorflow.nn" or is_import(find_user_frame()):
            return importlib.import_module(whole)
        raise refuse_tensorflow(whole)

    def __call__(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Raise the error for a name that was imported and is called."""
        raise refuse_tensorflow(self.__name__)


def _load(target: str) -> Callable[..., Any]:
    from kplug_keras2.symbolic.connecting import connecting

    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function if module == "kplug.ops" else connecting(function)
