"""The finding of ``kplug doctor`` about outdated stubs."""

from __future__ import annotations

from collections.abc import Iterator

from kplug import Finding
from kplug_authoring.commands.stubs.files import describe_changes, find_package, is_ours
from kplug_authoring.commands.stubs.module_text import write_module


def find_outdated_names() -> Iterator[Finding]:
    """Yield a finding if the stubs differ from the installed names."""
    package = find_package()
    if not is_ours(package):
        return
    written = (package / "names.pyi").read_text(encoding="utf-8")
    changes = describe_changes(written, write_module(is_importing=False, failures=[]))
    if changes:
        message = (
            f"type checkers read {str(package / 'names.pyi')!r}, which is out of date: {changes}"
        )
        yield Finding("stale", "kplug-stubs", message, "kplug stubs", is_broken=False)
