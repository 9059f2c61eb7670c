"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from typing_extensions import Unpack

from kplug.components.arguments import require_flag
from kplug.components.types import ScheduleLike
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import GroupSetting, require_rho
from kplug.optimizers.base.rule import Tensors
from kplug.optimizers.base.sparse_gradients import RowGradient, RowOptimizer
from kplug.registry import Range, search_ranges


@search_ranges(lr=Range(1e-4, 1.0, log=True), momentum=Range(0.0, 0.99))
class SGD(RowOptimizer, torch.optim.SGD):
    """Stochastic gradient descent, optionally with momentum.

    v ← μ·v − lr_t·g and p ← p + v, or with ``nesterov`` p ← p + μ·v − lr_t·g with the new v;
    lr_t = lr / (1 + decay · i) at step i = 0, 1, …

    Args:
        momentum: μ in [0, 1].
        nesterov: Whether to use Nesterov momentum.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
        >>> sgd = SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True).build([weight])
        >>> weight.grad = torch.tensor([0.5, -1.0])
        >>> sgd.step()
        >>> weight
        Parameter containing:
        tensor([ 0.9905, -1.9810], requires_grad=True)

    Reference:
        Sutskever et al., On the importance of initialization and momentum in deep learning, 2013.
        The velocity is Keras's: a change of the learning rate does not rescale past steps, as it does
        in ``torch.optim.SGD``.
    """

    state_blocks = (("momentum_buffer",),)
    is_elementwise = True

    fused_devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda", "mps"})
    fuses_halves_on_cpu: ClassVar[bool] = (
        False  # torch 2.13 leaves most of 16 elements or more as they are
    )
    momentum = GroupSetting("momentum", require_rho)

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.01,
        momentum: float = 0.0,
        decay: float = 0.0,
        nesterov: bool = False,
        **common: Unpack[CommonArguments],
    ) -> None:
        self.nesterov = require_flag(self, "nesterov", nesterov)
        self._start(lr, common, momentum=momentum, decay=decay)
        # torch refuses nesterov without momentum.
        self._set_in_groups(nesterov=self.nesterov and self.momentum > 0.0, applied_lr=None)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "nesterov": self.nesterov}

    def _start_state(self, group: dict[str, Any]) -> None:
        # From zeros, the first step equals torch's without a buffer, and parameters that get their first
        # gradient later fit into the same fused call.
        if group["momentum"]:
            for parameter in group["params"]:
                if self.state[parameter].get("momentum_buffer") is None:
                    self.state[parameter]["momentum_buffer"] = torch.zeros_like(
                        parameter, memory_format=torch.preserve_format
                    )

    def _update(self, iteration: int) -> None:  # noqa: ARG002 - the rule does not depend on it
        coasting = []
        for group in self.param_groups:
            if group["momentum"] and group["lr"] != group["applied_lr"]:
                if group["lr"] == 0.0 and group["applied_lr"]:
                    coasting.append(group)
                else:
                    self._keep_velocity(group)
        if coasting:
            self._update_around(coasting)
        else:
            self._torch_step()
        if self._sparse:
            self._update_sparse()

    def _takes_rows(self, group: dict[str, Any]) -> bool:
        return not group["momentum"]  # a velocity moves every row

    def _update_rows(self, sparse: RowGradient, index: torch.Tensor, values: torch.Tensor) -> None:
        sparse.parameter.index_add_(0, index, values, alpha=-sparse.group["lr"])

    @torch.no_grad()
    def _keep_velocity(self, group: dict[str, Any]) -> None:
        """Rescale torch's buffer, which is −v/lr, to the new rate: v itself must not change."""
        applied, rate = group["applied_lr"], group["lr"]
        if applied is not None and rate != 0.0:
            buffers = [self.state[parameter]["momentum_buffer"] for parameter in group["params"]]
            torch._foreach_mul_(buffers, applied / rate)
        group["applied_lr"] = rate

    def _plan(self, group: dict[str, Any], step: int) -> Any:  # noqa: ARG002 - the same every step
        applied, rate = group["applied_lr"], group["lr"]
        if not group["momentum"]:
            return -rate, None, None
        if rate == 0.0 and applied:
            return None, None, -applied
        group["applied_lr"] = rate
        # As a product, so that a constant rate gives the same kind of number as a changing one.
        return -rate, 1.0 if applied is None or rate == 0.0 else applied / rate, None

    def _update_group(self, group: dict[str, Any], plan: Any, parameters: Tensors) -> None:
        rate, rescaling, coasting_rate = plan
        steps = [p.grad for p in parameters if p.grad is not None]
        momentum = group["momentum"]
        if momentum:
            buffers = [self.state[parameter]["momentum_buffer"] for parameter in parameters]
            ahead = momentum if group["nesterov"] else 1.0
            if coasting_rate is not None:  # v ← μ·v, in units of the last rate that was not 0
                torch._foreach_mul_(buffers, momentum)
                torch._foreach_add_(parameters, buffers, alpha=coasting_rate * ahead)
                return
            torch._foreach_mul_(buffers, rescaling)
            torch._foreach_mul_(buffers, momentum)
            torch._foreach_add_(buffers, steps)
            steps = (
                list(torch._foreach_add(steps, buffers, alpha=ahead))
                if group["nesterov"]
                else buffers
            )
        torch._foreach_add_(parameters, steps, alpha=rate)

    def _finish_group(self, group: dict[str, Any], plan: Any) -> None:
        # Velocities of parameters without gradient are in units of the rate as well.
        resting = [p for p in group["params"] if p.grad is None]
        if resting and plan[1] is not None:
            torch._foreach_mul_([self.state[p]["momentum_buffer"] for p in resting], plan[1])

    def _update_around(self, coasting: list[dict[str, Any]]) -> None:
        """Run torch's update for the other groups: at rate 0, a group moves by its velocity without torch."""
        groups = self.param_groups
        self.param_groups = [g for g in groups if not any(g is other for other in coasting)]
        try:
            if self.param_groups:
                self._torch_step()
        finally:
            self.param_groups = groups
        with torch.no_grad():
            for group in coasting:
                moving = [p for p in group["params"] if p.grad is not None]
                self._update_group(group, self._plan(group, 0), moving)
