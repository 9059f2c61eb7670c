"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from typing_extensions import Unpack

from kplug.components.arguments import require_nonnegative
from kplug.components.types import ScheduleLike
from kplug.optimizers.adam import Adam
from kplug.optimizers.base.common_arguments import ArgumentsBesideDecay, takes_common
from kplug.optimizers.base.weight_decay import OWN_DECAY
from kplug.registry import Range, named, search_ranges


@named("adamw")
@search_ranges(weight_decay=Range(1e-4, 0.1, log=True))
class AdamW(Adam, torch.optim.AdamW):
    """Adam that shrinks the weights before each step.

    p ← p · (1 − lr · weight_decay), then Adam's rule: m ← β₁·m + (1 − β₁)·g;
    v ← β₂·v + (1 − β₂)·g²; p ← p − lr · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε) at step t = 1, 2, …

    Args:
        weight_decay: A number >= 0.
        amsgrad: Whether v may only grow.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> adamw = AdamW(lr=0.5, weight_decay=0.5).build([weight])
        >>> weight.grad = torch.tensor([2.0])
        >>> adamw.step()
        >>> round(weight.item(), 4)
        0.25

    Reference:
        Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019; ``keras.optimizers.AdamW``.
        ``torch.optim.AdamW`` decays by 0.01 and adds ε after v's bias is corrected.
    """

    state_blocks = Adam.state_blocks

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        **common: Unpack[ArgumentsBesideDecay],
    ) -> None:
        decay = require_nonnegative(self._owner(), "weight_decay", weight_decay)
        super().__init__(lr, beta_1, beta_2, epsilon, 0.0, amsgrad, **common)
        self._decay_in_kernel(decay)

    def _decay_in_kernel(self, decay: float) -> None:
        """Make torch's kernel apply the weight decay, in the same pass over memory."""
        self._set_in_groups(weight_decay=decay, decoupled_weight_decay=True)

    @property
    def weight_decay(self) -> float:
        """The part of the learning rate by which weights shrink before each update."""
        in_kernel = float(self.param_groups[0]["weight_decay"])
        return in_kernel or self._common.weight_decay or 0.0

    def exclude_from_weight_decay(self, *args: Any, **kwargs: Any) -> None:
        """Exclude parameters from ``weight_decay``; see ``Optimizer``."""
        super().exclude_from_weight_decay(*args, **kwargs)
        self._use_common(dataclasses.replace(self._common, weight_decay=self.weight_decay))
        self._decay_in_kernel(0.0)  # a kernel decays all weights or none

    def _put_weight_decay(self, group: dict[str, Any], value: float) -> None:
        if self._common.weight_decay:  # the kernel does not decay
            super()._put_weight_decay(group, value)
        else:
            group["weight_decay"] = value

    def _shrink_group(self, group: dict[str, Any]) -> None:
        decay = group.get(OWN_DECAY, self._common.weight_decay)
        if decay:
            self._shrink(group["params"], decay * group["lr"])
