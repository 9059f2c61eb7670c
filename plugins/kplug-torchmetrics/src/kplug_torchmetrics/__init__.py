"""torchmetrics's metrics, by name, in kplug.

The classes of `kplug_torchmetrics.components` can be imported from here, and `wrap`, which adapts an
existing metric. They are created lazily: importing the package imports neither torch nor torchmetrics.
"""

from __future__ import annotations

from typing import Any

from kplug_torchmetrics.table import ROWS

__all__ = ["ROWS"]


def __getattr__(name: str) -> Any:
    if name == "wrap":
        from kplug_torchmetrics.wrapping import wrap

        return wrap
    if name not in ROWS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kplug_torchmetrics import components

    return getattr(components, name)
