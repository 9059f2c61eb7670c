"""Lists kplug's public API, and the components here: ``python -m tests.public_api`` writes both lists.

A name is public if it can be imported without an underscore from a module that plugins may import. A line
of ``tests/public_api.txt`` is a name with its parameters and their defaults, or the other name of what was
listed before; one of ``tests/components.txt`` is a component with its kind. What came after the first
release has the minor version that brought it.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import MethodType, ModuleType
from typing import Any

from packaging.version import Version

import kplug
from kplug import Component
from kplug.inspection import KINDS, list_components

LIST = Path(__file__).with_suffix(".txt")
COMPONENTS = LIST.with_name("components.txt")
FIRST = "1.0"  # since when there is what has no other version
_SINCE = "  # since "
PACKAGE = Path(__file__).parents[1] / "kplug"
# What no plugin imports: see the contracts of imports in pyproject.toml.
INTERNAL = {"builtins", "cli", "registry", "training"}
# They have no names of their own: each of their modules is public.
PACKAGES_OF_MODULES = {"components", "curves", "display", "support"}
_LONGEST = 80  # characters of a default
KERAS_MODULES = ("kplug.ops.image", "kplug.ops.linalg", "kplug.ops.nn", "kplug.ops.numpy")


def list_modules() -> list[str]:
    """Return the names of all public modules; those that gather the names of others come last."""
    names = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or _is_package(path)}
    found = sorted(f"kplug.{name}" for name in names - INTERNAL if not name.startswith("_"))
    for package in sorted(PACKAGES_OF_MODULES):
        found.remove(f"kplug.{package}")
        found += sorted(
            f"kplug.{package}.{path.stem}"
            for path in (PACKAGE / package).iterdir()
            if not path.stem.startswith("_") and (path.suffix == ".py" or _is_package(path))
        )
    # These hand on what others define.
    late = ("kplug.mixed_precision", "kplug.config", *KERAS_MODULES, "kplug")
    return [name for name in found if name not in late] + list(late)


def _is_package(path: Path) -> bool:
    return (path / "__init__.py").exists()


def list_names(module: ModuleType) -> list[str]:
    """Return the public names of a module: its ``__all__``, or what it defines; no modules, no imports."""
    bound = dict(_list_bound(ast.parse(inspect.getsource(module))))
    names = getattr(module, "__all__", bound)
    return sorted(
        name
        for name in names
        if not name.startswith("_")
        and bound.get(name, True)  # made at run time, if it is not there
        and not isinstance(getattr(module, name), ModuleType)
    )


def _list_bound(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Yield the names of a module, and whether type checkers let others import them from it.

    They do where it defines the name, or says ``from x import y as y``.
    """
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, True
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for one in node.names:
                yield one.asname or one.name.partition(".")[0], one.asname == one.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((one.id, True) for one in targets if isinstance(one, ast.Name))


def find_objects() -> dict[str, object]:
    """Return every public object by its full name, in the order of the modules."""
    return {
        f"{name}.{each}": getattr(module, each)
        for name in list_modules()
        for module in [importlib.import_module(name)]
        for each in list_names(module)
    }


def find_homes(objects: dict[str, object]) -> dict[int, str]:
    """Return the name under which each class and function of kplug's is described, by its ``id``.

    It is the first one, or the one in the same module that the object has itself.
    """
    homes: dict[int, str] = {}
    for name, value in objects.items():
        if (inspect.isclass(value) or inspect.isroutine(value)) and _is_ours(value):
            first = homes.setdefault(id(value), name)
            own = f"{first.rpartition('.')[0]}.{value.__name__}"
            if name == own:
                homes[id(value)] = name
    return homes


def list_members(owner: type, public: set[int]) -> Iterator[tuple[str, object]]:
    """Yield the public methods and properties of a class that no public base of it has in the same form."""
    for name in sorted({name for base in owner.__mro__ if _is_ours(base) for name in vars(base)}):
        if name.startswith("_"):
            continue
        home, *others = (base for base in owner.__mro__ if name in vars(base))
        value = inspect.getattr_static(owner, name)
        if (
            not _is_ours(home)
            or not _is_member(value)
            or (home is not owner and id(home) in public)
        ):
            continue
        inherited = [base for base in others if id(base) in public]
        line = format_parameters(get_member(owner, name))
        if not inherited or line != format_parameters(get_member(inherited[0], name)):
            yield name, get_member(owner, name)


