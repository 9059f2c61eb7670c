"""Adam and AMSGrad."""

from __future__ import annotations

import itertools
import math
import operator
from typing import Any, ClassVar

import torch
from typing_extensions import Unpack

from kplug.components.arguments import require_flag
from kplug.components.types import ScheduleLike
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import BETA_1, BETA_2, GroupSetting, require_epsilon
from kplug.optimizers.base.optimizer import Optimizer
from kplug.optimizers.base.rule import Tensors
from kplug.optimizers.base.torch_kernels import use_memory_order
from kplug.registry import Range, search_ranges

_is_fused = operator.itemgetter("fused")


@search_ranges(lr=Range(1e-5, 0.1, log=True))
class Adam(Optimizer, torch.optim.Adam):
    """Steps from bias-corrected running averages of the gradient and of its square.

    m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²;
    p ← p − lr_t · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε) at step t = 1, 2, …;
    lr_t = lr / (1 + decay · (t − 1)). With ``amsgrad`` the largest v so far replaces v.

    Args:
        amsgrad: Whether v may only grow.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
        >>> adam = Adam(lr=0.1).build([weight])
        >>> weight.grad = torch.tensor([0.5, -1.0])
        >>> adam.step()
        >>> weight
        Parameter containing:
        tensor([ 0.9000, -1.9000], requires_grad=True)

    Reference:
        Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015, with the paper's ε̂ as in Keras;
        ``torch.optim.Adam`` adds ε after v's bias is corrected. Reddi et al., On the Convergence of
        Adam and Beyond, 2018.
    """

    state_blocks = (("exp_avg", "exp_avg_sq"), ("max_exp_avg_sq",))
    is_elementwise = True

    fused_devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda", "mps", "xpu"})
    beta_1, beta_2 = BETA_1, BETA_2
    epsilon = GroupSetting("epsilon", require_epsilon)
    amsgrad = GroupSetting("amsgrad", require_flag, is_fixed=True)

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        decay: float = 0.0,
        amsgrad: bool = False,
        **common: Unpack[CommonArguments],
    ) -> None:
        self._start(
            lr,
            common,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            decay=decay,
            amsgrad=amsgrad,
        )
        self._set_in_groups(eps=self.epsilon)

    def _update(self, iteration: int) -> None:
        for group in self.param_groups:
            # torch divides √v by √(1 − β₂ᵗ) before it adds eps; Keras adds ε to √v itself.
            group["eps"] = group["epsilon"] / math.sqrt(1.0 - group["betas"][1] ** (iteration + 1))
        if all(map(_is_fused, self.param_groups)):
            for group in self.param_groups:
                self._call_kernel(group)
        else:
            self._torch_step()
        for group in self.param_groups:
            gradients = [parameter.grad for parameter in group["params"]]
            if any(map(operator.is_, gradients, itertools.repeat(None))):  # fastest in Python
                self._count_missing(group)

    @torch.no_grad()
    def _call_kernel(self, group: dict[str, Any]) -> None:
        """Call torch's fused kernel directly: the overhead of torch's ``step`` is as long as the kernel."""
        parameters = [each for each in group["params"] if each.grad is not None]
        if not parameters:
            return
        gradients = [each.grad for each in parameters]
        states = [self._ensure_state(each, group) for each in parameters]
        steps = [state["step"] for state in states]
        averages = [state["exp_avg"] for state in states]
        squares = [state["exp_avg_sq"] for state in states]
        largest = [state["max_exp_avg_sq"] for state in states] if group["amsgrad"] else []
        if parameters[0].device.type == "cpu":
            use_memory_order(parameters, gradients, averages, squares, largest)
        torch._foreach_add_(steps, 1.0)
        kernel = torch._fused_adamw_ if group.get("decoupled_weight_decay") else torch._fused_adam_
        beta_1, beta_2 = group["betas"]
        kernel(
            parameters,
            gradients,
            averages,
            squares,
            largest,
            steps,
            lr=group["lr"],
            beta1=beta_1,
            beta2=beta_2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=group["amsgrad"],
            maximize=group["maximize"],
        )

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        beta_1, beta_2 = group["betas"]
        rate = group["lr"] * math.sqrt(1.0 - beta_2**step) / (1.0 - beta_1**step)
        decay = group["weight_decay"]
        shrinkage = 1.0 - group["lr"] * decay if decay else None
        return beta_1, beta_2, group["epsilon"], -rate, shrinkage

    def _update_group(self, group: dict[str, Any], plan: Any, parameters: Tensors) -> None:
        beta_1, beta_2, epsilon, rate, shrinkage = plan
        gradients = [p.grad for p in parameters if p.grad is not None]
        states = [self._ensure_state(parameter, group) for parameter in parameters]
        averages = [state["exp_avg"] for state in states]
        squares = [state["exp_avg_sq"] for state in states]
        torch._foreach_add_([state["step"] for state in states], 1.0)
        if shrinkage is not None:
            torch._foreach_mul_(parameters, shrinkage)
        torch._foreach_lerp_(averages, gradients, 1.0 - beta_1)
        torch._foreach_mul_(squares, beta_2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - beta_2)
        if group["amsgrad"]:
            largest = [state["max_exp_avg_sq"] for state in states]
            torch._foreach_maximum_(largest, squares)
            squares = largest
        magnitudes = torch._foreach_sqrt(squares)
        torch._foreach_add_(magnitudes, epsilon)
        torch._foreach_addcdiv_(parameters, averages, magnitudes, rate)

    def _finish_group(self, group: dict[str, Any], plan: Any) -> None:  # noqa: ARG002
        self._count_missing(group)

    def _start_state(self, group: dict[str, Any]) -> None:
        # torch initializes only an empty state; accumulators and averages would make it non-empty.
        if not self._is_plain:
            for parameter in group["params"]:
                self._ensure_state(parameter, group)

    def _ensure_state(
        self, parameter: torch.Tensor, group: dict[str, Any]
    ) -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = self.state[parameter]
        if "step" not in state:
            device = parameter.device if group["fused"] or group["capturable"] else "cpu"
            state["step"] = torch.zeros((), dtype=torch.float32, device=device)
            averages = ["exp_avg", "exp_avg_sq"] + ["max_exp_avg_sq"] * group["amsgrad"]
            for name in averages:
                state[name] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
        return state

    def _count_missing(self, group: dict[str, Any]) -> None:
        """Advance the counters of parameters without gradient: bias correction follows the optimizer."""
        for parameter in group["params"]:
            if parameter.grad is None:  # frozen ones too: they may become trainable again
                self._ensure_state(parameter, group)["step"] += 1
