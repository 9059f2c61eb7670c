"""Reads the arguments that a docstring describes."""

from __future__ import annotations

import inspect
import re


def read_arguments(owner: object) -> dict[str, str]:
    """Return the first line about each argument, in the order of the docstring."""
    found = re.search(r"^Args:\n((?: {4}.+\n?)+)", inspect.getdoc(owner) or "", re.MULTILINE)
    return dict(re.findall(r"^ {4}(\w+): (.+)", found[1], re.MULTILINE)) if found else {}
