"""What Keras 3's optimizers keep for each weight, and where our state has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kplug.optimizers.extras import ACCUMULATOR, AVERAGE


@dataclass(frozen=True)
class Block:
    """State tensors that Keras makes together: weight by weight, all of one weight.

    Args:
        keys: Their keys in our state.
    """

    keys: tuple[str, ...]


_ADAM = (Block(("exp_avg", "exp_avg_sq")), Block(("max_exp_avg_sq",)))
_BLOCKS = {
    "SGD": (Block(("momentum_buffer",)),),
    "RMSprop": (Block(("square_avg",)),),
    "Adagrad": (Block(("sum",)),),
    "Adadelta": (Block(("square_avg", "acc_delta")),),
    "Adam": _ADAM,
    "AdamW": _ADAM,
    "Adamax": (Block(("exp_avg", "exp_inf")),),
    "Lion": (Block(("exp_avg",)),),
    "Lamb": (Block(("exp_avg", "exp_avg_sq")),),
    "Ftrl": (Block(("accumulator", "linear")),),
}


def find_blocks(optimizer: Any) -> list[Block] | None:
    """Return what Keras's optimizer of the same rule keeps, in its order; None if there is none."""
    owner = type(optimizer)
    if not owner.__module__.startswith("kplug.optimizers.") or len(optimizer.param_groups) != 1:
        return None
    blocks = _BLOCKS.get(owner.__name__)
    if blocks is None:
        return None
    group = optimizer.param_groups[0]
    unused = {
        "max_exp_avg_sq": not group.get("amsgrad"),
        "momentum_buffer": not group.get("momentum"),
    }
    extras = [AVERAGE] * bool(optimizer.use_ema)
    extras += [ACCUMULATOR] * bool(optimizer.gradient_accumulation_steps)
    own = [block for block in blocks if not unused.get(block.keys[0])]
    return [*(Block((key,)) for key in extras), *own]
