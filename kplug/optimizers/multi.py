"""Different optimizers for different parameters of one model."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import torch
from typing_extensions import Self

from kplug.components.configurable import check_keys
from kplug.errors import ArgumentError, ContractError, WeightsError
from kplug.optimizers.base.common_arguments import CommonSettings
from kplug.optimizers.base.optimizer import Optimizer
from kplug.optimizers.base.parameters import read_groups, require_same
from kplug.optimizers.base.wrapper import OptimizerWrapper, describe, get_inner
from kplug.registry.quoting import name_type


class OptimizerMap(MutableMapping[str, Optimizer]):
    """Which optimizer trains which parameter, by the parameter's name.

    Args:
        default_optimizer: For names without a match: a name, spec, configuration or instance.
        optimizer_map: Optimizers by name, or by a regular expression that matches the whole name.

    Raises:
        ContractError: If a value is not a kplug optimizer, or is a wrapper.

    Example:
        >>> optimizers = OptimizerMap("sgd", {"encoder/.*": "adam"})
        >>> type(optimizers["encoder/kernel"]).__name__, type(optimizers["decoder/kernel"]).__name__
        ('Adam', 'SGD')

    Reference:
        ``keras.optimizers.OptimizerMap``.
    """

    def __init__(
        self, default_optimizer: Any, optimizer_map: Mapping[str, Any] | None = None
    ) -> None:
        self.default_optimizer = get_inner("OptimizerMap", default_optimizer)
        self._optimizers = {
            pattern: get_inner("OptimizerMap", identifier)
            for pattern, identifier in (optimizer_map or {}).items()
        }

    def __getitem__(self, key: str) -> Optimizer:
        """Return the optimizer of a parameter's name.

        Raises:
            ArgumentError: If several expressions match.
        """
        if key in self._optimizers:
            return self._optimizers[key]
        fitting = [pattern for pattern in self._optimizers if re.fullmatch(pattern, key)]
        if len(fitting) > 1:
            raise ArgumentError(
                f"optimizer_map: several entries fit the parameter {key!r}: "
                f"{', '.join(map(repr, fitting))}",
                hint="Make the expressions exclude each other.",
            )
        return self._optimizers[fitting[0]] if fitting else self.default_optimizer

    def __setitem__(self, key: str, optimizer: Any) -> None:
        if key in self._optimizers:
            raise ArgumentError(f"optimizer_map: the key {key!r} is there already")
        self._optimizers[key] = get_inner("OptimizerMap", optimizer)

    def __delitem__(self, key: str) -> None:
        del self._optimizers[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizers)

    def __len__(self) -> int:
        return len(self._optimizers)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the optimizers as configurations."""
        return {
            "default_optimizer": describe(self.default_optimizer),
            "optimizer_map": {key: describe(value) for key, value in self._optimizers.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the map that ``get_config`` described."""
        check_keys(cls, config)
        return cls(**config)


class MultiOptimizer(OptimizerWrapper):
    """Different optimizers for different parameters.

    Args:
        optimizer_map: An ``OptimizerMap`` or its configuration, or a function of a parameter, or of a
            parameter and its name, that returns an optimizer.
        loss_scale_factor: The ``loss_scale_factor`` of all of them.
        name: A name of your own.

    Raises:
        ContractError: If an optimizer is not a kplug optimizer, or is a wrapper.

    Example:
        >>> import torch
        >>> weight, bias = (torch.nn.Parameter(torch.ones(1)) for _ in range(2))
        >>> optimizer = MultiOptimizer(OptimizerMap("sgd(lr=0.5)", {"bias": "sgd(lr=0.25)"}))
        >>> optimizer = optimizer.build([("weight", weight), ("bias", bias)])
        >>> weight.grad = bias.grad = torch.ones(1)
        >>> optimizer.step()
        >>> weight.item(), bias.item()
        (0.5, 0.75)

    Reference:
        ``keras.optimizers.MultiOptimizer``. As in Keras, it has no learning rate of its own.
    """

    def __init__(
        self,
        optimizer_map: Any,
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        given = {"loss_scale_factor": loss_scale_factor, "name": name}
        common = CommonSettings.from_arguments(self._owner(), given)
        self._map = _read_map(optimizer_map)
        self._inner = _list_known(self._map)
        self._wrap(common)

    def _get_inner(self) -> list[Optimizer]:
        return self._inner

    @property
    def optimizers(self) -> list[Optimizer]:
        """The inner optimizers."""
        return list(self._inner)

    @property
    def built(self) -> bool:
        """Whether ``build`` has been called."""
        return any(optimizer.built for optimizer in self._inner)

    @property
    def lr(self) -> float:
        """Not available: the inner optimizers have rates.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(
            f"{self._owner()}: each optimizer inside it has its own learning rate; see .optimizers"
        )

    @lr.setter
    def lr(self, value: object) -> None:  # noqa: ARG002 - refused, whatever it is
        raise AttributeError(
            f"{self._owner()}: set the learning rate of the optimizers inside it; see .optimizers"
        )

    learning_rate = lr

    @property
    def iterations(self) -> int:
        """The number of steps."""
        return max(int(group["iterations"]) for group in self.param_groups if "iterations" in group)

    @iterations.setter
    def iterations(self, value: int) -> None:
        for optimizer in self._inner:
            optimizer.iterations = value

    def _use_common(self, common: CommonSettings) -> None:
        super()._use_common(common)
        for optimizer in self._inner:
            optimizer.loss_scale_factor = common.loss_scale_factor

    def build(self, params: Iterable[Any]) -> Self:
        """Assign every parameter to its optimizer; see ``Optimizer.build``."""
        names, ((parameters, settings), *others) = read_groups(self._owner(), params)
        if settings or others:
            raise ContractError(
                f"{self._owner()}: takes no parameter groups, as its map decides which optimizer trains "
                "which parameter",
                hint="Give model.named_parameters(), and the settings to the optimizers of the map.",
            )
        if self.built:
            require_same(type(self), self._owner(), self._list_parameters(), parameters)
            return self
        shares: dict[int, list[Any]] = {}
        for parameter in parameters:
            optimizer = self._choose(parameter, names.get(parameter, ""))
            shares.setdefault(id(optimizer), []).append((names.get(parameter, ""), parameter))
        for optimizer in self._inner:
            if id(optimizer) in shares:
                optimizer.build(shares[id(optimizer)])
        self._share()
        return self

    def _choose(self, parameter: torch.Tensor, name: str) -> Optimizer:
        chosen: Any
        if isinstance(self._map, OptimizerMap):
            chosen = self._map[name]
        else:
            chosen = get_inner(self._owner(), self._map(parameter, name))
        if not any(chosen is optimizer for optimizer in self._inner):
            chosen.loss_scale_factor = self.loss_scale_factor
            self._inner.append(chosen)
        return chosen  # type: ignore[no-any-return]

    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """Run the step of every optimizer."""
        loss = self._begin_step(closure)
        for optimizer in self._inner:
            if optimizer.built:
                optimizer.step()
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a saved state.

        Raises:
            WeightsError: If the state has other numbers or shapes of parameters, or was saved before
                ``build``. Nothing changes.
        """
        if not self.built:
            raise WeightsError(
                f"{self._owner()}: the parameters must be known before a state is loaded",
                hint="Call build(model.named_parameters()) first.",
            )
        super().load_state_dict(state_dict)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the optimizers as configurations."""
        mapping = self._map
        described: object = mapping
        if isinstance(mapping, OptimizerMap):
            described = {"class_name": "OptimizerMap", "config": mapping.get_config()}
        config = {"optimizer_map": described, "loss_scale_factor": self.loss_scale_factor}
        return {**config, **self._common.get_config()}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_map": self._map, "_inner": self._inner}


def _read_map(given: Any) -> OptimizerMap | Callable[[torch.Tensor, str], Any]:
    if isinstance(given, OptimizerMap):
        return given
    if isinstance(given, Mapping):
        if given.get("class_name") == "OptimizerMap" and "config" in given:
            given = given["config"]
        if "default_optimizer" in given:
            return OptimizerMap.from_config(dict(given))
    elif callable(given):
        return given if len(inspect.signature(given).parameters) > 1 else _OfParameter(given)
    raise ContractError(
        f"multi_optimizer: {given!r} ({name_type(given)}) does not tell which optimizer trains "
        "which parameter",
        hint="Give an OptimizerMap, or a function of a parameter that returns an optimizer.",
    )


class _OfParameter:
    """A function of the parameter alone, called with its name too."""

    def __init__(self, function: Callable[[torch.Tensor], Any]) -> None:
        self.function = function

    def __call__(self, parameter: torch.Tensor, name: str) -> Any:  # noqa: ARG002
        return self.function(parameter)


def _list_known(mapping: object) -> list[Optimizer]:
    if not isinstance(mapping, OptimizerMap):
        return []
    known: list[Optimizer] = []
    for optimizer in (*mapping.values(), mapping.default_optimizer):
        if not any(optimizer is other for other in known):
            known.append(optimizer)
    return known
