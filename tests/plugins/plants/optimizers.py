"""Optimizers in torch's form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

Closure = Callable[[], Any] | None


class SignDescent(Optimizer):
    """Move each weight by the sign of its momentum.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        momentum: How much of the momentum stays, in [0, 1).
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                gradient = weight.grad.reshape(-1)
                if not state:
                    state["momentum"] = torch.zeros_like(gradient)
                state["momentum"].mul_(group["momentum"]).add_(gradient)
                weight.reshape(-1).add_(state["momentum"].sign(), alpha=-group["lr"])
        return loss


class BlockNormalized(Optimizer):
    """Divide blocks of the gradient by their norm, then descend.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        block: Values that share a norm, >= 1.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05, block: int = 8) -> None:
        super().__init__(params, {"lr": lr, "block": block})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                flat = weight.as_strided((weight.numel(),), (1,))
                for values, gradient in zip(
                    flat.split(group["block"]),
                    weight.grad.flatten().split(group["block"]),
                    strict=True,
                ):
                    values.sub_(group["lr"] * gradient / (gradient.norm() + 1e-8))
        return loss


class PackedMomentum(Optimizer):
    """Momentum that is kept as one vector a weight.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        momentum: How much stays, in [0, 1).
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05, momentum: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if "buffer" not in state:
                    state["buffer"] = torch.zeros(
                        weight.numel(), dtype=weight.dtype, device=weight.device
                    )
                buffer = state["buffer"]
                buffer.mul_(group["momentum"]).add_(weight.grad.flatten())
                weight.sub_(group["lr"] * buffer.as_strided(weight.shape, weight.stride()))
        return loss


class _Moments(Optimizer):
    """What the optimizers with two moments share."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        beta1: float = 0.9,
        beta2: float = 0.99,
        epsilon: float = 1e-6,
        **more: Any,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "beta1": beta1, "beta2": beta2, "epsilon": epsilon, **more}
        )

    def _loss(self, closure: Closure) -> Any:
        if closure is None:
            return None
        with torch.enable_grad():
            return closure()

    def _start(self, weight: Tensor) -> dict[str, Any]:
        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros(())
            state["first"] = torch.zeros_like(weight)
            state["second"] = torch.zeros_like(weight)
        return state

    def _direction(self, state: dict[str, Any], gradient: Tensor, group: dict[str, Any]) -> Tensor:
        state["step"] += 1
        state["first"].lerp_(gradient, 1 - group["beta1"])
        state["second"].mul_(group["beta2"]).addcmul_(gradient, gradient, value=1 - group["beta2"])
        step = float(state["step"])
        first = state["first"] / (1 - group["beta1"] ** step)
        second = state["second"] / (1 - group["beta2"] ** step)
        return first / (second.sqrt() + group["epsilon"])


class CompactAdam(_Moments):
    """Adam whose whole state has the type of the weights.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        beta1, beta2: How much of the moments stays, in [0, 1).
        epsilon: Added to the root, > 0.
    """

    def _start(self, weight: Tensor) -> dict[str, Any]:
        state = self.state[weight]
        if not state:
            state["step"] = weight.new_zeros(())
            state["first"] = torch.zeros_like(weight)
            state["second"] = torch.zeros_like(weight)
        return state

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = self._loss(closure)
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    move = self._direction(self._start(weight), weight.grad, group)
                    weight.sub_(group["lr"] * move)
        return loss


class RootSquares(Optimizer):
    """RMSprop with an average of squared gradients.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        rho: How much of the average stays, in [0, 1).
        epsilon: Added to the average, > 0.
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 0.01, rho: float = 0.9, epsilon: float = 1e-8
    ) -> None:
        super().__init__(params, {"lr": lr, "rho": rho, "epsilon": epsilon})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["average"] = torch.zeros_like(weight)
                average = state["average"]
                average.mul_(group["rho"]).add_(weight.grad.square(), alpha=1 - group["rho"])
                weight.sub_(group["lr"] * weight.grad * (average + group["epsilon"]).rsqrt())
        return loss


class WideMomentum(Optimizer):
    """Momentum in float32, for weights of any type.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        momentum: How much stays, in [0, 1).
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05, momentum: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros(weight.shape, device=weight.device)
                momentum = state["momentum"]
                momentum.mul_(group["momentum"]).add_(weight.grad)
                weight.sub_((group["lr"] * momentum).to(weight.dtype))
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state; torch casts it to the weights' type."""
        super().load_state_dict(state_dict)


# Several instances, several groups

_DEFAULTS: dict[str, Any] = {"lr": 0.05, "momentum": 0.9, "nesterov": False}


