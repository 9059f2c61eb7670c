"""Arguments that models of other libraries share: checks, and the error for an unknown one."""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from kplug.components.arguments import refusal, require_path
from kplug.errors import ArgumentError, ArgumentValueError

_UNKNOWN = re.compile(r"(\w+)(?:\.__init__)?\(\) got an unexpected keyword argument '(\w+)'")
_SHAPE = "(height, width, channels), integers >= 1 or None"


def require_picture_shape(owner: str, given: object) -> tuple[int | None, int | None, int | None]:
    """Return the shape of a picture.

    Args:
        owner: The model, for messages.
        given: The shape, with the channels last.

    Raises:
        ArgumentValueError: It is something else, such as a shape with the channels first.

    Example:
        >>> require_picture_shape("acme_net", [32, None, 3])
        (32, None, 3)
    """
    shape = tuple(given) if isinstance(given, (tuple, list)) else ()
    if len(shape) != 3 or not all(one is None or (type(one) is int and one > 0) for one in shape):
        raise refusal(owner, "input_shape", given, _SHAPE)
    height, width, channels = shape
    if height in (1, 3) and channels not in (None, 1, 3):
        error = ArgumentValueError(owner, "input_shape", given, _SHAPE)
        error.hint = f"The channels are last in kplug: {(width, channels, height)}."
        raise error
    return height, width, channels


def require_weights_file(owner: str, given: object, allowed: str) -> Path:
    """Return the path of a file of weights.

    Args:
        owner: The model, for messages.
        given: The path.
        allowed: What else the argument takes, for messages.

    Raises:
        ArgumentValueError: There is no such file.
    """
    path = require_path(owner, "weights", given)
    if not path.is_file():
        raise refusal(
            owner, "weights", str(path), f"{allowed}, or the path of a file that is there"
        )
    return path


def explain_unknown(
    error: Exception, architecture: str, module: str, more: str = ""
) -> ArgumentError | None:
    """Return the error for an argument that a library's class does not take; None for another error.

    Args:
        error: The library's error.
        architecture: The name of the architecture.
        module: The module that has the class.
        more: Further arguments that the architecture takes.
    """
    unknown = _UNKNOWN.search(str(error))
    owner = unknown and getattr(sys.modules[module], unknown[1], None)
    if not unknown or owner is None:
        return None
    parameters = inspect.signature(owner).parameters.values()
    known = [
        one.name for one in parameters if one.kind is not one.VAR_KEYWORD and one.name != "cfg"
    ]
    return unknown_argument(architecture, unknown[2], known, more)


def unknown_argument(
    architecture: str, name: str, known: Sequence[str], more: str = ""
) -> ArgumentError:
    """Return the error for an argument that an architecture does not take.

    Args:
        architecture: Its name.
        name: The argument.
        known: The arguments that it takes.
        more: Further ones, which are not suggested.

    Example:
        >>> print(unknown_argument("net", "num_clases", ["num_classes"]))
        net has no argument 'num_clases'. Did you mean 'num_classes'?
          Known: num_classes.
    """
    meant = difflib.get_close_matches(name, known, 1)
    question = f". Did you mean {meant[0]!r}?" if meant else ""
    return ArgumentError(
        f"{architecture} has no argument {name!r}{question}",
        hint=f"Known: {', '.join(known)}{more}.",
    )
