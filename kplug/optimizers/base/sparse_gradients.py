"""Sparse gradients: updates of only the rows that they contain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from typing_extensions import override

from kplug.optimizers.base.optimizer import Optimizer
from kplug.optimizers.base.update_sequence import step_without_parts


class RowGradient(NamedTuple):
    """The sparse gradient of one parameter.

    Args:
        group: The parameter's group.
        parameter: The parameter, such as the table of ``Embedding(sparse=True)``.
        gradient: The sparse gradient; rows may occur several times in it.
    """

    group: dict[str, Any]
    parameter: torch.Tensor
    gradient: torch.Tensor


class RowOptimizer(Optimizer):
    """Base of optimizers whose rule does not change rows without a gradient.

    They update from sparse gradients without making them dense, unless another part of the step, such as
    clipping, needs all rows. Other optimizers always make gradients dense first.
    A subclass defines ``_update_rows`` and calls ``_update_sparse`` in its ``_update``.
    """

    _sparse: Sequence[RowGradient] = ()

    def _takes_rows(self, group: dict[str, Any]) -> bool:  # noqa: ARG002 - for subclasses
        """Return whether the rule, under a group's settings, does not change rows without gradient."""
        return True

    def _update_rows(self, sparse: RowGradient, index: torch.Tensor, values: torch.Tensor) -> None:
        """Update the rows ``index``, which are unique, from their gradients ``values``."""
        raise NotImplementedError

    @override
    def _step_without_parts(self, iteration: int) -> None:
        self._sparse = self._set_apart() if self._clipping is None else []
        try:
            step_without_parts(self, iteration)
        finally:
            for _, parameter, gradient in self._sparse:
                parameter.grad = gradient
            self._sparse = ()

    def _set_apart(self) -> list[RowGradient]:
        """Remove sparse gradients during torch's update, which then skips their parameters."""
        found = [
            RowGradient(group, parameter, gradient)
            for group in self.param_groups
            for parameter in group["params"]
            if (gradient := parameter.grad) is not None
            and gradient.is_sparse
            and gradient.sparse_dim() == 1
            and self._takes_rows(group)
        ]
        for each in found:
            each.parameter.grad = None
        return found

    @torch.no_grad()
    def _update_sparse(self) -> None:
        for each in self._sparse:
            gradient = each.gradient.coalesce()
            self._update_rows(each, gradient.indices()[0], gradient.values())
