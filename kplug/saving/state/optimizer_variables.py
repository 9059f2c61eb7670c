"""Maps the variables of Keras 3's optimizers to the keys of kplug's optimizer state."""

from __future__ import annotations

import torch

from kplug.optimizers.base.accumulation import ACCUMULATOR
from kplug.optimizers.base.moving_average import AVERAGE
from kplug.optimizers.base.optimizer import Optimizer
from kplug.optimizers.base.state_keys import Block, find_rule, leave_out_unused


def find_blocks(optimizer: torch.optim.Optimizer) -> list[Block] | None:
    """Return the state of Keras's optimizer with the same rule, in its order; None if there is none."""
    blocks = find_rule(optimizer)
    if not isinstance(optimizer, Optimizer) or not blocks or len(optimizer.param_groups) != 1:
        return None
    extras = [AVERAGE] * bool(optimizer.use_ema)
    extras += [ACCUMULATOR] * bool(optimizer.gradient_accumulation_steps)
    own = leave_out_unused(blocks, optimizer.param_groups[0])
    return [*((key,) for key in extras), *own]
