"""Defects that show in numbers alone, and beside each the component without it."""

from __future__ import annotations

from tests.plugins.subtle_defects import (
    functions,
    late_numbers,
    metrics,
    of_plants,
    optimizers,
    other_inputs,
    unusual,
    whole_process,
)
from tests.plugins.subtle_defects.table import Subtle as Subtle

SUBTLE: list[Subtle] = [
    *functions.SUBTLE,
    *late_numbers.SUBTLE,
    *metrics.SUBTLE,
    *of_plants.SUBTLE,
    *optimizers.SUBTLE,
    *other_inputs.SUBTLE,
    *unusual.SUBTLE,
    *whole_process.SUBTLE,
]
