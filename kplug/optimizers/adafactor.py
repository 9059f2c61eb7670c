"""Adafactor: factored second moments, from row and column means of a matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import Unpack

from kplug.components.arguments import require_flag, require_nonnegative, require_positive
from kplug.components.types import ScheduleLike
from kplug.optimizers.base.cache_blocks import BLOCK_BYTES
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import GroupSetting, require_power
from kplug.optimizers.base.rule import RuleOptimizer, Tensors


class Adafactor(RuleOptimizer):
    """Adam without momentum, in the memory of one row and one column for each matrix.

    lr_t = min(lr, 1/√t); α = max(ε₂, RMS(p)) · lr_t; β = 1 − t^beta_2_decay; G = g² + ε₁. From rank 2
    on r ← β·r + (1 − β)·mean(G, last axis), c ← β·c + (1 − β)·mean(G, axis before it),
    v = (r / mean(r)) ⊗ c; else v ← β·v + (1 − β)·G. Then u = g / √v and
    p ← p − α · u / max(1, RMS(u) / clip_threshold) at step t = 1, 2, …

    Args:
        beta_2_decay: Exponent of β, <= 0.
        epsilon_1: ε₁ >= 0, keeps v from 0.
        epsilon_2: ε₂ >= 0, the smallest scale of a tensor's steps.
        clip_threshold: Largest RMS of u, > 0.
        relative_step: For compatibility with Keras's configurations. It has no effect, as in Keras.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> adafactor = Adafactor(lr=0.25).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> adafactor.step()
        >>> weight.item()
        0.75

    Reference:
        Shazeer and Stern, Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, 2018;
        ``keras.optimizers.Adafactor``. ``torch.optim.Adafactor`` has other defaults and clamps.
    """

    beta_2_decay = GroupSetting("beta_2_decay", require_power)
    epsilon_1 = GroupSetting("epsilon_1", require_nonnegative)
    epsilon_2 = GroupSetting("epsilon_2", require_nonnegative)
    clip_threshold = GroupSetting("clip_threshold", require_positive)
    relative_step = GroupSetting("relative_step", require_flag)

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **common: Unpack[CommonArguments],
    ) -> None:
        self._start(
            lr,
            common,
            beta_2_decay=beta_2_decay,
            epsilon_1=epsilon_1,
            epsilon_2=epsilon_2,
            clip_threshold=clip_threshold,
            relative_step=relative_step,
        )

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        rate = min(group["lr"], 1.0 / math.sqrt(step))
        return rate, 1.0 - step ** group["beta_2_decay"]

    def _update_group(self, group: dict[str, Any], plan: Any, parameters: Tensors) -> None:
        rate, beta = plan
        vectors = [parameter for parameter in parameters if parameter.ndim < 2]
        matrices = [parameter for parameter in parameters if parameter.ndim >= 2]
        updates = self._scale_vectors(group, beta, vectors)
        updates += [self._scale_matrix(group, beta, matrix) for matrix in matrices]
        # α / max(1, RMS(u) / d), as scalar tensors: nothing synchronizes with the device.
        moved = [*vectors, *matrices]
        scales = _root_mean_squares(moved).clamp_min_(group["epsilon_2"])
        limits = _root_mean_squares(updates).div_(group["clip_threshold"]).clamp_min_(1.0)
        scales.div_(limits).mul_(-rate)
        torch._foreach_addcmul_(moved, updates, scales.unbind())

    def _scale_vectors(self, group: dict[str, Any], beta: float, vectors: Tensors) -> Tensors:
        """Return g / √v of tensors with full second moments."""
        if not vectors:
            return []
        gradients = [p.grad for p in vectors if p.grad is not None]
        squares = [self._get_slot(vector, "square", vector.shape) for vector in vectors]
        torch._foreach_mul_(squares, beta)
        raised = torch._foreach_mul(gradients, gradients)
        torch._foreach_add_(raised, group["epsilon_1"])
        torch._foreach_add_(squares, raised, alpha=1.0 - beta)
        return list(torch._foreach_div(gradients, torch._foreach_sqrt(squares)))

    def _scale_matrix(self, group: dict[str, Any], beta: float, matrix: Tensor) -> Tensor:
        """Return g / √v of a tensor with factored second moments."""
        gradient = matrix.grad
        assert gradient is not None  # noqa: S101 - for the type checker: the caller selects
        shape = tuple(matrix.shape)
        rows = self._get_slot(matrix, "row", shape[:-1])
        columns = self._get_slot(matrix, "column", (*shape[:-2], shape[-1]))
        for slot, mean in zip((rows, columns), _mean_squares(gradient), strict=True):
            slot.mul_(beta).add_(mean.add_(group["epsilon_1"]), alpha=1.0 - beta)
        # v itself is never computed: its root factors likewise.
        by_row = (rows / rows.mean(-1, keepdim=True)).rsqrt_().unsqueeze(-1)
        by_column = columns.rsqrt().unsqueeze(-2)
        update = torch.empty_like(matrix)
        pieces = (_cut(each, gradient) for each in (update, gradient, by_row))
        for out, piece, factor in zip(*pieces, strict=True):
            torch.mul(piece, factor, out=out).mul_(by_column)
        return update

    def _get_slot(self, parameter: Tensor, name: str, shape: tuple[int, ...]) -> Tensor:
        state: dict[str, Tensor] = self.state[parameter]
        if name not in state:
            state[name] = parameter.new_zeros(shape)
        return state[name]

    def _get_state_shape(self, name: str, parameter: Tensor) -> tuple[int, ...]:
        shape = tuple(parameter.shape)
        if name == "row":
            return shape[:-1]
        return (*shape[:-2], shape[-1]) if name == "column" else shape


def _root_mean_squares(tensors: Tensors) -> Tensor:
    """Return the root mean square of each tensor, shape (number of tensors,)."""
    norms = torch.stack(torch._foreach_norm(tensors))
    factors = [1.0 / math.sqrt(max(tensor.numel(), 1)) for tensor in tensors]
    return norms.mul_(torch.tensor(factors, dtype=norms.dtype).to(norms.device))


def _mean_squares(tensor: Tensor) -> tuple[Tensor, Tensor]:
    """Return the means of the squares along the last axis, and along the one before it."""
    pieces = _cut(tensor, tensor)
    if len(pieces) == 1:
        squares = tensor.square()
        return squares.mean(-1), squares.mean(-2)
    rows, total = [], tensor.new_zeros(tensor.shape[-1])
    for piece in pieces:
        squares = piece.square()
        rows.append(squares.mean(-1))
        total += squares.sum(0)
    return torch.cat(rows), total.div_(tensor.shape[0])


def _cut(tensor: Tensor, whole: Tensor) -> Sequence[Tensor]:
    """Return the rows of a tensor in cache-sized pieces, matching those of ``whole``.

    Half precision is not cut: sums of pieces would be rounded again.
    """
    is_cut = whole.ndim == 2 and whole.device.type == "cpu" and whole.element_size() >= 4
    is_cut = is_cut and not torch.compiler.is_compiling()  # a compiler fuses the operations
    if not is_cut or whole.numel() * whole.element_size() <= BLOCK_BYTES:
        return [tensor]
    rows = BLOCK_BYTES // (whole.shape[1] * whole.element_size())
    return tuple(torch.split(tensor, max(rows, 1)))
