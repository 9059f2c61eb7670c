"""Optimizers with one subtle defect each."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tests.plugins.subtle_defects.table import Subtle


class Momentum(torch.optim.Optimizer):
    """Gradient descent with momentum and decay; right as it stands."""

    def __init__(
        self, params: Any, lr: float = 0.01, momentum: float = 0.5, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for place, parameter in enumerate(group["params"]):
                if parameter.grad is not None:
                    self.move(parameter, group, place)
        return loss

    def move(self, parameter: Tensor, group: dict[str, Any], place: int) -> None:
        speed = self.speed_of(parameter, place)
        speed.mul_(group["momentum"]).add_(parameter.grad + group["weight_decay"] * parameter)
        self.add(parameter, speed, -group["lr"])

    def speed_of(self, parameter: Tensor, place: int) -> Tensor:
        state = self.state[parameter]
        if "speed" not in state:
            state["speed"] = torch.zeros_like(parameter)
        speed: Tensor = state["speed"]
        return speed

    def add(self, parameter: Tensor, speed: Tensor, rate: float) -> None:
        parameter.add_(speed, alpha=rate)


class Flattened(Momentum):
    def add(self, parameter: Tensor, speed: Tensor, rate: float) -> None:
        parameter.reshape(-1).add_(speed.reshape(-1), alpha=rate)


class FirstRate(Momentum):
    def move(self, parameter: Tensor, group: dict[str, Any], place: int) -> None:
        super().move(parameter, {**group, "lr": self.param_groups[0]["lr"]}, place)


class FirstDecay(Momentum):
    def move(self, parameter: Tensor, group: dict[str, Any], place: int) -> None:
        decay = self.param_groups[0]["weight_decay"]
        super().move(parameter, {**group, "weight_decay": decay}, place)


class DefaultDecay(Momentum):
    """Takes the decay that it was made with."""

    def move(self, parameter: Tensor, group: dict[str, Any], place: int) -> None:
        decay = self.defaults["weight_decay"]
        super().move(parameter, {**group, "weight_decay": decay}, place)


class DecayByDefault(Momentum):
    """Decays by the rate that it was made with, beside the step."""

    def __init__(self, params: Any, lr: float = 0.01, weight_decay: float = 0.5) -> None:
        super().__init__(params, lr, weight_decay=weight_decay)

    def move(self, parameter: Tensor, group: dict[str, Any], place: int) -> None:
        parameter.mul_(1.0 - self.rate_of(group) * group["weight_decay"])
        super().move(parameter, {**group, "weight_decay": 0.0}, place)

    def rate_of(self, group: dict[str, Any]) -> float:
        rate: float = self.defaults["lr"]
        return rate


class Decayed(DecayByDefault):
    def rate_of(self, group: dict[str, Any]) -> float:
        rate: float = group["lr"]
        return rate


class ByTheFirst(Momentum):
    """Leaves out a group whose first weight has no gradient."""

    def move(self, parameter: Tensor, group: dict[str, Any], place: int) -> None:
        if group["params"][0].grad is not None:
            super().move(parameter, group, place)


class OnceMade(Momentum):
    """Makes state at the first step alone."""

    def speed_of(self, parameter: Tensor, place: int) -> Tensor:
        if not self.state:
            for one in (one for group in self.param_groups for one in group["params"]):
                if one.grad is not None:
                    self.state[one]["speed"] = torch.zeros_like(one)
        speed: Tensor = self.state[parameter]["speed"]
        return speed


class Coasting(Momentum):
    """Moves on by the old speed where there is no gradient."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = super().step(closure)
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None and "speed" in self.state[parameter]:
                    self.add(parameter, self.state[parameter]["speed"], -group["lr"])
        return loss


class Recalling(Momentum):
    """Adds the last gradient, and keeps it: the tensor itself if ``copies`` is False."""

    copies = True

    def move(self, parameter: Tensor, group: dict[str, Any], place: int) -> None:
        gradient = parameter.grad
        assert gradient is not None
        last = self.state[parameter].get("last", torch.zeros_like(parameter))
        self.add(parameter, gradient + 0.5 * last, -group["lr"] - 0.0 * group["momentum"])
        self.state[parameter]["last"] = gradient.clone() if self.copies else gradient


