"""Hooks of the package: the kind, and who offers models. It imports no torch."""

from __future__ import annotations

from kplug import Kind, Package, hookimpl
from kplug.inspection import list_distributions

# Further distributions of kplug's repository that offer models, and layers that models' files name.
OFFERING = ("kplug-applications", "kplug-segmentation-models", "kplug-timm", "kplug-torchvision")


@hookimpl
def kplug_kinds() -> list[Kind]:
    """Add the kind of whole models."""
    return [Kind("model", "models", adapter="kplug_models.adapt:as_model")]


@hookimpl
def kplug_offers(kind: str, distribution: str | None) -> list[Package]:
    """Return the distribution of this repository that a qualified name of a model or its layer names."""
    if kind not in ("model", "layer") or distribution not in OFFERING:
        return []
    is_here = distribution in {origin.distribution for origin in list_distributions()}
    return [] if is_here else [Package(str(distribution))]
