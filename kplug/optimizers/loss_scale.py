"""Dynamic loss scaling for gradients in half precision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import torch
from typing_extensions import Self

from kplug.components.arguments import require_integer, require_positive
from kplug.errors import ArgumentError, ArgumentValueError
from kplug.optimizers.base.common_arguments import UNSET_ARGUMENTS, CommonArguments, CommonSettings
from kplug.optimizers.base.optimizer import Optimizer
from kplug.optimizers.base.torch_kernels import make_dense
from kplug.optimizers.base.wrapper import OptimizerWrapper, describe, get_inner
from kplug.optimizers.multi import MultiOptimizer
from kplug.registry.suggestions import unknown_argument


class LossScaleOptimizer(OptimizerWrapper):
    """An optimizer around another one that keeps small gradients from vanishing.

    ``fit`` multiplies the loss by a scale s, and the step divides the gradients by it. If a gradient is
    not finite, the step is skipped and s is halved. After ``dynamic_growth_steps`` consecutive updates,
    s is doubled. s and the count are saved with the state.

    Args:
        inner_optimizer: The optimizer that updates: a name, spec, configuration or instance of kplug's.
            Its own ``loss_scale_factor`` is switched off.
        initial_scale: The first s, > 0.
        dynamic_growth_steps: Updates after which s is doubled, >= 1.
        name: A name of your own.
        keywords: Keras's ``dynamic``, which can only be True; others belong to the inner optimizer.

    Raises:
        ArgumentValueError: If a number is outside its range.
        ArgumentError: For a keyword of the inner optimizer, or an unknown one.
        ContractError: If the inner optimizer is not a kplug optimizer, or scales the loss too.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = LossScaleOptimizer("sgd(lr=0.5)", initial_scale=4.0).build([weight])
        >>> optimizer.scale_loss(weight.sum()).backward()
        >>> optimizer.step()
        >>> weight.item()
        0.5
        >>> weight.grad = torch.tensor([float("inf")])
        >>> optimizer.step()
        >>> weight.item(), optimizer.dynamic_scale
        (0.5, 2.0)

    Reference:
        Micikevicius et al., Mixed Precision Training, 2018; ``keras.optimizers.LossScaleOptimizer``.
        Every step synchronizes with the device, to check whether the gradients are finite.
    """

    _unset_arguments = UNSET_ARGUMENTS

    def __init__(
        self,
        inner_optimizer: Any,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        *,
        name: str | None = None,
        **keywords: object,
    ) -> None:
        owner = self._owner()
        _check_keywords(owner, keywords)
        scale = require_positive(owner, "initial_scale", initial_scale)
        steps = require_integer(
            owner, "dynamic_growth_steps", dynamic_growth_steps, "an integer >= 1", at_least=1
        )
        common = CommonSettings.from_arguments(owner, {"name": name})
        self.inner_optimizer = get_inner(owner, inner_optimizer, (MultiOptimizer,))
        self.inner_optimizer.loss_scale_factor = None
        self.initial_scale, self.dynamic_growth_steps = scale, steps
        self._wrap(common)
        self._start_scale()

    def _start_scale(self) -> None:
        for group in self.param_groups[:1]:  # a MultiOptimizer of a function has none before build
            group.setdefault("dynamic_scale", self.initial_scale)
            group.setdefault("scale_steps", 0)

    def _get_inner(self) -> list[Optimizer]:
        return [self.inner_optimizer]

    @property
    def dynamic_scale(self) -> float:
        """The current scale s of the loss."""
        if not self.param_groups:
            return self.initial_scale
        return cast("float", self.param_groups[0]["dynamic_scale"])

    @property
    def built(self) -> bool:
        """Whether ``build`` has been called."""
        return self.inner_optimizer.built

    @property
    def scales_loss(self) -> bool:
        """Whether the loss is scaled: always."""
        return True

    @property
    def lr(self) -> float:
        """The learning rate of the inner optimizer."""
        return self.inner_optimizer.lr

    @lr.setter
    def lr(self, value: object) -> None:
        self.inner_optimizer.lr = value

    learning_rate = lr

    @property
    def iterations(self) -> int:
        """The number of the inner optimizer's updates."""
        return self.inner_optimizer.iterations

    @iterations.setter
    def iterations(self, value: int) -> None:
        self.inner_optimizer.iterations = value

    def build(self, params: Iterable[Any]) -> Self:
        """Build the inner optimizer; see ``Optimizer.build``."""
        self.inner_optimizer.build(params)
        self._share()
        self._start_scale()
        return self

    def scale_loss(self, loss: torch.Tensor) -> torch.Tensor:
        """Return the loss times s."""
        return loss * self.dynamic_scale

    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """Update from the gradients of the scaled loss, or skip the step if one is not finite."""
        loss = self._begin_step(closure)
        make_dense(self._list_parameters())
        is_finite = bool(self._find_finite())
        if is_finite:
            self._run_unscaled(self.dynamic_scale, self.inner_optimizer.step)
        self._adjust_scale(is_finite)
        return loss

    def _adjust_scale(self, is_finite: bool) -> None:
        """Halve s after non-finite gradients, double it after many finite ones."""
        head = self.param_groups[0]
        head["scale_steps"] += 1
        if not is_finite:
            head["dynamic_scale"], head["scale_steps"] = head["dynamic_scale"] * 0.5, 0
        elif head["scale_steps"] >= self.dynamic_growth_steps:
            head["dynamic_scale"], head["scale_steps"] = head["dynamic_scale"] * 2.0, 0

    @torch.no_grad()
    def _find_finite(self) -> torch.Tensor:
        """Return whether all gradients are finite, as a tensor of shape ()."""
        gradients = [g for _, g in self._get_gradients()]
        if not gradients:
            return torch.tensor(True)
        largest = torch._foreach_norm(gradients, torch.inf)
        device = largest[0].device
        return torch.stack([each.to(device, torch.float64) for each in largest]).isfinite().all()

    def _run_unscaled(self, scale: float | torch.Tensor, step: Callable[[], object]) -> None:
        """Make a step of the inner optimizer from the gradients of the loss itself."""
        given = self._get_gradients()
        try:
            for parameter, gradient in given:
                parameter.grad = gradient / scale
            step()
        finally:
            for parameter, gradient in given:
                parameter.grad = gradient

    def _get_gradients(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        parameters = self._list_parameters()
        return [(p, p.grad) for p in parameters if p.grad is not None and p.numel()]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the inner optimizer as a configuration."""
        config: dict[str, Any] = {
            "inner_optimizer": describe(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }
        return {**config, **self._common.get_config()}

    def __getstate__(self) -> dict[str, Any]:
        return {
            **super().__getstate__(),
            "inner_optimizer": self.inner_optimizer,
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }


def _check_keywords(owner: str, keywords: dict[str, object]) -> None:
    if not keywords.pop("dynamic", True):
        raise ArgumentValueError(
            owner, "dynamic", False, "True; a fixed scale is an optimizer's loss_scale_factor"
        )
    for key in keywords:
        if key in CommonArguments.__annotations__:
            raise ArgumentError(
                f"{owner}: the argument {key!r} belongs to the optimizer inside it",
                hint="Give it to the inner optimizer.",
            )
        known = ("inner_optimizer", "initial_scale", "dynamic_growth_steps", "name")
        raise unknown_argument(owner, [key], known)
