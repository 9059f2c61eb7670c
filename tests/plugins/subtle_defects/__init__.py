"""Defects that show in numbers alone, and beside each the component without it."""

from __future__ import annotations

from tests.plugins.subtle_defects import optimizers
from tests.plugins.subtle_defects.table import Subtle

SUBTLE: list[Subtle] = [*optimizers.SUBTLE]