class TunedMomentum(Optimizer):
    """Momentum, with Nesterov's correction if wanted.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        momentum: How much stays, in [0, 1).
        nesterov: Whether the gradient is added to the momentum once more.
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 0.05, momentum: float = 0.9, nesterov: bool = False
    ) -> None:
        defaults = _DEFAULTS
        defaults.update(lr=lr, momentum=momentum, nesterov=nesterov)
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        beta, ahead = self.defaults["momentum"], self.defaults["nesterov"]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                momentum = state["momentum"].mul_(beta).add_(weight.grad)
                move = weight.grad + beta * momentum if ahead else momentum
                weight.sub_(group["lr"] * move)
        return loss


class GroupedAdam(_Moments):
    """Adam with decoupled decay.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        decay: Share of a weight that goes away a step, times the rate.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.01, decay: float = 0.01) -> None:
        super().__init__(params, lr, decay=decay)

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = self._loss(closure)
        decay = self.defaults["decay"]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.mul_(1 - group["lr"] * decay)
                    move = self._direction(self._start(weight), weight.grad, group)
                    weight.sub_(group["lr"] * move)
        return loss


class CountedAdam(_Moments):
    """Adam with one count of steps in the parameter groups' owner.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.01) -> None:
        super().__init__(params, lr)

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = self._loss(closure)
        first_weight = self.param_groups[0]["params"][0]
        count = self.state[first_weight].setdefault("count", torch.zeros(()))
        for group in self.param_groups:
            count += 1
            step = float(count)
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if "first" not in state:
                    state["first"], state["second"] = (
                        torch.zeros_like(weight),
                        torch.zeros_like(weight),
                    )
                state["first"].lerp_(weight.grad, 1 - group["beta1"])
                state["second"].lerp_(weight.grad.square(), 1 - group["beta2"])
                first = state["first"] / (1 - group["beta1"] ** step)
                root = (state["second"] / (1 - group["beta2"] ** step)).sqrt()
                weight.sub_(group["lr"] * first / (root + group["epsilon"]))
        return loss


class SharedScale(Optimizer):
    """Adagrad with one sum of squares for all values of a weight.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        epsilon: Added to the root, > 0.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.1, epsilon: float = 1e-8) -> None:
        super().__init__(params, {"lr": lr, "epsilon": epsilon})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for place, weight in enumerate(group["params"]):
                if weight.grad is None:
                    continue
                owner = self.state[
                    self.param_groups[0]["params"][place % len(self.param_groups[0]["params"])]
                ]
                if "squares" not in owner:
                    owner["squares"] = weight.new_zeros(())
                owner["squares"].add_(weight.grad.square().mean())
                weight.sub_(
                    group["lr"] * weight.grad / (owner["squares"].sqrt() + group["epsilon"])
                )
        return loss


class DampedDescent(Optimizer):
    """Gradient descent with momentum, dampening and decay.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        momentum: How much stays, in [0, 1).
        decay: Added share of the weights, >= 0.
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 0.05, momentum: float = 0.9, decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        weights, gradients, rates = [], [], []
        for group in self.param_groups:
            settings = group
            for weight in group["params"]:
                if weight.grad is not None:
                    weights.append(weight)
                    gradients.append(weight.grad)
                    rates.append(group["lr"])
        if not weights:
            return loss
        gradients = torch._foreach_add(gradients, weights, alpha=settings["decay"])
        for weight in weights:
            if not self.state[weight]:
                self.state[weight]["momentum"] = torch.zeros_like(weight)
        momenta = [self.state[weight]["momentum"] for weight in weights]
        torch._foreach_mul_(momenta, settings["momentum"])
        torch._foreach_add_(momenta, list(gradients))
        for weight, momentum, rate in zip(weights, momenta, rates, strict=True):
            weight.sub_(momentum, alpha=rate)
        return loss


# Rates


class LeadingRate(_Moments):
    """Adam.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.01) -> None:
        super().__init__(params, lr)

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = self._loss(closure)
        rate = self.param_groups[0]["lr"]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.sub_(rate * self._direction(self._start(weight), weight.grad, group))
        return loss


class DecoupledDecay(_Moments):
    """Adam whose decay is decoupled from the gradient.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        decay: Share that goes away a step, times the rate, >= 0.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.01, decay: float = 0.1) -> None:
        super().__init__(params, lr, decay=decay)

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = self._loss(closure)
        shrink = self.param_groups[0]["lr"]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    move = self._direction(self._start(weight), weight.grad, group)
                    weight.mul_(1 - shrink * group["decay"]).sub_(group["lr"] * move)
        return loss


class ForeachDescent(Optimizer):
    """Gradient descent with torch's list operations.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        moved = [
            weight
            for group in self.param_groups
            for weight in group["params"]
            if weight.grad is not None
        ]
        if moved:
            group = self.param_groups[0]
            torch._foreach_add_(moved, [weight.grad for weight in moved], alpha=-group["lr"])
        return loss


