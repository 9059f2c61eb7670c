"""What each rule keeps for a weight: the keys of its tensors in the state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import torch

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


def list_keys(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> set[str]:
    """Return what a rule that we know keeps for each weight of a group with these settings."""
    rule = find_rule(optimizer)
    if rule is None:
        return set()
    blocks = leave_out_unused(rule, group)
    counter = {"step"} if counts_per_weight(optimizer) else set()
    return counter | {key for block in blocks for key in block}


def find_rule(optimizer: torch.optim.Optimizer) -> tuple[Block, ...] | None:
    """Return what the rule keeps; None for the rules of others, whatever they are called."""
    owner = type(optimizer)
    is_own = owner.__module__.startswith("kplug.optimizers.")
    return _BLOCKS.get(owner.__name__, ()) if is_own else None


def counts_per_weight(optimizer: torch.optim.Optimizer) -> bool:
    """Return whether the rule is one of torch's that keep a number of steps for each weight."""
    return type(optimizer).__name__ in ("Adam", "AdamW", "Adagrad")


def leave_out_unused(blocks: Iterable[Block], group: Mapping[str, Any]) -> list[Block]:
    """Return the blocks without those that a group with these settings has no use for."""
    unused = {
        "max_exp_avg_sq": not group.get("amsgrad"),
        "momentum_buffer": not group.get("momentum"),
        "grad_avg": not group.get("centered"),
    }
    return [block for block in blocks if not unused.get(block[0])]
