"""Hooks of the package: names only, so that listing them does not import torch.

The names are those of built-ins. A bare name means kplug's, without a warning, because these components
require the package's prefix, or a project's preference for the package.
"""

from __future__ import annotations

from kplug import Component, hookimpl

_SUMMARIES = {
    "Adadelta": "Keras 3's Adadelta: rate 0.001.",
    "Adagrad": "Keras 3's Adagrad: ε inside the root, sums from 0.1.",
    "Adamax": "Keras 3's Adamax: rate 0.001.",
    "Nadam": "Keras 3's Nadam: momentum without a slow start.",
    "RMSprop": "Keras 3's RMSprop: ε inside the root.",
}


@hookimpl
def kplug_optimizers() -> dict[str, Component]:
    """Return a component for each class."""
    return {
        name.lower(): Component(
            name.lower(), f"kplug_keras3:{name}", summary=summary, is_qualified_only=True
        )
        for name, summary in _SUMMARIES.items()
    }
