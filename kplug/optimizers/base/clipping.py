"""Gradient clipping by value, norm and global norm, without synchronizing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch


@dataclasses.dataclass(frozen=True)
class Clipping:
    """How gradients are limited before the update; at most one limit is set.

    Args:
        clipnorm: Largest norm ‖g‖ of each gradient alone: g · c / max(‖g‖, c).
        clipvalue: Largest magnitude of each element.
        global_clipnorm: Largest norm n of all gradients together: g · c · min(1/n, 1/c).
    """

    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None

    @torch.no_grad()
    def apply(self, parameters: Sequence[torch.Tensor]) -> None:
        """Clip the parameters' gradients in place, as ``torch.nn.utils.clip_grad_norm_`` does."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        if self.clipvalue is not None:
            for gradient in gradients:
                gradient.clamp_(-self.clipvalue, self.clipvalue)
        elif self.clipnorm is not None:
            for gradient in gradients:
                norm = torch.linalg.vector_norm(gradient)
                gradient.mul_(self.clipnorm / norm.clamp_min(self.clipnorm))
        elif self.global_clipnorm is not None and gradients:
            self._clip_together(gradients, self.global_clipnorm)

    @staticmethod
    def _clip_together(gradients: Sequence[torch.Tensor], limit: float) -> None:
        device = gradients[0].device
        norms = [torch.linalg.vector_norm(gradient).to(device) for gradient in gradients]
        norm = torch.linalg.vector_norm(torch.stack(norms))
        # norm - norm is 0, or NaN if a gradient is infinite. Then every weight becomes NaN, instead
        # of a silent zero update.
        scale = limit * (1.0 / norm).clamp_max(1.0 / limit) + (norm - norm)
        for gradient in gradients:
            gradient.mul_(scale.to(gradient.device))
