"""The `OptimizerWrapper` base class: optimizers that delegate to other optimizers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

from kplug.dialect.serialization import require_whole
from kplug.errors import ContractError
from kplug.optimizers.base.accumulation import GradientAccumulation
from kplug.optimizers.base.common_arguments import CommonSettings
from kplug.optimizers.base.hyperparameters import GroupSetting
from kplug.optimizers.base.optimizer import Optimizer
from kplug.registry import resolve, resolve_object


def describe(optimizer: Optimizer) -> dict[str, Any]:
    """Return an inner optimizer's configuration as JSON data."""
    found = resolve("optimizer", optimizer)
    require_whole(found, "optimizer")
    return {"class_name": found.component.qualified_name, "config": optimizer.get_config()}


def get_inner(
    owner: str, identifier: object, wrappers: tuple[type[Optimizer], ...] = ()
) -> Optimizer:
    """Return the optimizer that an identifier means.

    Raises:
        ContractError: If it is not a kplug optimizer, or is a wrapper.
    """
    optimizer = resolve_object("optimizer", identifier)
    is_wrapper = isinstance(optimizer, OptimizerWrapper) and not isinstance(optimizer, wrappers)
    if not isinstance(optimizer, Optimizer) or is_wrapper:
        raise ContractError(
            f"{owner}: an optimizer inside it must be one of kplug's own kind, not "
            f"{type(optimizer).__name__}",
            hint="Give a name such as 'adam', or an instance of kplug.optimizers.Optimizer.",
        )
    return optimizer


class OptimizerWrapper(Optimizer):
    """Base of the optimizers that delegate the update to inner optimizers.

    It shares the groups and the state of the inner optimizers, so code that reads or saves them sees one
    optimizer.
    """

    _is_wrapped = False

    def _get_inner(self) -> list[Optimizer]:
        raise NotImplementedError

    @property
    def follows_schedule(self) -> bool:
        """Whether a learning rate of an inner optimizer is computed from the step."""
        return any(optimizer.follows_schedule for optimizer in self._get_inner())

    def _wrap(self, common: CommonSettings) -> None:
        """Initialize as a torch optimizer without groups or state."""
        torch.optim.Optimizer.__init__(self, [{"params": []}], {})
        self._start_parts(common)
        self._share()
        self._is_wrapped = True

    def _begin_step(self, closure: Callable[[], float] | None) -> float | None:
        """Compute the loss and the gradients, if there is a closure."""
        if not self.built:
            self._refuse_step()
        if closure is None:
            return None
        with torch.enable_grad():
            return closure()

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Refuse after construction: groups belong to the inner optimizers."""
        if self._is_wrapped:
            raise ContractError(
                f"{self._owner()}: parameter groups belong to the optimizers inside it",
                hint="Call add_param_group of the inner optimizer before build().",
            )
        torch.optim.Optimizer.add_param_group(self, param_group)

    def _share(self) -> None:
        """Share the groups and the state of the inner optimizers."""
        inner = self._get_inner()
        self.param_groups = [group for optimizer in inner for group in optimizer.param_groups]
        self._take_state(self.state)

    def _take_state(self, state: Any) -> None:
        self.state = state
        for optimizer in self._get_inner():
            if isinstance(optimizer, OptimizerWrapper):
                optimizer._take_state(state)
            else:
                optimizer.state = state

    def _share_back(self) -> None:
        """Assign every inner optimizer its groups after ours were replaced."""
        groups = list(self.param_groups)
        for optimizer in self._get_inner():
            count = len(optimizer.param_groups)
            optimizer.param_groups, groups = groups[:count], groups[count:]
            if isinstance(optimizer, OptimizerWrapper):
                optimizer._share_back()
        self._take_state(self.state)

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[torch.Tensor] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Exclude parameters from ``weight_decay``; see ``Optimizer``."""
        parameters, names = list(var_list or ()), list(var_names or ())
        for optimizer in self._get_inner():
            optimizer.exclude_from_weight_decay(parameters, names)

    def weigh(self, weight: float | torch.Tensor) -> None:
        """Set the weight of the next gradients for every inner optimizer."""
        for optimizer in self._get_inner():
            optimizer.weigh(weight)

    def list_accumulations(self) -> list[GradientAccumulation | None]:
        """Return the accumulation of each inner optimizer."""
        return [each for inner in self._get_inner() for each in inner.list_accumulations()]

    def finalize_variable_values(self, var_list: Iterable[torch.Tensor] | None = None) -> None:
        """Assign the inner optimizers' moving averages to the weights."""
        chosen = None if var_list is None else {id(parameter) for parameter in var_list}
        for optimizer in self._get_inner():
            owned = optimizer._list_parameters()
            optimizer.finalize_variable_values(
                [p for p in owned if chosen is None or id(p) in chosen]
            )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a saved state; see ``Optimizer``."""
        super().load_state_dict(state_dict)
        self._share_back()
        for optimizer in self._get_inner():
            for group in optimizer.param_groups:
                optimizer._start_state(group)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._share_back()
        self._is_wrapped = True

    def _list_settings(self, group: dict[str, Any]) -> list[GroupSetting]:
        for optimizer in self._get_inner():
            if any(group is each for each in optimizer.param_groups):
                return optimizer._list_settings(group)
        return []

    def _list_state_keys(self, group: dict[str, Any], settings: Mapping[str, Any]) -> set[str]:
        for optimizer in self._get_inner():
            if any(group is each for each in optimizer.param_groups):
                return optimizer._list_state_keys(group, settings)
        return set()

    def _get_state_shape(self, name: str, parameter: torch.Tensor) -> tuple[int, ...]:
        for optimizer in self._get_inner():
            if any(parameter is each for each in optimizer._list_parameters()):
                return optimizer._get_state_shape(name, parameter)
        return tuple(parameter.shape)
