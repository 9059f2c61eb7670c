"""``tensorflow``: ``keras``, some tensor functions, and errors for the rest.

Packages import more of it than they use. So any of its modules can be imported, and errors occur only
on use.
"""

from __future__ import annotations

import importlib
from typing import Any, NoReturn

from kplug_keras2.binding.keras_module import BoundModule
from kplug_keras2.binding.tensorflow_functions import DTYPES, find_function
from kplug_keras2.binding.tensorflow_settings import find_setting
from kplug_keras2.binding.unknown_names import find_user_frame, is_import, refuse_tensorflow

# The last version with these names.
_VERSION = "1.15.5"
# Modules with some supported names.
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
    """``tensorflow`` or one of its modules.

    Args:
        name: Its whole name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, "TensorFlow as far as it is Keras, by kplug.")

    def __getattr__(self, name: str) -> Any:
        """Return ``keras``, a submodule, or a tensor function.

        Raises:
            AttributeError: For another name, on use instead of import.
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
