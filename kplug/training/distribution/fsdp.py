"""Sharded training (FSDP2): each process holds a shard of weights, gradients and moments."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from kplug.errors import ContractError
from kplug.optimizers.adapt import build_optimizer
from kplug.optimizers.base.optimizer import Optimizer
from kplug.optimizers.loss_scale import LossScaleOptimizer
from kplug.training.component_rows import list_layers
from kplug.training.distribution.ddp import copy_buffers_from_main, refuse_sparse_gradients
from kplug.training.distribution.world import World
from kplug.training.generators import apply_generators, collect_generators
from kplug.training.model_protocol import TrainableModel, WeightFunction

# torch's elementwise rules: they update each number from its own gradient and moments alone.
_ELEMENTWISE: Final = frozenset(
    {"SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta", "ASGD"}
)


class Shards:
    """A sharded copy of a model; the model itself gets the trained weights after each epoch.

    The copy's layers are gathered one at a time while they compute. Its optimizer treats this process's
    shards as whole weights, so only elementwise rules are accepted. It is made from the template, which
    ``compile`` resolved, and takes over the given optimizer's state.

    Raises:
        ContractError: The optimizer's rule is not elementwise, or a layer has sparse gradients.
    """

    def __init__(
        self, model: TrainableModel, optimizer: torch.optim.Optimizer, template: Any, world: World
    ) -> None:
        check_elementwise(optimizer)
        refuse_sparse_gradients(model)
        self._model, self._whole_optimizer = model, optimizer
        kind = next(model.parameters()).device.type
        self.mesh = init_device_mesh(kind, (world.size,))
        self.model = _shard_copy(model, self.mesh)
        # The optimizer's weights, though others may be trainable by now.
        whole = [each for group in optimizer.param_groups for each in group["params"]]
        self._weights = _find_twins(whole, model, self.model)
        self._parts = [nn.Parameter(weight.to_local()) for weight in self._weights]
        names = {id(weight): name for name, weight in model.named_weights()}
        known: dict[Tensor, str] = {
            part: names[id(weight)] for part, weight in zip(self._parts, whole, strict=True)
        }
        self.optimizer = build_optimizer(_make_anew(template), self._parts, known)
        self.optimizer.load_state_dict(self._convert_state(optimizer, self._cut))
        self._rates = [group["lr"] for group in optimizer.param_groups]

    def step(self) -> None:
        """Update the shards from their gradients, at the current learning rate."""
        pairs = zip(self._whole_optimizer.param_groups, self.optimizer.param_groups, strict=True)
        for place, (whole, own) in enumerate(pairs):
            if whole["lr"] != self._rates[place]:
                self._rates[place] = own["lr"] = whole["lr"]
        for weight, part in zip(self._weights, self._parts, strict=True):
            part.grad = None if weight.grad is None else weight.grad.to_local()
        self.optimizer.step()

    @torch.no_grad()
    def publish(self) -> None:
        """Copy the trained weights to the model, and the optimizer's state to its optimizer."""
        state = dict(self.model.named_parameters()) | dict(self.model.named_buffers())
        own = dict(self._model.named_parameters()) | dict(self._model.named_buffers())
        for name, tensor in own.items():
            tensor.copy_(_gather(state[name]))
        copy_buffers_from_main(self._model)
        apply_generators(self._model, collect_generators(self.model))
        self._whole_optimizer.load_state_dict(self._convert_state(self.optimizer, self._join))
        self._rates = [group["lr"] for group in self._whole_optimizer.param_groups]

    def finish(self) -> None:
        """End the training: moving averages, if any, replace the weights and are copied to the model."""
        if isinstance(self.optimizer, Optimizer):
            self.optimizer.finalize_variable_values()
        self.publish()

    def _convert_state(
        self, optimizer: torch.optim.Optimizer, convert: Callable[[Tensor, int], Tensor]
    ) -> dict[str, Any]:
        """Return an optimizer's state with each moment gathered, or sharded."""
        found = optimizer.state_dict()
        shapes = [
            parameter.shape for group in optimizer.param_groups for parameter in group["params"]
        ]
        state = {
            index: {
                name: convert(value, index)
                if isinstance(value, Tensor) and value.ndim and value.shape == shapes[index]
                else value
                for name, value in entries.items()
            }
            for index, entries in found["state"].items()
        }
        return {**found, "state": state}

    def _cut(self, moment: Tensor, index: int) -> Tensor:
        weight: Any = self._weights[index]
        cut: DTensor = distribute_tensor(moment.contiguous(), self.mesh, weight.placements)
        return cut.to_local()

    def _join(self, moment: Tensor, index: int) -> Tensor:
        weight: Any = self._weights[index]
        whole = DTensor.from_local(
            moment, self.mesh, weight.placements, shape=weight.shape, stride=weight.stride()
        )
        return whole.full_tensor()


