"""Adagrad."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from typing_extensions import Unpack

from kplug.components.arguments import require_nonnegative
from kplug.components.types import ScheduleLike
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import GroupSetting, require_epsilon
from kplug.optimizers.base.rule import Tensors
from kplug.optimizers.base.sparse_gradients import RowGradient, RowOptimizer


class Adagrad(RowOptimizer, torch.optim.Adagrad):
    """Steps that shrink for each weight with the sum of its squared gradients.

    a ← a + g², from a = a₀, and p ← p − lr_t·g / (√a + ε); lr_t = lr / (1 + decay · i).

    Args:
        initial_accumulator_value: a₀ >= 0, the first value of the sums.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> adagrad = Adagrad(lr=0.5).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> adagrad.step()
        >>> round(weight.item(), 4)
        0.5

    Reference:
        Duchi, Hazan and Singer, Adaptive Subgradient Methods, 2011. As in Keras 2, the sum starts at 0
        and ε is outside the root. Keras 3 starts at 0.1 and has ε inside the root; see
        ``kplug-keras3/adagrad``.
    """

    state_blocks = (("sum",),)
    is_elementwise = True

    fused_devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    epsilon = GroupSetting("eps", require_epsilon)
    initial_accumulator_value = GroupSetting(
        "initial_accumulator_value", require_nonnegative, is_fixed=True
    )

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.01,
        epsilon: float | None = None,
        decay: float = 0.0,
        *,
        initial_accumulator_value: float = 0.0,
        **common: Unpack[CommonArguments],
    ) -> None:
        # torch's own lr_decay counts the steps of each parameter; Keras counts those of the optimizer.
        self._start(
            lr,
            common,
            epsilon=epsilon,
            decay=decay,
            initial_accumulator_value=initial_accumulator_value,
        )

    def _get_rule_config(self) -> dict[str, Any]:
        config = super()._get_rule_config()
        if not self.initial_accumulator_value:
            del config["initial_accumulator_value"]  # Keras 2 has no such argument
        return config

    def _start_state(self, group: dict[str, Any]) -> None:
        # torch creates this state in its constructor, before our parameters are known.
        for parameter in group["params"]:
            state = self.state[parameter]
            if "sum" not in state:
                device = parameter.device if group["fused"] else torch.device("cpu")
                state["step"] = torch.zeros((), dtype=torch.float32, device=device)
                state["sum"] = torch.full_like(
                    parameter,
                    group["initial_accumulator_value"],
                    memory_format=torch.preserve_format,
                )

    def _plan(self, group: dict[str, Any], step: int) -> Any:  # noqa: ARG002 - the same every step
        return -group["lr"], group["eps"]

    def _update_group(
        self,
        group: dict[str, Any],  # noqa: ARG002 - others need it
        plan: Any,
        parameters: Tensors,
    ) -> None:
        rate, epsilon = plan
        gradients = [p.grad for p in parameters if p.grad is not None]
        states = [self.state[parameter] for parameter in parameters]
        sums = [state["sum"] for state in states]
        torch._foreach_add_([state["step"] for state in states], 1.0)
        torch._foreach_addcmul_(sums, gradients, gradients)
        magnitudes = torch._foreach_sqrt(sums)
        torch._foreach_add_(magnitudes, epsilon)
        torch._foreach_addcdiv_(parameters, gradients, magnitudes, rate)

    def _update(self, iteration: int) -> None:  # noqa: ARG002 - the rule does not depend on it
        self._torch_step()
        if self._sparse:
            self._update_sparse()

    def _update_rows(self, sparse: RowGradient, index: torch.Tensor, values: torch.Tensor) -> None:
        state = self.state[sparse.parameter]
        state["step"] += 1
        squares = state["sum"].index_add_(0, index, values.square()).index_select(0, index)
        change = values / squares.sqrt_().add_(sparse.group["eps"])
        sparse.parameter.index_add_(0, index, change, alpha=-sparse.group["lr"])
