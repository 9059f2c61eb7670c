"""Hooks of the package: names only, so that listing them imports neither torch nor torchvision."""

from __future__ import annotations

from kplug import Component, hookimpl
from kplug_torchvision.table import NAMES, RENAMED

_EXAMPLES = "kplug_torchvision.examples:EXAMPLES"


@hookimpl
def kplug_components(kind: str) -> dict[str, Component]:
    """Return a component for each of torchvision's models; most of their names are timm's or Keras's, too."""
    if kind != "model":
        return {}
    names = {RENAMED.get(architecture, architecture): architecture for architecture in NAMES}
    return {
        name: Component(
            name,
            f"kplug_torchvision.models:{architecture}",
            role="factory",
            summary=f"{architecture} of torchvision.",
            is_qualified_only=True,
            example=_EXAMPLES,
        )
        for name, architecture in names.items()
    }


@hookimpl
def kplug_layers() -> dict[str, Component]:
    """Return the layer that a file names."""
    target = "kplug_torchvision.network:TorchvisionNetwork"
    return {"TorchvisionNetwork": Component("TorchvisionNetwork", target, example=_EXAMPLES)}
