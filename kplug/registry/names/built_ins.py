"""Lists built-in components without asking any plugin."""

from __future__ import annotations

from kplug.registry.component import BUILT_IN, Component
from kplug.registry.kinds import COMMAND, Kind, get_kind
from kplug.registry.registry import REGISTRY


def list_built_ins(kind: str) -> tuple[Component, ...]:
    """Return the built-in components of a kind, kplug's own and torch's, without asking any plugin.

    Args:
        kind: The name or the plural of a kind, such as ``loss``; ``command`` for the commands of ``kplug``.

    Raises:
        UnknownKindError: if there is no such kind.

    Example:
        >>> [component.qualified_name for component in list_built_ins("schedule")][:2]
        ['kplug/cosine_decay', 'kplug/cosine_decay_restarts']
    """
    record = COMMAND if kind in (COMMAND.name, COMMAND.plural) else get_kind(kind)
    suppliers = REGISTRY.state.discovery.by_name
    offers = (suppliers[name].offer(record) for name in BUILT_IN if name in suppliers)
    return tuple(component for offer in offers for component in dict.fromkeys(offer.values()))


def is_built_in_class(kind: Kind, owner: type) -> bool:
    """Return whether a class is kplug's own component of its name."""
    component = REGISTRY.index(kind).find_qualified("kplug", owner.__name__)
    return component is not None and REGISTRY.load(component) is owner
