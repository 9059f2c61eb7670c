"""Hooks of the package: names only, so that listing them imports neither torch nor the library."""

from __future__ import annotations

from kplug import Component, hookimpl

# The classes of segmentation-models-pytorch 0.6.
NAMES = (
    *("Unet", "UnetPlusPlus", "MAnet", "Linknet", "FPN", "PSPNet", "DeepLabV3", "DeepLabV3Plus"),
    *("PAN", "UPerNet", "Segformer", "DPT"),
)
_EXAMPLES = "kplug_segmentation_models.examples:EXAMPLES"


@hookimpl
def kplug_components(kind: str) -> dict[str, Component]:
    """Return a component for each architecture."""
    if kind != "model":
        return {}
    return {
        name: Component(
            name,
            f"kplug_segmentation_models.models:{name}",
            role="factory",
            summary=f"{name} of segmentation-models-pytorch.",
            example=_EXAMPLES,
        )
        for name in NAMES
    }


@hookimpl
def kplug_layers() -> dict[str, Component]:
    """Return the layer that a file names."""
    target = "kplug_segmentation_models.network:SegmentationNetwork"
    return {"SegmentationNetwork": Component("SegmentationNetwork", target, example=_EXAMPLES)}
