"""Optimizers that are right, in unusual forms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.optim import Optimizer


class Stateless(Optimizer):
    """Descend by the sign of the gradient; there is no state at all.

    Args:
        params: Weights or groups.
        lr: Rate.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.01) -> None:
        super().__init__(params, {"lr": lr})

    def _gradient(self, weight: Any) -> Any:
        return weight.grad.to_dense() if weight.grad.is_sparse else weight.grad

    def _move(self, weight: Any, gradient: Any, group: dict[str, Any]) -> None:
        weight.sub_(gradient.sign(), alpha=group["lr"])

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, self._gradient(weight), group)
        return loss


class SparseDescent(Stateless):
    """Gradient descent that takes sparse gradients as they are.

    Args:
        params: Weights or groups.
        lr: Rate.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05) -> None:
        super().__init__(params, lr)

    def _gradient(self, weight: Any) -> Any:
        return weight.grad

    def _move(self, weight: Any, gradient: Any, group: dict[str, Any]) -> None:
        weight.add_(gradient, alpha=-group["lr"])


class LateMomentum(Stateless):
    """Momentum whose state is made when a weight's first gradient appears.

    Args:
        params: Weights or groups.
        lr: Rate.
        momentum: How much stays.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05, momentum: float = 0.9) -> None:
        Optimizer.__init__(self, params, {"lr": lr, "momentum": momentum})

    def _move(self, weight: Any, gradient: Any, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        state["momentum"].mul_(group["momentum"]).add_(gradient)
        weight.sub_(state["momentum"], alpha=group["lr"])


class ScaleByNorm(Stateless):
    """Divide each gradient by its norm: a step of a fixed length for each weight.

    Args:
        params: Weights or groups.
        lr: Length of a step.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05) -> None:
        super().__init__(params, lr)

    def _move(self, weight: Any, gradient: Any, group: dict[str, Any]) -> None:
        norm = gradient.float().norm() if gradient.dtype != torch.float64 else gradient.norm()
        weight.sub_(gradient * (group["lr"] / (norm + 1e-6)).to(gradient.dtype))


class ScalarState(Stateless):
    """RMSprop with one number of state a weight.

    Args:
        params: Weights or groups.
        lr: Rate.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.1) -> None:
        super().__init__(params, lr)

    def _move(self, weight: Any, gradient: Any, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["squares"] = weight.new_zeros(())
        state["squares"].mul_(0.9).add_(gradient.square().mean(), alpha=0.1)
        weight.sub_(group["lr"] * gradient / (state["squares"].sqrt() + 1e-6))


class Clipping(Stateless):
    """Descend along gradients whose values are clipped, out of place.

    Args:
        params: Weights or groups.
        lr: Rate.
        limit: The largest value.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05, limit: float = 0.1) -> None:
        Optimizer.__init__(self, params, {"lr": lr, "limit": limit})

    def _move(self, weight: Any, gradient: Any, group: dict[str, Any]) -> None:
        weight.sub_(gradient.clamp(-group["limit"], group["limit"]), alpha=group["lr"])
