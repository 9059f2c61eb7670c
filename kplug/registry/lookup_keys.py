"""Lookup keys: the normal form in which names are compared."""

from __future__ import annotations

from functools import lru_cache

from kplug.registry.component import Component


@lru_cache(maxsize=8192)
def lookup_key(name: str) -> str:
    """Return the normal form that all spellings of a name share.

    Example:
        >>> lookup_key("DiceLoss") == lookup_key("dice_loss") == lookup_key("dice-loss")
        True
    """
    return name.casefold().replace("_", "").replace("-", "")


def keys_of(component: Component) -> dict[str, None]:
    """Return the lookup keys of a component's name and aliases, each once, in that order."""
    return dict.fromkeys(map(lookup_key, (component.name, *component.aliases)))
