"""Attributes warnings and problems to the user's line of code that caused them."""

from __future__ import annotations

import linecache
import sys
import warnings
from collections.abc import Set
from dataclasses import dataclass, field
from types import CodeType, FrameType

from kplug.registry.component import own_attributes
from kplug.registry.errors import KplugWarning
from kplug.registry.quoting import shorten

# Decorators, such as no_grad and cached_property, add frames between those of kplug.
_PASSED_OVER = frozenset({"kplug", "torch", "contextlib", "functools"})


# States of a package that its functions stand between users and kplug: lines of theirs are the user's.
_PASSES_ON = "__kplug_passes_warnings_on__"


@dataclass
class CommandLine:
    """The command that the process runs: where no user's line led to a warning, the command did.

    Args:
        text: The command as its user wrote it.
        main: The code of the function that runs it.
        passed_over: Packages that carry it out.
    """

    text: str
    main: CodeType
    passed_over: set[str] = field(default_factory=lambda: {"typer", "click"})


command_line: CommandLine | None = None  # of a program that is no command: none


def warn(message: str, category: type[KplugWarning] = KplugWarning) -> None:
    """Attribute a warning to the innermost line outside kplug, or to the command that is run.

    A fixed ``stacklevel`` would not fit every call path, and ``skip_file_prefixes`` needs Python 3.12.

    Args:
        message: What happened and what to do about it.
        category: The type of the warning.
    """
    command = command_line
    frame = _find_caller(_PASSED_OVER | (command.passed_over if command else set()), command)
    if command is not None and frame.f_code is command.main:
        warnings.warn_explicit(message, category, command.text, 1, registry={})
        return
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def describe_caller() -> str:
    """Return module, number and text of the innermost line outside kplug and Python's import system."""
    frame = _find_caller({"kplug", "importlib"})
    module, number = frame.f_globals.get("__name__"), frame.f_lineno
    text = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    return f"{module}, line {number}" + (f": `{shorten(text)}`" if text else "")


def _find_caller(passed_over: Set[str], command: CommandLine | None = None) -> FrameType:
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_passed_over(_package_of(frame.f_globals), passed_over):
        if command is not None and frame.f_code is command.main:
            break
        frame = frame.f_back
    return frame


def _is_passed_over(package: str, passed_over: Set[str]) -> bool:
    return (
        package in passed_over or own_attributes(sys.modules.get(package)).get(_PASSES_ON) is True
    )


def _package_of(module_globals: dict[str, object]) -> str:
    return str(module_globals.get("__name__", "")).partition(".")[0]
