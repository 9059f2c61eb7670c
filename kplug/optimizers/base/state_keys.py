"""The state keys of each rule: the tensors that it keeps per weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import torch

# The keys of state tensors that Keras creates together: weight by weight, all of one weight.
Block: TypeAlias = tuple[str, ...]


def list_keys(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> set[str]:
    """Return the state keys of a known rule for each weight of a group with these settings."""
    rule = find_rule(optimizer)
    if not rule:
        return set()
    blocks = leave_out_unused(rule, group)
    counter = {"step"} if counts_per_weight(optimizer) else set()
    return counter | {key for block in blocks for key in block}


def find_rule(optimizer: torch.optim.Optimizer) -> tuple[Block, ...]:
    """Return the state blocks that an optimizer's class itself declares."""
    blocks: tuple[Block, ...] = vars(type(optimizer)).get("state_blocks", ())
    return blocks


def counts_per_weight(optimizer: torch.optim.Optimizer) -> bool:
    """Return whether the rule is one of torch's with a step counter per weight."""
    return isinstance(optimizer, (torch.optim.Adam, torch.optim.AdamW, torch.optim.Adagrad))


def leave_out_unused(blocks: Iterable[Block], group: Mapping[str, Any]) -> list[Block]:
    """Return the blocks without those that are unused under a group's settings."""
    unused = {
        "max_exp_avg_sq": not group.get("amsgrad"),
        "momentum_buffer": not group.get("momentum"),
        "grad_avg": not group.get("centered"),
    }
    return [block for block in blocks if not unused.get(block[0])]
