"""Modules that distributions lend to kplug: finds their lenders, and those never used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import kplug
from kplug.registry.component import Origin
from kplug.registry.installed.entry_point_groups import MODULE_GROUP
from kplug.registry.installed.suppliers import Supplier
from kplug.registry.loading.importer import strip_extras
from kplug.registry.problems import Problem
from kplug.registry.quoting import quote

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def find_lenders(suppliers: Iterable[Supplier], name: str) -> list[tuple[Origin, str]]:
    """Return the distributions that lend a module of this name, each with its own name for the module."""
    return [
        (supplier.origin, module)
        for supplier in suppliers
        for own, module in _list_modules(supplier)
        if own == name and _MODULE.fullmatch(module)
    ]


def list_lent(suppliers: Iterable[Supplier]) -> list[str]:
    """Return the names under which modules are lent."""
    found = {name for supplier in suppliers for name, _ in _list_modules(supplier)}
    return sorted(name for name in found if not kplug._is_own(name))


def describe_lenders(lenders: Iterable[tuple[Origin, str]]) -> tuple[str, str]:
    """Return the names of the lenders, and advice for a conflict among them."""
    origins = [origin for origin, _ in lenders]
    advice = f"Switch one of them off: KPLUG_DISABLE={origins[0].distribution}"
    return " and ".join(map(str, origins)), advice


def find_idle_modules(suppliers: Iterable[Supplier]) -> Iterator[Problem]:
    """Yield a problem for each lent module that is never used."""
    suppliers = tuple(suppliers)
    for supplier in suppliers:
        for name, module in sorted(_list_modules(supplier)):
            lenders = find_lenders(suppliers, name)
            if not _MODULE.fullmatch(module):
                message = (
                    f"{quote(name)} in its entry points of the group {MODULE_GROUP!r} is {quote(module)}, "
                    "which is not the name of a module"
                )
                yield Problem(supplier.origin, message)
            elif kplug._is_own(name):
                message = (
                    f"the module it lends as {quote(f'kplug.{name}')} is not used, as kplug has one of that "
                    "name. Give it another name"
                )
                yield Problem(supplier.origin, message)
            elif len(lenders) > 1:
                who, advice = describe_lenders(lenders)
                message = f"kplug.{name} is lent by {who}, and used for neither. {advice}"
                yield Problem(supplier.origin, message, topic="duplicate")


def _list_modules(supplier: Supplier) -> Iterator[tuple[str, str]]:
    return ((name, strip_extras(value)) for name, value in supplier.entries.get(MODULE_GROUP, ()))
