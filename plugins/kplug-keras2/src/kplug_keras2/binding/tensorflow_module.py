"""``tensorflow``: ``keras``, some tensor functions, and errors for the rest.

Packages import more of it than they use. So any of its modules can be imported, and the error comes where
something of it is used.
"""

from __future__ import annotations

import importlib
from typing import Any, NoReturn

from kplug_keras2.binding.keras_module import BoundModule
from kplug_keras2.binding.tensorflow_functions import DTYPES, find_function
from kplug_keras2.binding.tensorflow_settings import find_setting
from kplug_keras2.binding.unknown_names import find_user_frame, is_import, refuse_tensorflow

# The last one whose names these are.
_VERSION = "1.15.5"
# Modules of which something is there.
_WITH_FUNCTIONS = (
    *(
        "compat",
        "compat.v1",
        "compat.v1.keras",
        "compat.v1.logging",
        "config",
        "config.experimental",
    ),
    *("image", "linalg", "logging", "math", "nn", "random", "test"),
)


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
        if name == "__version__":
            return _VERSION
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        path = whole.partition(".")[2]
        if path in DTYPES:
            return path
        found = find_setting(path) or find_function(path)
        if found is not None:
            return found
        if name == "keras" or path in _WITH_FUNCTIONS or is_import(find_user_frame()):
            return importlib.import_module(whole)
        raise refuse_tensorflow(whole)

    def __call__(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Raise the error for a name that was imported and is called."""
        raise refuse_tensorflow(self.__name__)