def _is_ours(value: Any) -> bool:
    return str(value.__module__).partition(".")[0] == "kplug"


def get_member(owner: type, name: str) -> object:
    """Return a method as it is called, without its first argument; a property as it is."""
    value = inspect.getattr_static(owner, name)
    if isinstance(value, property):
        return value
    return MethodType(value, owner) if inspect.isfunction(value) else getattr(owner, name)


def _is_member(value: object) -> bool:
    return inspect.isroutine(value) or isinstance(value, (property, classmethod, staticmethod))


def format_parameters(value: object) -> str:
    """Return parameters with defaults, without types; empty for what is not called."""
    if not callable(value):
        return ""
    try:
        signature = read_signature(value)
    except (TypeError, ValueError):
        return "(...)"
    parameters = [
        one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()
    ]
    return str(inspect.Signature(parameters))


class _Default:
    """A default as it is shown: without addresses, and short."""

    def __init__(self, value: object) -> None:
        text = re.sub(r" at 0x[0-9a-f]+", "", repr(value))
        self.text = text if len(text) <= _LONGEST else f"<{type(value).__name__}>"

    def __repr__(self) -> str:
        return self.text


def read_signature(value: Callable[..., Any]) -> inspect.Signature:
    """Return a signature whose defaults are shown the same in every process.

    Raises:
        TypeError: if Python does not know it, or ValueError.
    """
    signature = inspect.signature(value)
    parameters = [
        one if one.default is one.empty else one.replace(default=_Default(one.default))
        for one in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters)


def make_list() -> str:
    """Return the list: a line for each public object and member."""
    return mark_new(((line, kplug.__version__) for line in _make_lines()), LIST)


def list_components_here() -> Iterator[tuple[str, Component]]:
    """Yield the components of the distributions here by their lines; timm's models have names of timm's."""
    ours = {"kplug", "torch", *(path.name for path in PACKAGE.with_name("plugins").iterdir())}
    for kind in KINDS.values():
        for one in list_components(kind):
            if one.origin.distribution in ours - {"kplug-timm"}:
                yield f"{kind.name} {one.qualified_name}", one


def make_component_list() -> str:
    """Return the list of components."""
    rows = ((line, find_owner(one)) for line, one in list_components_here())
    return mark_new(((line, version(owner)) for line, owner in sorted(rows)), COMPONENTS)


def find_owner(component: Component) -> str:
    """Return the distribution that brings a component: kplug has torch's."""
    owner = component.origin.distribution
    return "kplug" if owner == "torch" else owner


def read_versions(path: Path) -> dict[str, str]:
    """Return since which minor version there is each name of a list."""
    rows = (line.partition(_SINCE) for line in path.read_text(encoding="utf-8").splitlines())
    return {_name_of(line): since or FIRST for line, _, since in rows}


def mark_new(lines: Iterable[tuple[str, str]], path: Path) -> str:
    """Return lines with the versions of a file; new ones come with the next release.

    Args:
        lines: Each with the present version of its distribution.
        path: The file as it is.
    """
    known = read_versions(path)
    marked = []
    for line, present in lines:
        since = known.get(_name_of(line)) or find_next(present)
        marked.append(line if since == FIRST else f"{line}{_SINCE}{since}")
    return "\n".join(marked) + "\n"


def find_next(present: str) -> str:
    """Return the minor version that brings what is new now."""
    now = Version(present)
    return f"{now.major}.{now.minor + (not now.is_prerelease)}" if now.major else FIRST


def _name_of(line: str) -> str:
    return line.partition("(")[0].partition(" = ")[0]


def _make_lines() -> list[str]:
    objects = find_objects()
    homes = find_homes(objects)
    lines = []
    for name, value in objects.items():
        home = homes.get(id(value), name)
        if home != name:
            lines.append(f"{name} = {home}")
            continue
        lines.append(name + (format_parameters(value) if id(value) in homes else ""))
        if inspect.isclass(value):
            for member, found in list_members(value, set(homes)):
                lines.append(f"{name}.{member}{format_parameters(found)}")
    return lines


if __name__ == "__main__":
    LIST.write_text(make_list(), encoding="utf-8")
    COMPONENTS.write_text(make_component_list(), encoding="utf-8")
    print(f"wrote {LIST} and {COMPONENTS}")
