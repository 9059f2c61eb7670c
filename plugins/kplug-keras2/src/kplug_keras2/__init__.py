"""Runs scripts for Keras 1 and 2 on kplug: after ``install()``, ``import keras`` gives kplug.

Importing this package does not import torch: `kplug list` imports it for the names in `kplug_keras2.plugin`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kplug_keras2.binding.installing import install as install, uninstall as uninstall

__all__ = ["install", "uninstall"]
__kplug_passes_warnings_on__ = True


def __getattr__(name: str) -> Any:
    """Import ``install`` or ``uninstall`` on first access."""
    if name in __all__:
        from kplug_keras2.binding import installing

        return getattr(installing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
