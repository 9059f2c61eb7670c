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
from kplug.nested import find_leaves
from kplug.training.distribution.world import World
from kplug.training.model_protocol import TrainableModel
from kplug.training.regularization import Penalties, find_penalties


class Replica(DistributedDataParallel):
    """torch's wrapper, which answers to the model's name in messages, and keeps masks."""

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
        # Where torch looks for unused weights, it returns other tensors than the model did.
        made, self.module.outputs = self.module.outputs, None
        pairs = zip(find_leaves(outputs, Tensor), find_leaves(made, Tensor), strict=True)
        for output, original in pairs:
            keep_mask(output, original)
        return outputs


class _ModelWithPenalties(nn.Module):
    """A model that returns, besides its outputs, what its penalties are made of."""

    def __init__(self, model: TrainableModel, penalties: Penalties) -> None:
        super().__init__()
        self.model, self._penalties = model, penalties
        self.outputs: Any = None
        # torch copies all other buffers from the main process at every step.
        own = [f"model.{name}" for name in _list_own_buffers(model)]
        self._ddp_params_and_buffers_to_ignore = own

    @override
    def forward(self, inputs: Any) -> tuple[Any, list[Tensor]]:
        """Return the outputs, and what else the loss is made of.

        torch takes weights that lead to no output for unused, and waits for no gradient of them. But a layer
        that is not called, or whose outputs are not used, may have penalties.
        """
        self.outputs = self.model(inputs)
        beside = [weight.view_as(weight) for _, weight in self._penalties.weights]
        for found in self._penalties.activities:
            beside += found
        return self.outputs, beside


def replicate(model: TrainableModel, world: World | None, *, uses_all_weights: bool) -> Any:
    """Return what to call instead of the model, so that gradients are averaged over all processes.

    Weights and buffers of the main process are copied to the others now. Unless all trainable weights take
    part in every step, torch needs to look for the others.

    Raises:
        ContractError: A layer has sparse gradients.
    """
    if world is None or not any(each.requires_grad for each in model.parameters()):
        return model
    refuse_sparse_gradients(model)
    return Replica(model, uses_all_weights=uses_all_weights)


@torch.no_grad()
def copy_buffers_from_main(model: TrainableModel) -> None:
    """Give all processes what the main one's layers have seen, such as moving averages."""
    own = _list_own_buffers(model)
    for name, buffer in model.named_buffers():
        if name in own:
            continue
        values = buffer.contiguous()
        distributed.broadcast(values, src=0)
        buffer.copy_(values)


def _list_own_buffers(model: TrainableModel) -> set[str]:
    """Return the names of buffers that belong to a process's samples, as the states of a stateful layer.

    They are what torch calls not persistent: no weights, so no file has them.
    """
    return {name for name, _ in model.named_buffers()} - set(model.state_dict())


def refuse_sparse_gradients(model: TrainableModel) -> None:
    """Refuse layers whose gradients several processes cannot exchange.

    Raises:
        ContractError: It names the first one.
    """
    for module in model.modules():
        if isinstance(module, Embedding) and module.sparse:
            raise ContractError(
                f"layer {module.name!r} has sparse gradients, which several processes cannot exchange",
                hint="Leave sparse=True out where torchrun starts the training.",
            )
