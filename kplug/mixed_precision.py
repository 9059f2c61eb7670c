"""``mixed_precision``: older names of ``dtype_policies``, and the loss-scaling optimizer."""

from kplug.dtype_policies import (
    DTypePolicy as DTypePolicy,
    dtype_policy as dtype_policy,
    set_dtype_policy as set_dtype_policy,
)
from kplug.exports import export_names
from kplug.optimizers import LossScaleOptimizer as LossScaleOptimizer

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy

export_names(globals())
