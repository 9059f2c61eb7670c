"""The code of a wheel, as far as it can be read without running it: targets and their arguments."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import NamedTuple

import griffe

from kplug_registry.wheels.archive import WheelArchive

_LONGEST_CHAIN = 20  # of imports from module to module
_DEEPEST_STARS, _MOST_STARS = 3, 20  # of `from … import *`
_LONGEST_SIGNATURE = 2_000
_LONGEST_DOCUMENTATION = 20_000


class Described(NamedTuple):
    """What the code says of a target.

    Args:
        signature: Arguments with their defaults, such as ``(smooth=1e-05)``; empty if no code shows them.
        documentation: Its documentation; may be empty.
    """

    signature: str = ""
    documentation: str = ""

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.documentation.strip().partition("\n")[0][:500]


class WheelCode:
    """The modules of a wheel, each parsed when it is first needed.

    Args:
        archive: The wheel.
    """

    def __init__(self, archive: WheelArchive) -> None:
        self._archive = archive
        self._modules: dict[str, griffe.Module | None] = {}

    def describe(self, target: str) -> Described:
        """Return what the code says of a target.

        Raises:
            WheelError: if no module of the wheel binds the name, or the module cannot be parsed.
        """
        module_name, _, path = target.partition(":")
        if self.find_module(module_name) is None:
            self._archive.refuse(f"{target[:200]} is in no module of the wheel")
        first, *rest = path.split(".")
        found = self._find(module_name, first)
        for name in rest:
            found = None if found is None else found.members.get(name)
        if found is not None:
            return _describe(found)
        if self._makes_names(module_name):
            return Described()
        self._archive.refuse(f"{target[:200]} is bound by no line of {module_name}")

    def list_functions(self, module_name: str) -> list[str]:
        """Return the names of the functions of a module; of none, if there is no such module."""
        module = self.find_module(module_name)
        return [] if module is None else list(module.functions)

    def find_module(self, name: str) -> griffe.Module | None:
        """Return a module of the wheel, or None if it has none of the name."""
        if name not in self._modules:
            self._modules[name] = self._parse(name)
        return self._modules[name]

    def _parse(self, name: str) -> griffe.Module | None:
        stem = PurePosixPath(*name.split("."))
        for path in (stem / "__init__.py", stem.with_suffix(".py")):
            if str(path) not in self._archive.names:
                continue
            source = self._archive.read_text(str(path))
            try:  # griffe wants a real path, of which it reads the name alone
                return griffe.visit(name, self._archive.path.parent / path, source)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                self._archive.refuse(f"{path} is no Python that can be read: {error}")
        return None

    def _find(
        self, module_name: str, name: str, depth: int = 0
    ) -> griffe.Object | griffe.Alias | None:
        """Return what a module binds to a name, followed through imports inside of the wheel."""
        for _ in range(_LONGEST_CHAIN):
            module = self.find_module(module_name)
            found = None if module is None else module.members.get(name)
            if found is None and module is not None:
                return self._find_in_stars(module, name, depth)
            if not isinstance(found, griffe.Alias):
                return found
            module_name, _, name = found.target_path.rpartition(".")
            if self.find_module(module_name) is None:
                return found  # another distribution's: it exists, as far as this wheel can tell
        return None

    def _find_in_stars(
        self, module: griffe.Module, name: str, depth: int
    ) -> griffe.Object | griffe.Alias | None:
        """Return what a module has of a name by ``from other import *``."""
        stars = [member for member in module.members.values() if member.name.endswith("/*")]
        if depth == _DEEPEST_STARS or name.startswith("_") or len(stars) > _MOST_STARS:
            return None
        sources = (member.name.removesuffix("/*") for member in stars)
        found = (self._find(source, name, depth + 1) for source in sources)
        return next((one for one in found if one is not None), None)

    def _makes_names(self, module_name: str) -> bool:
        """Whether a module makes names when they are asked for."""
        module = self.find_module(module_name)
        return module is not None and "__getattr__" in module.members


def _describe(found: griffe.Object | griffe.Alias) -> Described:
    if isinstance(found, griffe.Alias):
        return Described()
    docstring = found.docstring.value if found.docstring is not None else ""
    start = found.members.get("__init__") if isinstance(found, griffe.Class) else found
    if not isinstance(start, griffe.Function):
        return Described("", docstring[:_LONGEST_DOCUMENTATION])
    parameters = list(start.parameters)[1 if start is not found else 0 :]
    signature = f"({', '.join(_format(parameters))})"[:_LONGEST_SIGNATURE]
    return Described(signature, docstring[:_LONGEST_DOCUMENTATION])


_STARS: dict[object, str] = {
    griffe.ParameterKind.var_positional: "*",
    griffe.ParameterKind.var_keyword: "**",
}


def _format(parameters: list[griffe.Parameter]) -> list[str]:
    """Return parameters with their defaults, as ``inspect.signature`` would print them without types."""
    kinds = griffe.ParameterKind
    shown: list[str] = []
    has_star = False
    for at, parameter in enumerate(parameters):
        if parameter.kind is kinds.keyword_only and not has_star:
            shown.append("*")
            has_star = True
        stars = _STARS.get(parameter.kind, "")
        has_star |= stars == "*"
        has_default = parameter.default is not None and not stars
        shown.append(f"{stars}{parameter.name}" + (f"={parameter.default}" if has_default else ""))
        is_last = at + 1 == len(parameters) or parameters[at + 1].kind is not kinds.positional_only
        if parameter.kind is kinds.positional_only and is_last:
            shown.append("/")
    return shown
