"""Imports optional libraries where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from kplug.errors import MissingLibraryError


def import_extra(owner: str, module: str, extra: str, distribution: str = "kplug") -> Any:
    """Return a module of a library that a distribution does not require.

    Args:
        owner: What needs it, for the message.
        module: The module's full name, such as ``matplotlib.figure``.
        extra: The extra of the distribution that installs the library.
        distribution: The distribution, kplug or a plugin.

    Raises:
        MissingLibraryError: If it is not installed.

    Example:
        >>> import_extra("the example", "json", "plot").dumps([1])
        '[1]'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = error.name.partition(".")[0] if error.name else module.partition(".")[0]
        raise MissingLibraryError(
            f"{owner} needs the library {library}, which cannot be imported",
            hint=f'Install it with: pip install "{distribution}[{extra}]".',
        ) from error
