"""The regularizers that ship with kplug. Written by ``python -m tests.generate_builtins``."""

from __future__ import annotations

from kplug.registry.component import Component

# fmt: off
_ROWS = (
    Component("l1", "kplug.regularizers.norms:L1", summary="Sum of absolute values: l1 · Σ|w|. Drives weights to exactly zero."),
    Component("l1_l2", "kplug.regularizers.norms:L1L2", summary="Both penalties: l1 · Σ|w| + l2 · Σw²."),
    Component("l2", "kplug.regularizers.norms:L2", summary="Sum of squares: l2 · Σw². Keeps weights small."),
    Component("orthogonal_regularizer", "kplug.regularizers.orthogonality:OrthogonalRegularizer", summary="Mean absolute cosine between the rows, or the columns, of a matrix, times factor."),
)
# fmt: on
COMPONENTS = {component.name: component for component in _ROWS}
