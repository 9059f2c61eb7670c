"""Hooks of the package: names only, so that listing them imports neither torch nor torchvision."""

from __future__ import annotations

from kplug import Component, hookimpl
from kplug_torchvision.table import NAMES

_EXAMPLES = "kplug_torchvision.examples:EXAMPLES"


@hookimpl
def kplug_components(kind: str) -> dict[str, Component]:
    """Return a component for each of torchvision's models; most of their names are timm's or Keras's, too."""
    if kind != "model":
        return {}
    return {
        name: Component(
            name,
            f"kplug_torchvision.models:{name}",
            role="factory",
            summary=f"{name} of torchvision.",
            is_qualified_only=True,
            example=_EXAMPLES,
        )
        for name in NAMES
    }


@hookimpl
def kplug_layers() -> dict[str, Component]:
    """Return the layer that a file names."""
    target = "kplug_torchvision.network:TorchvisionNetwork"
    return {"TorchvisionNetwork": Component("TorchvisionNetwork", target, example=_EXAMPLES)}
