"""The training that ``fit`` does, written by hand in plain torch and float64: what it is compared with."""

from . import loop as loop
from .losses import LOSSES as LOSSES, LossCase as LossCase
from .optimizers import OPTIMIZERS as OPTIMIZERS, OptimizerCase as OptimizerCase
