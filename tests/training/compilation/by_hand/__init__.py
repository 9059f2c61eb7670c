"""The training that ``fit`` does, written by hand in plain torch and float64: what it is compared with."""

from __future__ import annotations

from . import loop
from .losses import LOSSES, LossCase
from .optimizers import OPTIMIZERS, OptimizerCase

__all__ = ["LOSSES", "OPTIMIZERS", "LossCase", "OptimizerCase", "loop"]
