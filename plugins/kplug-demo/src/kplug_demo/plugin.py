"""The hook of ``kplug demo``: a name only, so that other commands do not wait for it."""

from __future__ import annotations

from kplug import Component, hookimpl


@hookimpl
def kplug_commands() -> dict[str, Component]:
    """Return the command."""
    summary = "Train a small network to find handwritten ink, and draw the result."
    return {"demo": Component("demo", "kplug_demo.command:demo", summary=summary)}
