"""What every built-in optimizer shares: parameters that come later, the rate of each step, the counter.

The classes are real ``torch.optim.Optimizer``s. Their hyperparameters and the step counter live in
``param_groups``, so ``state_dict``, torch's schedulers and distributed checkpoints carry them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, overload

import torch
from typing_extensions import Self

from kplug.errors import ContractError, NotBuiltError
from kplug.optimizers.arguments import Schedule, check_parameters
from kplug.optimizers.checkpoint import check_state, merge_groups
from kplug.optimizers.clipping import Clipping
from kplug.optimizers.kernels import (
    align_gradients,
    align_state,
    can_fuse,
    can_use_foreach,
)
from kplug.optimizers.rates import Rated


class Optimizer(Rated):
    """Base of the optimizers that follow Keras's rules on torch's kernels.

    A subclass names a torch optimizer as its second base, makes it with one empty parameter group,
    calls ``_configure`` and writes ``_update``.

    Attributes:
        lr: The learning rate before ``decay``; setting it reaches every parameter group.
        learning_rate: The same.
        iterations: How many steps were made.
        decay: lr of step i (from 0) is lr / (1 + decay · i).
        built: Whether the parameters are known.
    """

    fused_devices: ClassVar[frozenset[str]] = frozenset()

    if TYPE_CHECKING:  # torch's constructor wants parameters; those of our subclasses do not

        def __init__(self, *args: Any, **settings: Any) -> None: ...

    _clipping: Clipping | None = None

    # ------------------------------------------------------------------ construction

    def _configure(
        self, schedule: Schedule | None, clipping: Clipping | None, decay: float, **settings: object
    ) -> None:
        """Add what torch's constructor does not know to the first group and to later ones."""
        self._schedule, self._clipping = schedule, clipping
        self.defaults.update(settings)
        self.param_groups[0].update(settings, decay=decay, iterations=0)

    @property
    def built(self) -> bool:
        """Whether ``build`` has been called."""
        return bool(self.param_groups[0]["params"])

    def build(self, params: Iterable[torch.Tensor]) -> Self:
        """Take the parameters to train; parameters that already stand in a group of their own stay there.

        Args:
            params: Floating-point leaf tensors of any shapes.

        Returns:
            The optimizer itself. Building again with the same parameters changes nothing.

        Raises:
            ContractError: If it already trains other parameters, or one cannot be trained.
        """
        parameters = check_parameters(self._owner(), params)
        owned = {id(p) for group in self.param_groups for p in group["params"]}
        fresh = [p for p in parameters if id(p) not in owned]
        if self.built:
            if fresh or len(parameters) != len(owned):
                self._refuse_rebuild(len(fresh))
            return self
        if not fresh:
            raise ContractError(
                f"{self._owner()}: every parameter already stands in a group that add_param_group made",
                hint="Leave at least one for the first group.",
            )
        self.param_groups[0]["params"] = fresh
        self._prepare_group(self.param_groups[0])
        return self

    def _refuse_rebuild(self, unknown: int) -> NoReturn:
        owned = sum(len(group["params"]) for group in self.param_groups)
        reason = (
            f"{unknown} of the new ones are unknown to it" if unknown else "the new list is shorter"
        )
        raise ContractError(
            f"{self._owner()}: this optimizer already trains {owned} other parameters ({reason}); "
            "its state belongs to them",
            hint=f"Make a new one for this model: {type(self).__name__}.from_config("
            "optimizer.get_config()).",
        )

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with settings of their own, as in torch; before or after ``build``."""
        super().add_param_group(param_group)
        if self.param_groups[-1]["params"]:
            self._prepare_group(self.param_groups[-1])

    def _prepare_group(self, group: dict[str, Any]) -> None:
        """Choose torch's fastest exact kernel for the group and start what state it needs early."""
        parameters = group["params"]
        if "fused" in group and can_fuse(parameters, self.fused_devices):
            group["fused"], group["foreach"] = True, None
        elif "foreach" in group and can_use_foreach(parameters):
            group["foreach"] = True
        self._start_state(group)

    def _start_state(self, group: dict[str, Any]) -> None:
        """Make the state that cannot wait for the first step; by default none."""

    # ------------------------------------------------------------------ the step

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Update the parameters from their gradients; those without a gradient stay as they are.

        Args:
            closure: Computes the loss and the gradients; it is called once.

        Returns:
            What the closure returned.

        Raises:
            NotBuiltError: Before ``build``.
        """
        # This runs for every batch beside a fused kernel of some 20 µs: no loops or calls that the
        # plain case does not need.
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        head = self.param_groups[0]
        if not head["params"]:
            self._refuse_step()
        iteration = head["iterations"]
        for group in self.param_groups:
            if group.get("fused"):
                align_gradients(group["params"])
        if self._clipping is not None:
            self._clipping.apply([p for group in self.param_groups for p in group["params"]])
        if self._schedule is not None:
            rate = float(self._schedule(iteration))
            for group in self.param_groups:
                group["lr"] = rate
        if head["decay"]:
            self._update_with_decay(iteration, 1.0 + head["decay"] * iteration)
        else:
            self._update(iteration)
        head["iterations"] = iteration + 1
        return loss

    def _update_with_decay(self, iteration: int, divisor: float) -> None:
        """Lend every group its decayed rate for one update: schedulers must see the undecayed one."""
        rates = [group["lr"] for group in self.param_groups]
        try:
            for group, rate in zip(self.param_groups, rates, strict=True):
                group["lr"] = rate / divisor
            self._update(iteration)
        finally:
            for group, rate in zip(self.param_groups, rates, strict=True):
                group["lr"] = rate

    def _update(self, iteration: int) -> None:
        """Change the parameters with ``group["lr"]`` as the rate; ``iteration`` counts from 0."""
        raise NotImplementedError

    def _refuse_step(self) -> NoReturn:
        raise NotBuiltError(
            f"{self._owner()}: step() before the parameters are known",
            hint="Call build(model.parameters()), or compile the model with this optimizer.",
        )

    # ------------------------------------------------------------------ saving

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments with their current values, under the guide's names."""
        config: dict[str, Any] = {"lr": self._get_rate_config()}
        config.update(self._get_rule_config())
        if self._clipping is not None:
            config.update(self._clipping.get_config())
        return config

    def _get_rate_config(self) -> object:
        if self._schedule is None:
            return float(self.param_groups[0]["lr"])
        describe = getattr(self._schedule, "get_config", None)
        if describe is None:
            return self._schedule
        return {"class_name": type(self._schedule).__name__, "config": describe()}

    def _get_rule_config(self) -> dict[str, Any]:
        raise NotImplementedError

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make an optimizer, without parameters or state, from what ``get_config`` returned."""
        return cls(**config)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a saved state, ours or that of the torch optimizer with the same state.

        Raises:
            WeightsError: If the state belongs to parameters of other number or shape. Nothing changes.
        """
        check_state(self._owner(), self.param_groups, state_dict)
        merged = merge_groups(self.param_groups, state_dict)
        super().load_state_dict(merged)
        align_state(self)
        for group in self.param_groups:
            self._start_state(group)

    def __getstate__(self) -> dict[str, Any]:
        return {
            **super().__getstate__(),
            "_schedule": self._schedule,
            "_clipping": self._clipping,
        }
