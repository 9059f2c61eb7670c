"""The variables of Keras 3's optimizers, and the keys of the same tensors in our state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import torch

from kplug.optimizers.base.accumulation import ACCUMULATOR
from kplug.optimizers.base.moving_average import AVERAGE
from kplug.optimizers.base.optimizer import Optimizer
from kplug.optimizers.base.wrapper import OptimizerWrapper

# The keys of state tensors that Keras makes together: weight by weight, all of one weight.
Block: TypeAlias = tuple[str, ...]

_ADAM: tuple[Block, ...] = (("exp_avg", "exp_avg_sq"), ("max_exp_avg_sq",))
_BLOCKS: dict[str, tuple[Block, ...]] = {
    "SGD": (("momentum_buffer",),),
    "RMSprop": (("square_avg",), ("momentum_buffer",), ("grad_avg",)),
    "Adagrad": (("sum",),),
    "Adadelta": (("square_avg", "acc_delta"),),
    "Adam": _ADAM,
    "AdamW": _ADAM,
    "Adamax": (("exp_avg", "exp_inf"),),
    "Lion": (("exp_avg",),),
    "Lamb": (("exp_avg", "exp_avg_sq"),),
    "Ftrl": (("accumulator", "linear"),),
}


def find_blocks(optimizer: torch.optim.Optimizer) -> list[Block] | None:
    """Return what Keras's optimizer of the same rule keeps, in its order; None if there is none."""
    blocks = _find_rule(optimizer)
    if not isinstance(optimizer, Optimizer) or not blocks or len(optimizer.param_groups) != 1:
        return None
    extras = [AVERAGE] * bool(optimizer.use_ema)
    extras += [ACCUMULATOR] * bool(optimizer.gradient_accumulation_steps)
    own = _leave_out_unused(blocks, optimizer.param_groups[0])
    return [*((key,) for key in extras), *own]


def list_owners(optimizer: torch.optim.Optimizer) -> list[torch.optim.Optimizer]:
    """Return whose rule each parameter group follows: the optimizer's own, or that of one inside it."""
    if isinstance(optimizer, OptimizerWrapper):
        return [owner for inner in optimizer._get_inner() for owner in list_owners(inner)]
    return [optimizer] * len(optimizer.param_groups)


def list_keys(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> set[str]:
    """Return what a rule that we know keeps for each weight of a group with these settings."""
    rule = _find_rule(optimizer)
    if rule is None:
        return set()
    blocks = _leave_out_unused(rule, group)
    counter = {"step"} if counts_per_weight(optimizer) else set()
    return counter | {key for block in blocks for key in block}


def _find_rule(optimizer: torch.optim.Optimizer) -> tuple[Block, ...] | None:
    """Return what the rule keeps; None for the rules of others, whatever they are called."""
    owner = type(optimizer)
    is_own = owner.__module__.startswith("kplug.optimizers.")
    return _BLOCKS.get(owner.__name__, ()) if is_own else None


def counts_per_weight(optimizer: torch.optim.Optimizer) -> bool:
    """Return whether the rule is one of torch's that keep a number of steps for each weight."""
    return type(optimizer).__name__ in ("Adam", "AdamW", "Adagrad")


def _leave_out_unused(blocks: Iterable[Block], group: Mapping[str, Any]) -> list[Block]:
    unused = {
        "max_exp_avg_sq": not group.get("amsgrad"),
        "momentum_buffer": not group.get("momentum"),
        "grad_avg": not group.get("centered"),
    }
    return [block for block in blocks if not unused.get(block[0])]
