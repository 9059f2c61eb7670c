"""Hooks of the distribution: names only, so that listing them does not import torch."""

from __future__ import annotations

from kplug import Component, hookimpl


@hookimpl
def kplug_commands() -> dict[str, Component]:
    """Return the commands."""
    summary = "Run a script that was written for Keras 1 or 2."
    return {"run": Component("run", "kplug_keras2.running:command", summary=summary)}


@hookimpl
def kplug_losses() -> dict[str, Component]:
    """Return the losses, whose bare names stay kplug's."""
    names = (
        "binary_crossentropy",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
    )
    return {
        name: Component(
            name,
            f"kplug_keras2.models.losses:{name}",
            summary="The same as kplug's, but what is out of its range is clipped, as in Keras 2.",
            is_qualified_only=True,
        )
        for name in names
    }