def _make_anew(template: Any) -> Any:
    """Return an optimizer without parameters, or a factory of one.

    Raises:
        ContractError: It is a torch instance, which is bound to the model's whole weights.
    """
    if isinstance(template, Optimizer):
        return type(template).from_config(template.get_config())
    if isinstance(template, torch.optim.Optimizer):
        raise ContractError(
            f"distribution='fsdp' needs an optimizer of its own for each process's parts, and the given "
            f"{type(template).__name__} was made for whole weights",
            hint="Give its name or a factory, such as functools.partial(torch.optim.Adam, lr=1e-3).",
        )
    return template


def check_elementwise(optimizer: torch.optim.Optimizer) -> None:
    """Refuse an optimizer whose rule is not elementwise.

    Raises:
        ContractError: It is not, or does not declare that it is.
    """
    name = type(optimizer).__name__
    reason = "its rule looks at whole weights"
    if isinstance(optimizer, LossScaleOptimizer):
        is_fine, reason = False, "it scales the loss by what it finds in all gradients"
    elif isinstance(optimizer, Optimizer):
        is_fine = optimizer.is_elementwise
        if is_fine and (optimizer.clipnorm is not None or optimizer.global_clipnorm is not None):
            is_fine, reason = False, "it clips by the norm of whole gradients"
    else:
        is_fine = type(optimizer).__module__.startswith("torch.") and name in _ELEMENTWISE
    if not is_fine:
        raise ContractError(
            f"distribution='fsdp' gives each process a part of every weight, and {name} cannot be used "
            f"on parts: {reason}",
            hint="Use one that updates each number by itself, such as 'adam' or 'sgd', with clipvalue; or "
            "leave distribution out, so that every process holds all weights.",
        )


def on_whole_weights(
    pairs: Iterable[WeightFunction], *, keeps_shape: bool
) -> tuple[WeightFunction, ...]:
    """Return regularizers or constraints that gather sharded weights before they compute.

    A constraint keeps the shape of a weight, a regularizer does not.
    """
    return tuple(
        (_see_whole(component, keeps_shape), weight)
        if isinstance(weight, DTensor)
        else (component, weight)
        for component, weight in pairs
    )


def _see_whole(
    component: Callable[[Tensor], Tensor], keeps_shape: bool
) -> Callable[[Tensor], Tensor]:
    def compute(weight: Tensor) -> Tensor:
        made = component(weight.full_tensor())  # type: ignore[attr-defined]
        if not keeps_shape:
            return made
        cut: Any = weight
        return distribute_tensor(made, cut.device_mesh, cut.placements)

    return compute


def _shard_copy(model: TrainableModel, mesh: DeviceMesh) -> Any:
    """Return a copy of a model with sharded layers, in training mode."""
    shared = (model.compiled, model.built_optimizer, model.optimized, model.history)
    made: Any = copy.deepcopy(model, {id(each): each for each in shared if each is not None})
    for parameter in made.parameters():
        parameter.data = parameter.data.contiguous()  # FSDP2 requires it
    # Not nested models: several may contain a layer, but only one group its weights.
    for layer in list_layers(made):
        if next(layer.parameters(), None) is not None:
            fully_shard(layer, mesh=mesh)
    fully_shard(made, mesh=mesh)
    # Its layers return views, and nothing in a model changes them in place.
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor")
    return made.train()


def _find_twins(
    weights: Iterable[Tensor], model: TrainableModel, twin: TrainableModel
) -> list[Any]:
    """Return the parameters of a copy that correspond to some of the model's."""
    names = {id(weight): name for name, weight in model.named_parameters()}
    twins = dict(twin.named_parameters())
    return [twins[names[id(weight)]] for weight in weights]


def _gather(tensor: Tensor) -> Tensor:
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
