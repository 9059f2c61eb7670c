"""What an optimizer does beside its rule: clipping, weight decay, averages, accumulation, loss scaling."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch

from kplug.optimizers.base.clipping import Clipping
from kplug.optimizers.base.common_arguments import Exclusions, Extras
from kplug.optimizers.base.hyperparameters import require_positive
from kplug.optimizers.base.lr_and_learning_rate import Rated


class Assisted(Rated):
    """The part of ``kplug.optimizers.Optimizer`` that answers for what is beside the rule."""

    _clipping: Clipping | None = None
    _extras: Extras | None = None
    _names: dict[torch.Tensor, str]
    _exclusions: Exclusions

    def _use_extras(self, extras: Extras | None) -> None:
        self._extras = extras
        self._steps_per_update = (extras and extras.gradient_accumulation_steps) or 1

    @property
    def weight_decay(self) -> float | None:
        """W of p ← p · (1 − w · lr) before each update, or None."""
        return None if self._extras is None else self._extras.weight_decay

    @property
    def use_ema(self) -> bool:
        """Whether a moving average of the weights is kept."""
        return self._extras is not None and self._extras.use_ema

    @property
    def loss_scale_factor(self) -> float | None:
        """What the loss is multiplied with before the backward pass, or None."""
        return None if self._extras is None else self._extras.loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: float | None) -> None:
        factor = (
            None if value is None else require_positive(self._owner(), "loss_scale_factor", value)
        )
        changed = dataclasses.replace(self._extras or Extras(), loss_scale_factor=factor)
        self._use_extras(None if changed == Extras() else changed)

    @property
    def clipnorm(self) -> float | None:
        """Largest norm of each gradient, or None."""
        return None if self._clipping is None else self._clipping.clipnorm

    @property
    def clipvalue(self) -> float | None:
        """Largest magnitude of each gradient element, or None."""
        return None if self._clipping is None else self._clipping.clipvalue

    @property
    def global_clipnorm(self) -> float | None:
        """Largest norm of all gradients together, or None."""
        return None if self._clipping is None else self._clipping.global_clipnorm

    @property
    def scales_loss(self) -> bool:
        """Whether the loss must go through ``scale_loss`` before the backward pass."""
        return self.loss_scale_factor is not None

    @property
    def gradient_accumulation_steps(self) -> int | None:
        """How many gradients make one update, or None."""
        return None if self._extras is None else self._extras.gradient_accumulation_steps

    def scale_loss(self, loss: torch.Tensor) -> torch.Tensor:
        """Return the loss times ``loss_scale_factor``; the step divides the gradients by it."""
        factor = self.loss_scale_factor
        return loss if factor is None else loss * factor

    def _decay_weights(self) -> None:
        """Shrink the weights that have a gradient, p ← p · (1 − w · lr), if it was asked for."""
        for group in self.param_groups:
            self._shrink_group(group)

    def _shrink_group(self, group: dict[str, Any]) -> None:
        if self.weight_decay:
            self._shrink(group["params"], self.weight_decay * group["lr"])

    @torch.no_grad()
    def _shrink(self, parameters: list[torch.Tensor], fraction: float) -> None:
        moving = [parameter for parameter in parameters if parameter.grad is not None]
        decaying = self._exclusions.select(moving, self._names)
        if decaying:
            torch._foreach_mul_(decaying, 1.0 - fraction)
