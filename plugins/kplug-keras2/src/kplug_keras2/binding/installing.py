"""Installs and removes the bindings."""

from __future__ import annotations

import sys
from types import ModuleType

from kplug.errors import KplugError
from kplug_keras2.binding.finder import PICTURES, KerasFinder
from kplug_keras2.binding.keras_module import BoundModule
from kplug_keras2.models.installing import give_methods, take_methods

_NAMES = ("keras", "tensorflow", "tf_keras")
_finder = KerasFinder()
# TensorBoard checks for this module, and then works without TensorFlow.
_TENSORBOARD_ALONE = "tensorboard.compat.notf"


def install() -> None:
    """Bind ``keras``, ``tensorflow.keras`` and ``tf.keras`` to kplug in this process.

    kplug's models get Keras 2's methods too, such as ``fit_generator``. A second call does nothing.

    Raises:
        KplugError: The real Keras or TensorFlow is imported already.
    """
    for name in _NAMES:
        found = sys.modules.get(name)
        if found is not None and not isinstance(found, BoundModule):
            raise KplugError(
                f"{name} is already imported, from {getattr(found, '__file__', None)!r}, and cannot be kplug",
                hint=f"Call kplug_keras2.install() before anything imports {name}; or run the script with "
                "`kplug run SCRIPT.py`.",
            )
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
        sys.modules.setdefault(_TENSORBOARD_ALONE, ModuleType(_TENSORBOARD_ALONE))
        give_methods()


def uninstall() -> None:
    """Undo ``install``. Names that a script has imported are unchanged."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
        sys.modules.pop(_TENSORBOARD_ALONE, None)
        take_methods()
    for name in [
        name for name in sys.modules if name.partition(".")[0] in _NAMES or name == PICTURES
    ]:
        if isinstance(sys.modules[name], BoundModule):
            del sys.modules[name]
