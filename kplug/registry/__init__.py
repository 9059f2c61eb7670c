"""From text to a built component: specs, discovery, policy, look-up, binding. Imports no torch.

The nouns in the order in which data flows::

    spec/  →  component  →  (discovery, policy, index, scopes, host)  →  binding  →  resolution
"""

from __future__ import annotations

from kplug.registry.component import Component, Origin, factory, function
from kplug.registry.host import REGISTRY
from kplug.registry.kinds import KINDS, Kind, get_kind
from kplug.registry.resolution import resolve, resolve_object
from kplug.registry.resolved import Resolved
from kplug.registry.scopes import register, scope, unregister
from kplug.registry.spec import Spec, parse_spec

prefer = REGISTRY.prefer
reload = REGISTRY.reload

__all__ = [
    "KINDS",
    "REGISTRY",
    "Component",
    "Kind",
    "Origin",
    "Resolved",
    "Spec",
    "factory",
    "function",
    "get_kind",
    "parse_spec",
    "prefer",
    "register",
    "reload",
    "resolve",
    "resolve_object",
    "scope",
    "unregister",
]
