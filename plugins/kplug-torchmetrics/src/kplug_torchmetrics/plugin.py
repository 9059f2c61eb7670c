"""Hooks of the package: names only, so that listing them does not import torch."""

from __future__ import annotations

from kplug import Component, hookimpl
from kplug_torchmetrics.table import LEFT_OUT, NAMED_LIKE_BUILT_INS, ROWS


@hookimpl
def kplug_metrics() -> dict[str, Component]:
    """Return a component for each class of the table."""
    return {
        row.name: Component(
            row.name,
            f"kplug_torchmetrics.components:{class_name}",
            role="class",
            summary=row.summary,
            is_qualified_only=row.name in NAMED_LIKE_BUILT_INS,
            example="kplug_torchmetrics.examples:EXAMPLES",
        )
        for class_name, row in ROWS.items()
    }


@hookimpl
def kplug_left_out(kind: str) -> dict[str, str]:
    """Return the library's omitted public names, with the reasons."""
    return LEFT_OUT if kind == "metric" else {}
