"""Lifecycles of components and packages, as data and as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.registry.lifecycle import Lifecycle


def as_data(lifecycle: Lifecycle | None) -> dict[str, str | None]:
    """Return a lifecycle as two facts, for JSON."""
    if lifecycle is None:
        return {"lifecycle": None, "successor": None}
    return {"lifecycle": lifecycle.stage, "successor": lifecycle.successor}


def write(facts: Mapping[str, Any]) -> str:
    """Return the lifecycle in facts about a component or a package; empty without one."""
    stage = facts["lifecycle"]
    return "" if stage is None else str(Lifecycle(stage, facts["successor"]))
