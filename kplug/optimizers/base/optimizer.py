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
from kplug.optimizers.base.common_arguments import (
    CommonArguments,
    Exclusions,
    Extras,
    Shared,
    check_clipping,
    check_name,
)
from kplug.optimizers.base.hyperparameters import check_parameters, split_names
from kplug.optimizers.base.moving_average import step_with_extras, write_averages
from kplug.optimizers.base.stored import Stored
from kplug.optimizers.base.torch_kernels import (
    align_gradients,
    can_fuse,
    can_use_foreach,
    make_dense,
)


class Optimizer(Stored):
    """Base of the optimizers that follow Keras's rules on torch's kernels.

    A subclass names a torch optimizer as its second base, makes it with one empty parameter group,
    calls ``_configure`` and writes ``_update``.

    Attributes:
        lr: The learning rate before ``decay``; setting it reaches every parameter group.
        learning_rate: The same.
        iterations: How many steps were made.
        decay: lr of step i (from 0) is lr / (1 + decay · i).
        built: Whether the parameters are known.
        is_elementwise: Whether the rule changes each number by its own gradient and moments alone, so
            that it may run on parts of weights. A class says so of itself.
    """

    is_elementwise: ClassVar[bool] = False
    fused_devices: ClassVar[frozenset[str]] = frozenset()

    if TYPE_CHECKING:  # torch's constructor wants parameters; those of our subclasses do not

        def __init__(self, *args: Any, **settings: Any) -> None: ...

    # ------------------------------------------------------------------ construction

    def _check_shared(self, lr: object, common: CommonArguments) -> Shared:
        """Check the arguments that every optimizer takes; nothing is assigned yet.

        Raises:
            ArgumentError: For both spellings of the rate, or two ways of clipping.
            ArgumentValueError: If a value is outside its range.
        """
        owner = self._owner()
        rate, schedule = self._resolve_rate(lr, common.get("learning_rate"))
        return Shared(
            rate,
            schedule,
            check_clipping(owner, common),
            Extras.from_arguments(owner, common),
            check_name(owner, common.get("name")),
        )

    def _configure(self, shared: Shared, *, decay: float = 0.0, **settings: object) -> None:
        """Add what torch's constructor does not know to the first group and to later ones."""
        self._schedule, self._clipping = shared.schedule, shared.clipping
        self._name = shared.name
        self._names, self._exclusions = {}, Exclusions()
        self._use_extras(shared.extras)
        self.defaults.update(settings)
        self.param_groups[0].update(settings, decay=decay, iterations=0)

    @property
    def name(self) -> str:
        """The name that was given, or that of the class."""
        return self._name or self._owner()

    @property
    def built(self) -> bool:
        """Whether ``build`` has been called."""
        return bool(self.param_groups[0]["params"])

    def build(self, params: Iterable[Any]) -> Self:
        """Take the parameters to train; parameters that already stand in a group of their own stay there.

        Args:
            params: Floating-point leaf tensors of any shapes, or (name, tensor) pairs as of
                ``named_parameters()``: rules that go by names need them.

        Returns:
            The optimizer itself. Building again with the same parameters changes nothing.

        Raises:
            ContractError: If it already trains other parameters, or one cannot be trained.
        """
        names, tensors = split_names(params)
        parameters = check_parameters(self._owner(), tensors)
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
        self._names |= names
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

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[torch.Tensor] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Name the parameters that ``weight_decay`` leaves alone; call it before ``build``.

        Args:
            var_list: The parameters.
            var_names: Regular expressions that are searched for in the parameters' names, such as
                ``"bias"``. Names are known to ``build(model.named_parameters())`` and to ``fit``.

        Raises:
            ContractError: After ``build``.
        """
        if self.built:
            raise ContractError(
                f"{self._owner()}: exclude_from_weight_decay() after the parameters were given",
                hint="Call it before build() or compile().",
            )
        self._exclusions = Exclusions(list(var_list or ()), list(var_names or ()))

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
        if self._extras is None:
            self._advance(iteration, iteration)
        else:
            step_with_extras(self, self._extras, iteration)
        head["iterations"] = iteration + 1
        return loss

    def _advance(self, iteration: int, updates: int) -> None:
        """Clip the gradients, set the rate of this step and update.

        Args:
            iteration: How many steps were made: what schedules and ``decay`` count.
            updates: How many updates were made: what the rule counts.
        """
        for group in self.param_groups:
            if group.get("fused"):
                align_gradients(group["params"])
            else:
                make_dense(group["params"])
        if self._clipping is not None:
            self._clipping.apply([p for group in self.param_groups for p in group["params"]])
        if self._schedule is not None:
            rate = float(self._schedule(iteration))
            for group in self.param_groups:
                group["lr"] = rate
        decay = self.param_groups[0]["decay"]
        if decay:
            self._update_with_decay(updates, 1.0 + decay * iteration)
        elif self._extras is None:
            self._update(updates)
        else:
            self._update_after_weight_decay(updates)

    def _update_after_weight_decay(self, updates: int) -> None:
        self._decay_weights()
        self._update(updates)

    def _update_with_decay(self, updates: int, divisor: float) -> None:
        """Lend every group its decayed rate for one update: schedulers must see the undecayed one."""
        rates = [group["lr"] for group in self.param_groups]
        try:
            for group, rate in zip(self.param_groups, rates, strict=True):
                group["lr"] = rate / divisor
            self._update_after_weight_decay(updates)
        finally:
            for group, rate in zip(self.param_groups, rates, strict=True):
                group["lr"] = rate

    def _finish_group(self, group: dict[str, Any]) -> None:
        """Do what remains of a compiled update of a group; by default nothing."""

    def _update(self, iteration: int) -> None:
        """Change the parameters with ``group["lr"]`` as the rate; ``iteration`` counts from 0."""
        raise NotImplementedError

    def finalize_variable_values(self, var_list: Iterable[torch.Tensor] | None = None) -> None:
        """With ``use_ema``, give the weights their moving averages; ``fit`` does it at its end.

        Args:
            var_list: The parameters to change; by default all.
        """
        if self.use_ema:
            write_averages(self, var_list)

    def _refuse_step(self) -> NoReturn:
        raise NotBuiltError(
            f"{self._owner()}: step() before the parameters are known",
            hint="Call build(model.parameters()), or compile the model with this optimizer.",
        )
