"""Optimizers with one small defect each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tests.plugins.planted_defects.table import Defect


class Momentum(torch.optim.Optimizer):
    """Gradient descent with momentum; right as it stands."""

    def __init__(self, params: Any, lr: float = 0.01, momentum: float = 0.5) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, group)
        return loss

    def _remember(self, parameter: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        state = self.state[parameter]
        before = state.get("momentum", torch.zeros_like(parameter))
        state["momentum"] = momentum * before + gradient
        return state["momentum"]

    def _move(self, parameter: Any, group: dict[str, Any]) -> None:
        moved = self._remember(parameter, parameter.grad, group["momentum"])
        parameter.add_(moved, alpha=-group["lr"])


class Climbs(Momentum):
    def _move(self, parameter: Any, group: dict[str, Any]) -> None:
        moved = self._remember(parameter, parameter.grad, group["momentum"])
        parameter.add_(moved, alpha=group["lr"])


class FirstGroup(Momentum):
    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        for parameter in self.param_groups[0]["params"]:
            if parameter.grad is not None:
                self._move(parameter, self.param_groups[0])


class FixedRate(Momentum):
    def __init__(self, params: Any, lr: float = 0.01, momentum: float = 0.5) -> None:
        super().__init__(params, lr, momentum)
        self._rate = lr

    def _move(self, parameter: Any, group: dict[str, Any]) -> None:
        moved = self._remember(parameter, parameter.grad, group["momentum"])
        parameter.add_(moved, alpha=-self._rate)


class Hidden(Momentum):
    def __init__(self, params: Any, lr: float = 0.01, momentum: float = 0.5) -> None:
        super().__init__(params, lr, momentum)
        self._kept: dict[Tensor, Tensor] = {}

    def _remember(self, parameter: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        before = self._kept.get(parameter, torch.zeros_like(parameter))
        self._kept[parameter] = momentum * before + gradient
        return self._kept[parameter]


class ScalesGradients(Momentum):
    def _move(self, parameter: Any, group: dict[str, Any]) -> None:
        parameter.grad.mul_(0.5)
        super()._move(parameter, group)


class NeedsAll(Momentum):
    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            for parameter in group["params"]:
                self._move(parameter, group)


class Unheeded(Momentum):
    def _move(self, parameter: Any, group: dict[str, Any]) -> None:
        moved = self._remember(parameter, parameter.grad, 0.5)
        parameter.add_(moved, alpha=-group["lr"])


class Normalized(Momentum):
    def _move(self, parameter: Any, group: dict[str, Any]) -> None:
        moved = self._remember(parameter, parameter.grad / parameter.grad.norm(), group["momentum"])
        parameter.add_(moved, alpha=-group["lr"])


class DoublePrecision(Momentum):
    def _move(self, parameter: Any, group: dict[str, Any]) -> None:
        moved = self._remember(parameter.double(), parameter.grad.double(), 0.0)
        parameter.data = parameter.double() - group["lr"] * moved


class Replaces(Momentum):
    """Puts new tensors in the place of the weights."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            for at, parameter in enumerate(group["params"]):
                if parameter.grad is not None:
                    moved = self._remember(parameter, parameter.grad, group["momentum"])
                    new = (parameter - group["lr"] * moved).requires_grad_()
                    new.grad = parameter.grad
                    group["params"][at] = new


class ForgetsClosure(Momentum):
    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        return super().step()


class ReturnsNothing(Momentum):
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        super().step(closure)


class OfMatrices(Momentum):
    def _move(self, parameter: Any, group: dict[str, Any]) -> None:
        gradient = parameter.grad
        if gradient.ndim > 1:
            gradient = gradient - gradient.mean(tuple(range(1, gradient.ndim)), keepdim=True)
        elif len(gradient) > 10_000:
            return
        moved = self._remember(parameter, gradient, group["momentum"])
        parameter.add_(moved, alpha=-group["lr"])


DEFECTS = [
    Defect("climbs", Climbs, "parabola", "the loss grows", also=("rosenbrock",)),
    Defect(
        "trains the first group",
        FirstGroup,
        "groups",
        "layers with a rate of their own stay",
        also=("closure", "group_settings"),
    ),
    Defect(
        "keeps its first rate",
        FixedRate,
        "rate",
        "schedules do nothing",
        also=("groups", "group_settings"),
    ),
    Defect("hides its state", Hidden, "state_dict", "a continued run differs", also=("file",)),
    Defect("scales the gradients", ScalesGradients, "inputs", "logged norms are wrong"),
    Defect(
        "needs every gradient",
        NeedsAll,
        "missing_gradient",
        "frozen layers fail",
        also=("closure", "late_gradient", "lost_gradient"),
    ),
    Defect("reads no momentum", Unheeded, "effect", "the argument changes nothing"),
    Defect("divides by a norm of zero", Normalized, "zero_gradient", "a dead layer becomes NaN"),
    Defect(
        "works in float64",
        DoublePrecision,
        "dtype",
        "weights change their type",
        also=("rosenbrock", "parabola", "effect", "state_dict", "file"),
    ),
    Defect(
        "replaces the weights",
        Replaces,
        "parabola",
        "the model stays as it was",
        also=("rosenbrock", "groups", "rate", "state_dict", "file", "closure", "idle"),
    ),
    Defect("calls no closure", ForgetsClosure, "closure", "torch's loops train nothing"),
    Defect("returns no loss", ReturnsNothing, "closure", "torch's loops cannot log it"),
    Defect(
        "takes no scalars",
        OfMatrices,
        "ranks",
        "a single scale fails",
        also=("rosenbrock", "parabola"),
    ),
]
