"""Finds who lends modules and names to kplug, and what is lent and never used."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator

import kplug
from kplug.registry.component import Origin
from kplug.registry.installed.entry_point_groups import MODULE_GROUP
from kplug.registry.installed.suppliers import Supplier
from kplug.registry.loading.importer import strip_extras
from kplug.registry.problems import Problem
from kplug.registry.quoting import quote

# Packages of kplug that are lent names, such as `layers.Crop`.
TAKING = kplug._TAKING
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_OBJECT = re.compile(rf"{_MODULE.pattern}:[A-Za-z]\w*")
_ADVICE = (
    "Give the module a name of lower-case letters, digits and underscores, such as 'datasets'",
    "Give the object a name of letters, digits and underscores, such as 'layers.Crop'",
)


def find_lenders(suppliers: Iterable[Supplier], name: str) -> list[tuple[Origin, str]]:
    """Return the distributions that lend something under a name, each with its target.

    Args:
        suppliers: What is installed.
        name: The name of a module; or of an object in a package, such as ``layers.Crop``.
    """
    if not _is_free(name):
        return []
    return [
        (supplier.origin, module)
        for supplier in suppliers
        for own, module in _list_modules(supplier)
        if own == name and not _find_fault(own, module)
    ]


def list_lent(suppliers: Iterable[Supplier], package: str = "") -> list[str]:
    """Return the names under which modules are lent, or of the objects that are lent to a package."""
    pairs = (pair for supplier in suppliers for pair in _list_modules(supplier))
    found = {name for name, module in pairs if not _find_fault(name, module) and _is_free(name)}
    parts = (name.rpartition(".") for name in found)
    return sorted(inner for owner, _, inner in parts if owner == package)


def describe_conflict(name: str, lenders: Iterable[tuple[Origin, str]]) -> tuple[str, str]:
    """Return what is wrong with a name that is lent more than once, and advice."""
    lenders = list(lenders)
    origins = list(dict.fromkeys(origin for origin, _ in lenders))
    if len(origins) == 1:
        modules = " and ".join(module for _, module in lenders)
        message = f"kplug.{name} is lent by {origins[0]} more than once, as {modules}, and not used"
        return message, "Keep one of these entry points, or give the others other names"
    who = " and ".join(map(str, origins))
    advice = f"Switch one of them off: KPLUG_DISABLE={origins[0].distribution}"
    return f"kplug.{name} is lent by {who}, and used for neither", advice


def find_idle_modules(suppliers: Iterable[Supplier]) -> Iterator[Problem]:
    """Yield a problem for each lent module that is never used."""
    suppliers = tuple(suppliers)
    for supplier in suppliers:
        modules = sorted(_list_modules(supplier))
        for name, module in modules:
            if fault := _find_fault(name, module):
                message = (
                    f"{quote(name)} in its entry points of the group {MODULE_GROUP!r} is {quote(module)}, "
                    f"which is {fault}"
                )
                yield Problem(supplier.origin, message)
        usable = (name for name, module in modules if not _find_fault(name, module))
        for name in dict.fromkeys(usable):
            lenders = find_lenders(suppliers, name)
            if not (_is_plain(name) or name in kplug._OWN):
                message = (
                    f"{quote(name)} in its entry points of the group {MODULE_GROUP!r} is not used. "
                )
                yield Problem(supplier.origin, message + _ADVICE[is_inner(name)])
            elif not _is_free(name):
                message = (
                    f"the module it lends as {quote(f'kplug.{name}')} is not used, as kplug has one of that "
                    "name. Give it another name"
                )
                yield Problem(supplier.origin, message)
            elif len(lenders) > 1:
                message, advice = describe_conflict(name, lenders)
                yield Problem(supplier.origin, f"{message}. {advice}", topic="duplicate")


def is_inner(name: str) -> bool:
    """Whether a name is that of an object in a package of kplug."""
    package, dot, _ = name.partition(".")
    return bool(dot) and package in TAKING


def _find_fault(name: str, target: str) -> str:
    """Return what is wrong with a target; an empty text if it can be imported."""
    if is_inner(name) and not _OBJECT.fullmatch(target):
        return "not the name of an object in a module, such as 'package.module:Crop'"
    if not is_inner(name) and not _MODULE.fullmatch(target):
        return "not the name of a module"
    is_own = re.split(r"[.:]", target)[0] == "kplug"  # also one that is lent, even this one
    return "a module of kplug and not one to lend" if is_own else ""


def _is_free(name: str) -> bool:
    """Whether something may be lent under a name; a package of kplug asks for what it lacks alone."""
    return _is_plain(name) and (is_inner(name) or not kplug._is_own(name))


def _is_plain(name: str) -> bool:
    if is_inner(name):
        name = name.partition(".")[2]
        return name.isidentifier() and name.isascii() and not name.startswith("_")
    return _NAME.fullmatch(name) is not None and not keyword.iskeyword(name)


def _list_modules(supplier: Supplier) -> list[tuple[str, str]]:
    entries = supplier.entries.get(MODULE_GROUP, ())
    return list(dict.fromkeys((name, strip_extras(value)) for name, value in entries))
