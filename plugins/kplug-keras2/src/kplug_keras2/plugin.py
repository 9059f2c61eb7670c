"""What the distribution adds to kplug: names only, so that listing them imports no torch."""

from __future__ import annotations

from kplug import Component, hookimpl


@hookimpl
def kplug_commands() -> dict[str, Component]:
    """Return the commands."""
    summary = "Run a script that was written for Keras 1 or 2."
    return {"run": Component("run", "kplug_keras2.running:command", summary=summary)}
