"""Reads the signatures and docstrings of a wheel's code without running it."""

from __future__ import annotations

import ast
from typing import NamedTuple

from kplug import SourceCode
from kplug_registry.wheels.archive import WheelArchive

LONGEST_LINE = 500  # of a summary
LONGEST_SIGNATURE = 2_000
LONGEST_DOCUMENTATION = 20_000
_MOST_PARSED = 8 << 20  # bytes of the modules that are parsed
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Described(NamedTuple):
    """The signature and docstring of a target.

    Args:
        signature: Arguments with types and defaults, such as ``(smooth: float = 1e-05)``; empty if unknown.
        documentation: Its documentation; may be empty.
    """

    signature: str = ""
    documentation: str = ""

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.documentation.strip().partition("\n")[0][:LONGEST_LINE]


class WheelCode(SourceCode):
    """The modules of a wheel, each parsed on first use.

    Args:
        archive: The wheel.
    """

    def __init__(self, archive: WheelArchive) -> None:
        super().__init__()
        self._archive = archive
        self._parsed = 0

    def describe(self, target: str, is_stated: bool = False) -> Described:
        """Return the signature and docstring of a target.

        Args:
            target: ``package.module:object``.
            is_stated: Whether its author states it, so that it may be an object of other code, such as a
                ``functools.partial``, or made by a function, such as ``waves:make.<locals>.loss``.

        Raises:
            WheelError: if no module of the wheel binds the name, or the module cannot be parsed.
        """
        module_name = target.partition(":")[0]
        module = self.find_module(module_name)
        if module is None:
            if is_stated:
                return Described()
            self._archive.refuse(f"{target[:200]} is in no module of the wheel")
        if self.find(target) is not None:
            return self._describe(target)
        maker, inner, _ = target.partition(".<locals>")
        is_made = is_stated and inner and self.find(maker) is not None
        if is_made or "__getattr__" in module.names:  # it provides names dynamically
            return Described()
        self._archive.refuse(f"{target[:200]} is bound by no line of {module_name}")

    def list_functions(self, module_name: str) -> list[str]:
        """Return the names of a module's functions; empty if there is no such module."""
        module = self.find_module(module_name)
        names = {} if module is None else module.names
        return [name for name, found in names.items() if isinstance(found, _FUNCTIONS)]

    def find_source(self, module: str) -> tuple[str, str] | None:
        """Return file and source of a module of the wheel."""
        stem = module.replace(".", "/")
        files = (f"{stem}/__init__.py", f"{stem}.py")
        file = next((each for each in files if each in self._archive), None)
        if file is None:
            return None
        self._parsed += self._archive.size(file)
        if self._parsed > _MOST_PARSED:
            self._archive.refuse(
                f"the modules of its components have {self._parsed} bytes with {file}, and {_MOST_PARSED} "
                "are parsed",
                "Put data into modules that no component's module imports names from.",
            )
        return file, self._archive.read_text(file)

    def refuse(self, file: str, error: Exception) -> None:
        """Refuse the wheel."""
        reason = str(error) or "it is nested too deeply, or takes too much memory"
        self._archive.refuse(f"{file} is no Python that can be read: {reason}")

    def _describe(self, target: str) -> Described:
        documentation = self.find_documentation(target)[:LONGEST_DOCUMENTATION]
        found = self.find(target)
        if isinstance(found, ast.ClassDef):
            start = self.find(f"{target}.__init__")
            signature = _format(start.args, skipped=1) if isinstance(start, _FUNCTIONS) else ""
            return Described(signature, documentation)
        return Described(
            _format(found.args) if isinstance(found, _FUNCTIONS) else "", documentation
        )


def make_writable(text: str) -> str:
    """Return a text that UTF-8 can encode, as source may contain lone surrogates."""
    return text.encode("utf-8", "replace").decode()


def _format(arguments: ast.arguments, skipped: int = 0) -> str:
    """Return arguments with types and defaults, as ``inspect.signature`` would print them.

    Args:
        arguments: The arguments.
        skipped: The number of leading arguments to omit, such as ``self``.
    """
    given, lead = arguments, len(arguments.posonlyargs) - skipped
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + given.defaults
    try:
        parts = [_write(*each) for each in zip(positional, defaults, strict=True)][skipped:]
        if lead > 0:
            parts.insert(lead, "/")
        if given.vararg or given.kwonlyargs:
            parts.append(f"*{_write(given.vararg)}" if given.vararg else "*")
        parts += map(_write, given.kwonlyargs, given.kw_defaults)
        if given.kwarg:
            parts.append(f"**{_write(given.kwarg)}")
    except (RecursionError, ValueError):  # too deep, or no f-string of this Python can say it
        return ""
    return f"({', '.join(parts)})"[:LONGEST_SIGNATURE]


def _write(argument: ast.arg, default: ast.expr | None = None) -> str:
    text = ast.unparse(argument)
    if default is None:
        return text
    sign = "=" if argument.annotation is None else " = "
    return f"{text}{sign}{ast.unparse(default)}"
