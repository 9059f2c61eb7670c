"""``tensorflow``: a module that has ``keras``, and says of all else that it needs TensorFlow itself."""

from __future__ import annotations

import importlib
from typing import Any

from kplug_keras2.binding.keras_module import BoundModule
from kplug_keras2.binding.unknown_names import refuse_tensorflow


class TensorFlowModule(BoundModule):
    """``tensorflow`` or ``tensorflow.python``.

    Args:
        name: Its whole name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, "TensorFlow as far as it is Keras, by kplug.")

    def __getattr__(self, name: str) -> Any:
        """Return ``keras``.

        Raises:
            AttributeError: Another name; an ``ImportError`` where it is imported.
        """
        if name == "keras":
            return importlib.import_module("tensorflow.keras")
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        raise refuse_tensorflow(f"{self.__name__}.{name}")