class WarmDescent(Optimizer):
    """Gradient descent whose rate grows from 0 during the first steps.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate after the first steps, >= 0.
        warm: How many steps, >= 1.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05, warm: int = 4) -> None:
        super().__init__(params, {"lr": lr, "warm": warm})

    def _rates(self) -> dict[str, float]:
        group = self.param_groups[0]
        steps = [float(state["step"]) for state in self.state.values() if "step" in state]
        done = min((max(steps, default=0.0) + 1) / group["warm"], 1.0)
        return {"lr": group["lr"] * done}

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        plan = self._rates()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    state = self.state[weight]
                    state["step"] = state.get("step", torch.zeros(())) + 1
                    weight.sub_({**group, **plan}["lr"] * weight.grad)
        return loss


# The life of an optimizer


class PlannedMomentum(Optimizer):
    """Momentum with a list of weights that is made once, for speed.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        momentum: How much stays, in [0, 1).
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05, momentum: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})
        self._plan: dict[int, list[Tensor]] = {}

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for number, group in enumerate(self.param_groups):
            if not self._plan.get(number):
                self._plan[number] = [
                    weight for weight in group["params"] if weight.grad is not None
                ]
            for weight in self._plan[number]:
                if weight.grad is None:
                    continue
                momentum = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                momentum.mul_(group["momentum"]).add_(weight.grad)
                weight.sub_(momentum, alpha=group["lr"])
        return loss


class CheckedDescent(Optimizer):
    """Gradient descent that takes the value of the loss after the step.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        else:
            loss = None
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.sub_(weight.grad, alpha=group["lr"])
        if loss is not None and not torch.isfinite(torch.as_tensor(loss)).all():
            return loss
        if closure is not None:
            with torch.enable_grad():
                closure()  # leaves the gradients at the new weights, as the next step wants them
        return loss


class DifferenceMomentum(Optimizer):
    """Descend along the gradient and its change since the last step.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        ahead: Weight of the change, >= 0.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05, ahead: float = 0.5) -> None:
        super().__init__(params, {"lr": lr, "ahead": ahead})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                previous = state.get("previous", weight.grad)
                change = weight.grad - previous
                weight.sub_(weight.grad + group["ahead"] * change, alpha=group["lr"])
                state["previous"] = weight.grad
        return loss


class ClippedDescent(Optimizer):
    """Gradient descent with gradients that are clipped value by value.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        limit: The largest absolute value of a gradient, > 0.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05, limit: float = 0.1) -> None:
        super().__init__(params, {"lr": lr, "limit": limit})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            torch.nn.utils.clip_grad_value_(group["params"], group["limit"])
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.sub_(weight.grad, alpha=group["lr"])
        return loss


class HeavyBall(Optimizer):
    """Momentum that begins with the first gradient, as in torch's SGD.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        momentum: How much stays, in [0, 1).
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.05, momentum: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                gradient = weight.grad
                if gradient is None:
                    continue
                state = self.state[weight]
                if "ball" not in state:
                    state["ball"] = gradient.detach()
                else:
                    state["ball"].mul_(group["momentum"]).add_(gradient)
                weight.sub_(state["ball"], alpha=group["lr"])
        return loss


class LateAdam(_Moments):
    """Adam that counts steps once for all weights.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.01) -> None:
        super().__init__(params, lr)

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = self._loss(closure)
        for group in self.param_groups:
            group["step"] = group.get("step", 0) + 1
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self._start(weight)
                state["step"].fill_(group["step"] - 1)
                weight.sub_(group["lr"] * self._direction(state, weight.grad, group))
        return loss


class RampedMomentum(Optimizer):
    """Momentum with a rate that grows during the first steps.

    Args:
        params: Weights or parameter groups.
        lr: Learning rate, >= 0.
        momentum: How much stays, in [0, 1).
        warm: Steps until the full rate, >= 1.
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 0.05, momentum: float = 0.9, warm: int = 10
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "warm": warm})

    @torch.no_grad()
    def step(self, closure: Closure = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["step"], state["momentum"] = torch.zeros(()), torch.zeros_like(weight)
                state["step"] += 1
                share = min(float(state["step"]) / group["warm"], 1.0)
                rate = group["lr"] * share
                state["momentum"].mul_(group["momentum"]).add_(weight.grad, alpha=rate / share)
                weight.sub_(state["momentum"])
        return loss
