"""``mixed_precision``: older names of ``dtype_policies``, and the loss-scaling optimizer."""

from kplug.dtype_policies import (
    DTypePolicy as DTypePolicy,
    dtype_policy as dtype_policy,
    set_dtype_policy as set_dtype_policy,
)
from kplug.optimizers import LossScaleOptimizer as LossScaleOptimizer
from kplug.support.exports import export_names

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy

export_names(globals())
