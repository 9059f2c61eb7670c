"""Shell completion of components, kinds and packages. Imports no component."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import typer

from kplug.commands.output import diverting_output
from kplug.errors import KplugError
from kplug.registry import KINDS, REGISTRY, Kind, get_kind
from kplug.registry.kinds import COMMAND


def complete_kind() -> list[str]:
    """Return the accepted names of kinds."""
    with completing_quietly():
        return [word for kind in KINDS.values() for word in (kind.name, kind.plural)]
    return []


def complete_listed() -> list[str]:
    """Return the arguments of `kplug list`: kinds of component, commands, and packages."""
    with completing_quietly():
        packages = [supplier.origin.distribution for supplier in REGISTRY.state.discovery.suppliers]
        return [*complete_kind(), COMMAND.plural, *packages]
    return []


def complete_component(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of components, limited to the kind on the command line if given."""
    kind = context.params.get("kind")
    with completing_quietly():
        return _names([get_kind(kind)] if kind else KINDS.values(), incomplete)
    return []


def _names(kinds: Iterable[Kind], incomplete: str) -> list[str]:
    """Return the matching bare names, or else the matching qualified ones."""
    components = [item for kind in kinds for item in REGISTRY.index(kind).components]
    bare = [
        name
        for component in components
        if not component.is_qualified_only
        for name in (component.name, *component.aliases)
    ]
    if any(name.startswith(incomplete) for name in bare):
        return list(dict.fromkeys(bare))
    return [component.qualified_name for component in components]


@contextlib.contextmanager
def completing_quietly() -> Iterator[None]:
    """Keep plugins' output and all errors from the shell, which reads only completions."""
    with diverting_output(), contextlib.suppress(KplugError):
        yield
