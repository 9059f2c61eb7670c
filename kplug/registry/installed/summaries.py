"""Summaries for listings: the author's, else the docstring's first line, read from source."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

from kplug.registry.component import Component, find_summary, first_line
from kplug.registry.source_code import SourceCode

_LARGEST = 1 << 18  # bytes of a file; a larger one takes more than a tenth of a second to parse


class InstalledCode(SourceCode):
    """The source files that an import would find, located without importing any."""

    def find_source(self, module: str) -> tuple[str, bytes] | None:
        """Return file and source of a module; None if it is compiled, in an archive or too large."""
        spec = _find_spec(module)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return None
        try:
            with Path(spec.origin).open("rb") as file:
                source = file.read(_LARGEST + 1)
        except OSError:
            return None
        return None if len(source) > _LARGEST else (spec.origin, source)

    def summarize(self, component: Component) -> str:
        """Return the summary of a component; empty if neither its author nor its source has one."""
        if component.summary or not isinstance(component.target, str):
            return component.summary or find_summary(component.target)
        try:
            return first_line(self.find_documentation(component.target))
        except Exception:  # noqa: BLE001 - foreign finders, or source nested too deeply
            return ""


def _find_spec(module: str) -> ModuleSpec | None:
    """Return a module's import spec without importing its parents, as ``importlib.util.find_spec`` does."""
    path, parent = None, module.rpartition(".")[0]
    if parent:
        package = _find_spec(parent)
        if package is None or package.submodule_search_locations is None:
            return None
        path = list(package.submodule_search_locations)
    finders = (getattr(finder, "find_spec", None) for finder in sys.meta_path)
    found = (find(module, path, None) for find in finders if find is not None)
    return next((spec for spec in found if spec is not None), None)
