"""Weighs the gradients of a batch among those that the optimizer accumulates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed

from kplug.errors import ContractError
from kplug.optimizers.base.optimizer import Optimizer
from kplug.training.compile_slots import OutputLoss
from kplug.training.compiled import Compiled
from kplug.training.data.batch import Batch
from kplug.training.distribution.world import find_world
from kplug.training.step.forward import ForwardResult, pick_output

_ALMOST_NOTHING = 1e-20


@dataclass(frozen=True)
class BatchWeigher:
    """Tells an optimizer what the loss of a batch was divided by, so that k batches train as one of all.

    Of several losses, the first one that is a mean decides. A sum is divided by nothing. It counts k times
    here, since the optimizer takes the mean of k.

    Args:
        losses: Those of the model.
        steps: k.
        tell: Takes the weight of a batch.
    """

    losses: tuple[OutputLoss, ...]
    steps: int
    tell: Callable[[float | Tensor], None]

    def weigh(self, batch: Batch, outcome: ForwardResult, total: Tensor) -> Tensor:
        """Weigh the next gradients; return the loss that they are gradients of."""
        # A custom step computes losses of its own.
        pairs = list(zip(self.losses, outcome.losses, strict=False))
        means = [entry for entry, _ in pairs if entry.loss.reduction != "sum"]
        for entry, loss in pairs:
            if entry.loss.reduction == "sum":
                total = total + loss * (entry.weight * (self.steps - 1))
        if means or not pairs:
            self.tell(self._find_weight(batch, outcome, means))
        return total

    @torch.no_grad()
    def _find_weight(
        self, batch: Batch, outcome: ForwardResult, means: list[OutputLoss]
    ) -> float | Tensor:
        divisor = None
        if means:
            index = means[0].index
            weights = pick_output(batch.weights, index)
            y_true: Any = pick_output(batch.y, index)
            divisor = means[0].loss.find_divisor(y_true, outcome.predictions[index], weights)
        if divisor is None:
            return batch.size if batch.even_share is None else batch.even_share * batch.parts
        if find_world() is not None:
            divisor = divisor * float(batch.share > 0)  # else its sample belongs to another process
            distributed.all_reduce(divisor)
        # Of k batches without a value that counts, the mean is that of the penalties.
        return torch.where(divisor == 0, _ALMOST_NOTHING, divisor)


def find_weigher(
    compiled: Compiled, optimizer: torch.optim.Optimizer | None
) -> BatchWeigher | None:
    """Return what weighs batches for an optimizer; None if it does not accumulate by samples.

    Raises:
        ContractError: A loss is a sum, and parts of the optimizer accumulate in different numbers of steps.
    """
    if not isinstance(optimizer, Optimizer):
        return None
    accumulations = optimizer.list_accumulations()
    steps = {1 if each is None else each.steps for each in accumulations}
    if not any(each is not None and each.by_samples for each in accumulations):
        return None
    sums = [entry for entry in compiled.losses if entry.loss.reduction == "sum"]
    if sums and (
        len(steps) > 1 or not all(each is not None and each.by_samples for each in accumulations)
    ):
        raise ContractError(
            f"the loss {str(sums[0].loss.name)!r} is a sum over the batch, and the optimizers inside "
            f"{type(optimizer).__name__} accumulate in different ways: one loss has one sum",
            hint="Give all of them the same gradient_accumulation_steps, or the loss another reduction.",
        )
    return BatchWeigher(compiled.losses, max(steps), optimizer.weigh)
