"""Muon: orthogonalized momentum for matrices, Adam for other weights."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from typing_extensions import Unpack

from kplug.components.arguments import (
    refusal,
    require_flag,
    require_integer,
    require_nonnegative,
    require_number,
)
from kplug.components.types import ScheduleLike
from kplug.optimizers.base.cache_blocks import walk
from kplug.optimizers.base.common_arguments import (
    ArgumentsBesideDecay,
    CommonSettings,
    takes_common,
)
from kplug.optimizers.base.hyperparameters import (
    GroupSetting,
    require_beta,
    require_epsilon,
)
from kplug.optimizers.base.rule import RuleOptimizer, Tensors
from kplug.optimizers.base.weight_decay import OWN_DECAY

_MOST_STEPS = 100


def _require_steps(owner: str, argument: str, value: object) -> int:
    allowed = f"an integer from 0 to {_MOST_STEPS}"
    steps = require_integer(owner, argument, value, allowed, at_least=0)
    if steps > _MOST_STEPS:
        raise refusal(owner, argument, value, allowed)
    return steps


def _require_optional(owner: str, argument: str, value: object) -> float | None:
    return None if value is None else require_nonnegative(owner, argument, value)


def _require_patterns(owner: str, argument: str, value: Any) -> list[str]:
    patterns = list(value or ())
    for pattern in patterns:
        try:
            re.compile(pattern)
        except (re.error, TypeError):
            allowed = "a list of regular expressions"
            raise refusal(owner, argument, value, allowed) from None
    return patterns


class Muon(RuleOptimizer):
    """Orthogonalized momentum for matrices, Adam for everything else.

    m ← μ·m + g; g' = g + μ·m with ``nesterov``, else m; X = g' / (‖g'‖ + 1e-7), then ``ns_steps``
    times A = X·Xᵀ and X ← a·X + (b·A + c·A²)·X; p ← p − lr · rms_rate · √max(rows, columns) · X.
    Tensors of other rank, embeddings and those matched by ``exclude_layers`` follow Adam.

    Args:
        adam_beta_1: Adam's β₁, in [0, 1).
        adam_beta_2: Adam's β₂, in [0, 1).
        adam_weight_decay: Weight decay of the tensors that follow Adam, >= 0, or None.
        epsilon: Adam's ε >= 0; None is ``K.epsilon()``.
        weight_decay: Weight decay of the matrices, >= 0, or None.
        exclude_layers: Regular expressions, searched for in the names of parameters.
        exclude_embeddings: Whether parameters with "embedding" in their name follow Adam.
        muon_a: a, the first coefficient of the Newton–Schulz polynomial.
        muon_b: b.
        muon_c: c.
        adam_lr_ratio: Adam's rate is lr times this, >= 0.
        momentum: μ, in [0, 1).
        ns_steps: Number of Newton–Schulz steps, from 0 to 100; 5 to 15 are usual.
        nesterov: Whether the momentum looks one step ahead.
        rms_rate: Scale of a step, so that Adam's rates fit; None: no scaling with the size.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.zeros(2, 2))
        >>> muon = Muon(lr=0.1, rms_rate=None, ns_steps=15, muon_a=1.5, muon_b=-0.5, muon_c=0.0)
        >>> weight.grad = torch.tensor([[8.0, 0.0], [0.0, 2.0]])
        >>> muon.build([weight]).step()
        >>> weight.detach().diag()
        tensor([-0.1000, -0.1000])

    Reference:
        Jordan et al., Muon, 2024; Liu et al., Muon is Scalable for LLM Training, 2025;
        ``keras.optimizers.Muon``. Names require ``build(model.named_parameters())``, as in ``fit``.
    """

    slots: ClassVar[tuple[str, ...]] = ("momentum",)
    adam_beta_1 = GroupSetting("betas", require_beta, index=0)
    adam_beta_2 = GroupSetting("betas", require_beta, index=1)
    adam_weight_decay = GroupSetting("adam_weight_decay", _require_optional)
    epsilon = GroupSetting("eps", require_epsilon)
    exclude_layers = GroupSetting("exclude_layers", _require_patterns)
    exclude_embeddings = GroupSetting("exclude_embeddings", require_flag)
    muon_a = GroupSetting("muon_a", require_number)
    muon_b = GroupSetting("muon_b", require_number)
    muon_c = GroupSetting("muon_c", require_number)
    adam_lr_ratio = GroupSetting("adam_lr_ratio", require_nonnegative)
    momentum = GroupSetting("momentum", require_beta)
    ns_steps = GroupSetting("ns_steps", _require_steps)
    nesterov = GroupSetting("nesterov", require_flag)
    rms_rate = GroupSetting("rms_rate", _require_optional)

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float | None = 1e-7,
        weight_decay: float | None = 0.004,
        *,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1.0,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **common: Unpack[ArgumentsBesideDecay],
    ) -> None:
        self._start(
            lr,
            {**common, "weight_decay": weight_decay},
            adam_beta_1=adam_beta_1,
            adam_beta_2=adam_beta_2,
            adam_weight_decay=adam_weight_decay,
            epsilon=epsilon,
            exclude_layers=exclude_layers,
            exclude_embeddings=exclude_embeddings,
            muon_a=muon_a,
            muon_b=muon_b,
            muon_c=muon_c,
            adam_lr_ratio=adam_lr_ratio,
            momentum=momentum,
            ns_steps=ns_steps,
            nesterov=nesterov,
            rms_rate=rms_rate,
        )

    def _follows_adam(self, group: dict[str, Any], parameter: Tensor) -> bool:
        if parameter.ndim != 2:
            return True
        name = self._names.get(parameter, "")
        if group["exclude_embeddings"] and "embedding" in name.lower():
            return True
        return any(re.search(pattern, name) for pattern in group["exclude_layers"])

    def _shrink_group(self, group: dict[str, Any]) -> None:
        matrices, others = self._divide(group, group["params"])
        for parameters, decay in (
            (matrices, group.get(OWN_DECAY, self.weight_decay)),
            (others, group["adam_weight_decay"]),
        ):
            if decay:
                self._shrink(parameters, decay * group["lr"])

    def _use_common(self, common: CommonSettings) -> None:
        super()._use_common(common)
        self._is_plain = False  # adam_weight_decay applies even without weight_decay

    def _divide(self, group: dict[str, Any], parameters: Tensors) -> tuple[Tensors, Tensors]:
        matrices: Tensors = []
        others: Tensors = []
        for parameter in parameters:
            (others if self._follows_adam(group, parameter) else matrices).append(parameter)
        return matrices, others

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        beta_1, beta_2 = group["betas"]
        rate = group["lr"] * group["adam_lr_ratio"] * math.sqrt(1.0 - beta_2**step)
        return beta_1, beta_2, group["eps"], -rate / (1.0 - beta_1**step)

    def _update_group(self, group: dict[str, Any], plan: Any, parameters: Tensors) -> None:
        matrices, others = self._divide(group, parameters)
        for matrix in matrices:
            self._turn(group, matrix)
        if others:
            gradients = [p.grad for p in others if p.grad is not None]
            for lists in walk(others, gradients, *self._get_state(group, others)):
                self._move(plan, *lists)

    def _get_state(self, group: dict[str, Any], parameters: Tensors) -> list[Tensors]:
        follows_adam = bool(parameters) and self._follows_adam(group, parameters[0])
        names = ("momentum", "velocity") if follows_adam else self.slots
        return self._get_tensors(names, group, parameters)

    def _turn(self, group: dict[str, Any], matrix: Tensor) -> None:
        """Update one matrix by Muon's rule."""
        ((momentum,),) = self._get_state(group, [matrix])
        gradient = matrix.grad
        assert gradient is not None  # noqa: S101 - for the type checker: the caller selects
        momentum.mul_(group["momentum"]).add_(gradient)
        ahead = gradient.add(momentum, alpha=group["momentum"]) if group["nesterov"] else momentum
        factors = group["muon_a"], group["muon_b"], group["muon_c"]
        step = orthogonalize(ahead, group["ns_steps"], factors)
        scale = 1.0
        if group["rms_rate"] is not None:
            scale = math.sqrt(max(matrix.shape)) * group["rms_rate"]
        matrix.add_(step, alpha=-group["lr"] * scale)

    def _move(self, plan: Any, parameters: Tensors, gradients: Tensors, *state: Tensors) -> None:
        (beta_1, beta_2, epsilon, rate), (averages, squares) = plan, state
        torch._foreach_lerp_(averages, gradients, 1.0 - beta_1)
        torch._foreach_mul_(squares, beta_2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - beta_2)
        magnitudes = torch._foreach_sqrt(squares)
        torch._foreach_add_(magnitudes, epsilon)
        torch._foreach_addcdiv_(parameters, averages, magnitudes, rate)


def orthogonalize(matrix: Tensor, steps: int, factors: tuple[float, float, float]) -> Tensor:
    """Return a matrix with nearly the same singular vectors and singular values near 1.

    Args:
        matrix: Shape (rows, columns).
        steps: Newton–Schulz steps; each multiplies the singular values s by a + b·s² + c·s⁴.
        factors: (a, b, c).

    Returns:
        Shape (rows, columns).
    """
    a, b, c = factors
    is_tall = matrix.shape[0] > matrix.shape[1]
    found = matrix.T if is_tall else matrix  # products over the shorter side are cheaper
    found = found / (torch.linalg.matrix_norm(found) + 1e-7)
    for _ in range(steps):
        gram = found @ found.T
        gram = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        found = torch.addmm(found, gram, found, beta=a)
    return found.T if is_tall else found
