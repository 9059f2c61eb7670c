"""Data parallelism (DDP): a replica of the model per process, and averaged gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel
from typing_extensions import override

from kplug.backend.masks import keep_mask
from kplug.errors import ContractError
from kplug.layers import Embedding
from kplug.support.nested import find_leaves
from kplug.training.distribution.world import World
from kplug.training.model_protocol import TrainableModel
from kplug.training.regularization import Penalties, find_penalties


class Replica(DistributedDataParallel):
    """torch's DDP wrapper, with the model's name for messages; keeps masks."""

    def __init__(self, model: TrainableModel, *, uses_all_weights: bool) -> None:
        super().__init__(
            _ModelWithPenalties(model, find_penalties(model)),
            find_unused_parameters=not uses_all_weights,
            gradient_as_bucket_view=True,
        )

    @property
    def name(self) -> str:
        """The name of the model."""
        return str(self.module.model.name)

    @override
    def forward(self, inputs: Any) -> Any:
        """Return the outputs of the model."""
        outputs, _ = super().forward(inputs)  # type: ignore[no-untyped-call]
        # When torch looks for unused weights, it returns other tensors than the model did.
        made, self.module.outputs = self.module.outputs, None
        pairs = zip(find_leaves(outputs, Tensor), find_leaves(made, Tensor), strict=True)
        for output, original in pairs:
            keep_mask(output, original)
        return outputs


class _ModelWithPenalties(nn.Module):
    """A model that returns its outputs and the tensors of its penalties."""

    def __init__(self, model: TrainableModel, penalties: Penalties) -> None:
        super().__init__()
        self.model, self._penalties = model, penalties
        self.outputs: Any = None
        # torch copies all other buffers from the main process at every step.
        own = [f"model.{name}" for name in _list_own_buffers(model)]
        self._ddp_params_and_buffers_to_ignore = own

    @override
    def forward(self, inputs: Any) -> tuple[Any, list[Tensor]]:
        """Return the outputs, and the other tensors of the loss.

        torch treats weights that lead to no output as unused, and does not reduce their gradients. But a
        layer that is not called, or whose outputs are not used, may have penalties.
        """
        self.outputs = self.model(inputs)
        beside = [weight.view_as(weight) for _, weight in self._penalties.weights]
        for found in self._penalties.activities:
            beside += found
        return self.outputs, beside


def replicate(model: TrainableModel, world: World | None, *, uses_all_weights: bool) -> Any:
    """Return a replica to call instead of the model: it averages gradients over all processes.

    The main process's weights and buffers are broadcast now. Unless all trainable weights take part in
    every step, torch needs to search for unused ones.

    Raises:
        ContractError: A layer has sparse gradients.
    """
    if world is None or not any(each.requires_grad for each in model.parameters()):
        return model
    refuse_sparse_gradients(model)
    return Replica(model, uses_all_weights=uses_all_weights)


@torch.no_grad()
def copy_buffers_from_main(model: TrainableModel) -> None:
    """Broadcast the main process's buffers, such as moving averages."""
    own = _list_own_buffers(model)
    for name, buffer in model.named_buffers():
        if name in own:
            continue
        values = buffer.contiguous()
        distributed.broadcast(values, src=0)
        buffer.copy_(values)


def _list_own_buffers(model: TrainableModel) -> set[str]:
    """Return the names of buffers that belong to a process's samples, such as states of a stateful layer.

    These are the non-persistent buffers, which files do not contain.
    """
    return {name for name, _ in model.named_buffers()} - set(model.state_dict())


def refuse_sparse_gradients(model: TrainableModel) -> None:
    """Refuse layers with sparse gradients, which processes cannot exchange.

    Raises:
        ContractError: With the first such layer.
    """
    for module in model.modules():
        if isinstance(module, Embedding) and module.sparse:
            raise ContractError(
                f"layer {module.name!r} has sparse gradients, which several processes cannot exchange",
                hint="Leave sparse=True out where torchrun starts the training.",
            )