class Referring(Recalling):
    copies = False


class Clipping(Momentum):
    """Clips gradients to the norm 10 in place."""

    def move(self, parameter: Tensor, group: dict[str, Any], place: int) -> None:
        assert parameter.grad is not None
        norm = parameter.grad.norm()
        if norm > 10.0:
            parameter.grad.mul_(10.0 / norm)
        super().move(parameter, group, place)


class ByShape(Momentum):
    """Keeps the speed by the shape of a weight."""

    def speed_of(self, parameter: Tensor, place: int) -> Tensor:
        state = self.state[self.param_groups[0]["params"][0]]
        speed: Tensor = state.setdefault(
            f"speed {tuple(parameter.shape)}", torch.zeros_like(parameter)
        )
        return speed


class Counting(Momentum):
    """Counts the steps in the weight's type."""

    def move(self, parameter: Tensor, group: dict[str, Any], place: int) -> None:
        super().move(parameter, group, place)
        state = self.state[parameter]
        state["step"] = state.get("step", torch.zeros((), dtype=parameter.dtype)) + 1


class Single(Momentum):
    """Keeps the speed in float32."""

    def speed_of(self, parameter: Tensor, place: int) -> Tensor:
        state = self.state[parameter]
        if "speed" not in state:
            state["speed"] = torch.zeros(parameter.shape)
        speed: Tensor = state["speed"]
        return speed

    def add(self, parameter: Tensor, speed: Tensor, rate: float) -> None:
        parameter.add_(speed.to(parameter.dtype), alpha=rate)


class Halved(Single):
    """Keeps the speed in bfloat16."""

    def speed_of(self, parameter: Tensor, place: int) -> Tensor:
        state = self.state[parameter]
        if "speed" not in state:
            state["speed"] = torch.zeros(parameter.shape, dtype=torch.bfloat16)
        speed: Tensor = state["speed"]
        return speed


class Squaring(Momentum):
    """Divides by the square of the square, which float16 rounds to 0."""

    def add(self, parameter: Tensor, speed: Tensor, rate: float) -> None:
        fourth = (0.01 * speed).square().square()
        parameter.add_(speed / (fourth + 1e-30).sqrt().sqrt(), alpha=0.01 * rate)


class Twice(Momentum):
    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = super().step(closure)
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        return loss


SUBTLE = [
    Subtle("optimizer", "memory", Flattened, Momentum, "^with weights in another order"),
    Subtle("optimizer", "group_settings", FirstRate, Momentum, "^with lr=0.0025 in the second"),
    Subtle("optimizer", "group_settings", FirstDecay, Momentum, "^with weight_decay=0.125 in"),
    Subtle(
        "optimizer", "group_settings", DefaultDecay, Momentum, "^with weight_decay=0.125 written"
    ),
    Subtle("optimizer", "group_settings", DecayByDefault, Decayed, "^with lr=0.0025 written"),
    Subtle("optimizer", "late_gradient", ByTheFirst, Momentum, "^the others while the first"),
    Subtle("optimizer", "late_gradient", OnceMade, Momentum, "KeyError: 'speed'"),
    Subtle("optimizer", "lost_gradient", Coasting, Momentum, "becomes"),
    Subtle("optimizer", "kept_gradients", Referring, Recalling, "^written over and not"),
    Subtle("optimizer", "inputs", Clipping, Momentum, "and"),
    Subtle("optimizer", "own_state", ByShape, Momentum, "^in reverse and in order"),
    Subtle("optimizer", "half", Counting, Momentum, "'step' of weight 0 counts in torch.float16"),
    Subtle("optimizer", "half", Halved, Single, "'speed' of weight 0 is torch.bfloat16"),
    Subtle("optimizer", "half", Squaring, Momentum, "^weights of torch.float16"),
    Subtle("optimizer", "closure", Twice, Momentum, "^step calls it 2 times"),
]
