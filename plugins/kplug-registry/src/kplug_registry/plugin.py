"""What the distribution adds to kplug: names only, so that no other command waits for it."""

from __future__ import annotations

from kplug import Component, hookimpl


@hookimpl
def kplug_commands() -> dict[str, Component]:
    """Return the commands."""
    return {
        name: Component(name, f"kplug_registry.commands.{name}:{name}", summary=summary)
        for name, summary in _COMMANDS.items()
    }


_COMMANDS = {
    "index": "Build and check the site of a registry.",
    "publish": "Add wheels to a registry.",
    "yank": "Withdraw a release from a registry.",
}
