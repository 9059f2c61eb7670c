"""Errors for unknown names of Keras and TensorFlow, with the replacement and the script's line."""

from __future__ import annotations

import difflib
import dis
import importlib.util
import linecache
import sys
from types import FrameType, ModuleType

from kplug.errors import MissingModuleError
from kplug_keras2.binding.module_table import MODULES

# Removed names, by their last part, and their replacements.
_REPLACEMENTS = {
    "CuDNNConvLSTM2D": "ConvLSTM2D",
    "ConvRecurrent2D": "ConvLSTM2D",
    "Graph": "keras.models.Model, called with symbolic inputs and outputs",
    "theano_backend": "keras.backend; kplug computes with torch",
    "cntk_backend": "keras.backend; kplug computes with torch",
}
_OF_TENSORFLOW = (
    "kplug has no TensorFlow: only tf.keras is here. Write the line with keras.backend or torch."
)


def refuse_name(module: ModuleType, path: str, name: str) -> Exception:
    """Return the error for a name that a module lacks, with the line that uses it.

    An ``ImportError`` in ``from module import name``, else an ``AttributeError``.
    """
    frame = find_user_frame()
    if name.startswith("__"):
        return AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
    text = f"kplug has no {module.__name__}.{name}{_suggest(module, path, name)} ({describe_line(frame)})"
    if is_import(frame):
        return ImportError(text, name=module.__name__)
    return AttributeError(text, name=name, obj=module)


def refuse_module(name: str, path: str) -> ModuleNotFoundError:
    """Return the error for a module that is not there.

    Args:
        name: Its whole name.
        path: Its path in Keras.
    """
    line = describe_line(find_user_frame())
    replacement = _REPLACEMENTS.get(path.rpartition(".")[2])
    advice = f". Today: {replacement}" if replacement else _find_home(path.partition(".")[0])
    return ModuleNotFoundError(f"kplug has no module {name}{advice} ({line})", name=name)


def refuse_tensorflow(name: str) -> AttributeError:
    """Return the error for a name of TensorFlow's, with the line that needs it."""
    line = describe_line(find_user_frame())
    return AttributeError(f"{name} ({line}) needs TensorFlow itself. {_OF_TENSORFLOW}")


def _suggest(module: ModuleType, path: str, name: str) -> str:
    if name in _REPLACEMENTS:
        return f". Today: {_REPLACEMENTS[name]}"
    today = MODULES.get(path)
    if home := _find_home(f"{today}.{name}" if today else name):
        return home
    known = [one for one in dir(module) if not one.startswith("_")]
    alike = difflib.get_close_matches(name, known, n=2)
    return f". Did you mean {' or '.join(map(repr, alike))}?" if alike else ""


def _find_home(name: str) -> str:
    """Return the missing distribution that provides a name of Keras, or an empty text."""
    try:
        importlib.util.find_spec(f"kplug.{name}")
    except MissingModuleError as error:
        return f": {error.message}. {error.hint}"
    except ModuleNotFoundError:  # kplug has no such module around it
        return ""
    return ""


def find_user_frame() -> FrameType:
    """Return the innermost frame outside of kplug, this package and Python's import system."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_passed_over(frame.f_globals.get("__name__")):
        frame = frame.f_back
    return frame


def _is_passed_over(name: object) -> bool:
    return str(name).partition(".")[0] in (
        "kplug",
        "kplug_keras2",
        "importlib",
        "torch",
        "contextlib",
    )


def describe_line(frame: FrameType) -> str:
    """Return the file, the number and the text of the line that a frame is at."""
    file, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, number).strip()
    return f"{file}, line {number}" + (f": {text}" if text else "")


def is_import(frame: FrameType) -> bool:
    """Return whether a frame executes ``from … import …``, which replaces other errors."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]] in ("IMPORT_FROM", "IMPORT_NAME")
