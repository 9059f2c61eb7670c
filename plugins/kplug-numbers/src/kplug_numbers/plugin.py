"""Hooks of this distribution: the name of its command, so that other commands do not wait for it."""

from __future__ import annotations

from kplug import Component, hookimpl


@hookimpl
def kplug_commands() -> dict[str, Component]:
    """Return the command."""
    summary = "Record what components compute, and compare it with what was recorded."
    target = "kplug_numbers.commands.command:numbers"
    return {"numbers": Component("numbers", target, summary=summary)}
