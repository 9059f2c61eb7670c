"""The `Optimizer` base class: deferred parameters, the learning rate, the step counter.

The classes are real ``torch.optim.Optimizer``s. Their hyperparameters and the step counter live in
``param_groups``, so ``state_dict``, torch's schedulers and distributed checkpoints carry them.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast, overload

import torch
from torch import Tensor
from typing_extensions import Self

from kplug.components.arguments import require_nonnegative, require_positive
from kplug.components.configurable import (
    declared_name,
    read_config,
    remember_arguments,
    remember_look_ups,
)
from kplug.components.documentation import fill_documentation
from kplug.dialect.keras2.component_configs import translate_optimizer_config
from kplug.errors import ContractError, NotBuiltError
from kplug.optimizers.base import update_sequence
from kplug.optimizers.base.accumulation import GradientAccumulation
from kplug.optimizers.base.clipping import Clipping
from kplug.optimizers.base.common_arguments import (
    SHARED_WORDS,
    CommonArguments,
    CommonSettings,
    list_own_arguments,
    refuse_unknown,
    takes_both_spellings,
)
from kplug.optimizers.base.hyperparameters import GroupSetting
from kplug.optimizers.base.lr_and_learning_rate import (
    SPELLINGS,
    LearningRateAttribute,
    Schedule,
    describe_rate,
    read_rate,
    refuse_both,
)
from kplug.optimizers.base.parameters import find_new, read_groups, require_same
from kplug.optimizers.base.saved_state import (
    check_complete,
    check_settings,
    check_state,
    list_settings,
    merge_groups,
)
from kplug.optimizers.base.state_keys import list_keys
from kplug.optimizers.base.torch_kernels import (
    align_state,
    choose_kernel,
    find_torch_class,
    get_plain_method,
    get_unhooked_step,
    hook_step,
)
from kplug.optimizers.base.weight_decay import OWN_DECAY, Exclusions
from kplug.registry.suggestions import unknown_argument


class Optimizer(torch.optim.Optimizer):
    """Base of the optimizers that follow Keras's rules on torch's kernels.

    A subclass has a torch optimizer as its second base, calls ``_start`` in its constructor and defines
    ``_update``.

    Attributes:
        lr: The learning rate before ``decay``; setting it changes every parameter group.
        learning_rate: The same.
        iterations: The number of updates; with gradient accumulation, every k-th step is one.
        decay: lr of step i (from 0) is lr / (1 + decay · i).
        built: Whether the parameters are known.
        is_elementwise: Whether the rule updates each number from its own gradient and moments alone, so
            that it may run on shards. A class attribute.
        state_blocks: The keys of the rule's state per weight, in the order of Keras's optimizer of the same
            rule; Keras creates those of one tuple together. A class attribute, not inherited.

    Raises:
        ArgumentValueError: If a number is outside its range.
        ArgumentError: If both spellings of the rate, or two ways of clipping, are given.
    """

    is_elementwise: ClassVar[bool] = False
    fused_devices: ClassVar[frozenset[str]] = frozenset()
    # Fused kernels compute in float32: in float16 the squares of small gradients would be 0.
    fuses_halves_on_cpu: ClassVar[bool] = True
    state_blocks: ClassVar[tuple[tuple[str, ...], ...]] = ()
    # Arguments that the class lacks, with the values that configurations may contain.
    _unset_arguments: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    lr = learning_rate = LearningRateAttribute()
    decay = GroupSetting("decay", require_nonnegative)

    _torch_step: ClassVar[Callable[..., Any]]
    _schedule: Schedule | None = None
    # Of the groups with a rate of their own, by their place: None is a constant rate.
    _own_schedules: Mapping[int, Schedule | None]
    _common = CommonSettings()
    # Cached from ``_common``, as each step reads them.
    _clipping: Clipping | None = None
    _is_plain = True
    _weight: Any = 1.0  # of the gradients of the next step
    given_arguments: tuple[str, ...] = ()
    _looked_up: Mapping[str, Any] = {}
    _names: dict[Tensor, str]
    _exclusions: Exclusions

    if TYPE_CHECKING:  # unlike torch's, our constructors take no parameters

        def __init__(self, *args: Any, **settings: Any) -> None: ...

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Find torch's step, and add the descriptions of common arguments to the docstring."""
        super().__init_subclass__(**keywords)
        remember_arguments(cls)
        cls._torch_step = get_unhooked_step(find_torch_class(cls))
        if "__init__" in vars(cls):
            cls.__init__ = takes_both_spellings(cls.__init__)  # type: ignore[method-assign]
        remember_look_ups(cls)  # schedules, and the optimizers inside
        own = list_own_arguments(cls)
        if "lr" in own:
            fill_documentation(cls, SHARED_WORDS, [*own, "common"])

    # ------------------------------------------------------------------ construction

    def _start(self, lr: object, common: CommonArguments, **settings: Any) -> None:
        """Check all arguments, then initialize the optimizer without parameters.

        Args:
            lr: The learning rate or schedule.
            common: The keywords that every optimizer takes.
            settings: The hyperparameters by the names of their ``GroupSetting`` attributes.

        Raises:
            ArgumentError: For both spellings of the rate, two ways of clipping, or an unknown keyword.
            ArgumentValueError: If a value is outside its range.
        """
        owner = self._owner()
        refuse_unknown(
            owner, common, [*list_own_arguments(type(self)), *CommonArguments.__annotations__]
        )
        if common.get("learning_rate") is not None:
            refuse_both(owner, lr, common["learning_rate"])
        rate, schedule = read_rate(owner, "lr", lr)
        checked = CommonSettings.from_arguments(owner, common)
        group: dict[str, Any] = {"lr": rate}
        for name, value in settings.items():
            setting: GroupSetting = getattr(type(self), name)
            setting.put(group, setting.check(owner, name, value))
        self._start_torch(group)
        self._start_parts(checked)
        self._schedule = schedule

    def _start_torch(self, group: dict[str, Any]) -> None:
        """Call the torch optimizer's constructor with one empty parameter group."""
        torch_class: Any = find_torch_class(type(self))
        if torch_class is torch.optim.Optimizer:
            torch_class.__init__(self, [{"params": []}], group)
            return
        known = _list_torch_arguments(torch_class)
        given = {key: value for key, value in group.items() if key in known}
        torch_class.__init__(self, [{"params": []}], **given)
        self._set_in_groups(**group)

    def _start_parts(self, common: CommonSettings) -> None:
        """Initialize the parts beside the rule, and the step counter."""
        self._names, self._exclusions, self._own_schedules = {}, Exclusions(), {}
        self._use_common(common)
        self._set_in_groups(decay=self.param_groups[0].get("decay", 0.0))
        self.param_groups[0]["iterations"] = 0

    def _use_common(self, common: CommonSettings) -> None:
        self._common = common
        self._is_plain = common.is_plain and not any(OWN_DECAY in g for g in self.param_groups)
        self._clipping = common.clipping

    def _set_in_groups(self, **values: object) -> None:
        """Set values in all parameter groups, later ones included."""
        for settings in (self.defaults, *self.param_groups):
            settings.update(values)

    @classmethod
    def _owner(cls) -> str:
        return declared_name(cls)

    # ------------------------------------------------------------------ parts beside the rule

    @property
    def name(self) -> str:
        """The given name, or that of the class."""
        return self._common.name or self._owner()

    @property
    def weight_decay(self) -> float | None:
        """The part of the learning rate by which weights shrink before each update, or None."""
        return self._common.weight_decay

    @property
    def use_ema(self) -> bool:
        """Whether a moving average of the weights is kept."""
        return self._common.use_ema

    @property
    def clipnorm(self) -> float | None:
        """Largest norm of each gradient, or None."""
        return self._common.clipnorm

    @property
    def clipvalue(self) -> float | None:
        """Largest magnitude of each gradient element, or None."""
        return self._common.clipvalue

    @property
    def global_clipnorm(self) -> float | None:
        """Largest norm of all gradients together, or None."""
        return self._common.global_clipnorm

    @property
    def gradient_accumulation_steps(self) -> int | None:
        """The number of gradients per update, or None."""
        return self._common.gradient_accumulation_steps

    @property
    def gradient_accumulation_mean(self) -> str:
        """``"samples"`` or ``"steps"``: what the mean of several gradients is over."""
        return self._common.gradient_accumulation_mean

    def weigh(self, weight: float | Tensor) -> None:
        """Set the weight of the next step's gradients among those that are accumulated; 1 if not called.

        Args:
            weight: What the loss was divided by: the number of samples, or the sum of their weights; a number
                or a tensor of shape ().
        """
        self._weight = weight

    def list_accumulations(self) -> list[GradientAccumulation | None]:
        """Return the accumulation of each optimizer that this one consists of, or None."""
        return [self._common.accumulation]

    @property
    def loss_scale_factor(self) -> float | None:
        """The factor of the loss before the backward pass, or None."""
        return self._common.loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: float | None) -> None:
        if value is not None:
            value = require_positive(self._owner(), "loss_scale_factor", value)
        self._use_common(dataclasses.replace(self._common, loss_scale_factor=value))

    @property
    def scales_loss(self) -> bool:
        """Whether the loss must go through ``scale_loss`` before the backward pass."""
        return self.loss_scale_factor is not None

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss times ``loss_scale_factor``; the step divides the gradients by it."""
        scaling = self._common.scaling
        return loss if scaling is None else scaling.scale(loss)

    @property
    def iterations(self) -> int:
        """The number of updates."""
        steps: int = self.param_groups[0]["iterations"]
        return steps // (self.gradient_accumulation_steps or 1)

    @iterations.setter
    def iterations(self, value: int) -> None:
        updates = int(require_nonnegative(self._owner(), "iterations", value))
        self.param_groups[0]["iterations"] = updates * (self.gradient_accumulation_steps or 1)

    @property
    def follows_schedule(self) -> bool:
        """Whether a learning rate is computed from the step, so that setting it has no effect."""
        return any(each is not None for each in (self._schedule, *self._own_schedules.values()))

    # ------------------------------------------------------------------ parameters

    @property
    def built(self) -> bool:
        """Whether ``build`` has been called."""
        return bool(self.param_groups[0]["params"])

    def build(self, params: Iterable[Any]) -> Self:
        """Set the parameters to train; parameters that are already in a group stay there.

        Args:
            params: Floating-point leaf tensors of any shapes, or (name, tensor) pairs as from
                ``named_parameters()``, which rules that use names require. Or groups: dicts with
                ``params`` and settings for them, see ``add_param_group``.

        Returns:
            The optimizer itself. Building again with the same parameters changes nothing.

        Raises:
            ContractError: If it already trains other parameters, one cannot be trained, or a group is empty
                or shares a parameter with another one.
            ArgumentError: If a group has a setting that the optimizer lacks.
            ArgumentValueError: If a setting is outside its range.
        """
        names, groups = read_groups(self._owner(), params)
        owned = self._list_parameters()
        if self.built:
            parameters = [each for group in groups for each in group.parameters]
            require_same(type(self), self._owner(), owned, parameters)
            return self
        fresh = find_new(groups[0].parameters, owned)
        if not fresh:
            raise ContractError(
                f"{self._owner()}: every parameter already stands in a group that add_param_group made",
                hint="Leave at least one for the first group.",
            )
        head = self.param_groups[0]
        made = [self._read_settings(group.settings, head) for group in groups]
        self._names |= names
        self._follow(0, made[0])
        head.update(made[0], params=fresh)
        self._use_common(self._common)
        self._prepare_group(head)
        for group, settings in zip(groups[1:], made[1:], strict=True):
            self._add_group(group.parameters, settings)
        return self

    def _read_settings(self, given: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
        """Return the entries of a parameter group: settings by the names of arguments, and the others.

        The schedule of a rate of its own, or None for a number, is the entry ``schedule``.
        """
        owner, group = self._owner(), {**others}
        for left_out in ("params", "iterations"):
            group.pop(left_out, None)
        known = {setting.name: setting for setting in list_settings(type(self))}
        for name, value in given.items():
            if name in SPELLINGS:
                if given.keys() >= SPELLINGS:
                    refuse_both(owner, given["lr"], given["learning_rate"])
                group["lr"], group["schedule"] = read_rate(owner, name, value)
            elif name in known:
                known[name].put(group, known[name].check(owner, name, value))
            elif name == "weight_decay":
                self._put_weight_decay(group, require_nonnegative(owner, name, value))
            else:
                allowed = ["lr", *known, "weight_decay"]
                raise unknown_argument(f"a parameter group of {owner}", [name], allowed)
        return group

    def _put_weight_decay(self, group: dict[str, Any], value: float) -> None:
        """Write a ``weight_decay`` of its own into a parameter group."""
        group[OWN_DECAY] = value

    def _follow(self, place: int, group: dict[str, Any]) -> None:
        """Take the schedule out of what ``_read_settings`` returned for a group."""
        if "schedule" in group:
            self._own_schedules = {**self._own_schedules, place: group.pop("schedule")}

    def _add_group(self, parameters: Any, settings: dict[str, Any]) -> None:
        self._follow(len(self.param_groups), settings)
        # The wrapper of torch's method imports torch's compiler, for 1.5 seconds.
        add_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
        add_group(self, {"params": parameters, **settings})
        if OWN_DECAY in settings:
            self._use_common(self._common)
        if self.param_groups[-1]["params"]:
            self._prepare_group(self.param_groups[-1])

    def _list_parameters(self) -> list[Tensor]:
        return [parameter for group in self.param_groups for parameter in group["params"]]

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[Tensor] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Exclude parameters from ``weight_decay``; call it before ``build``.

        Args:
            var_list: The parameters.
            var_names: Regular expressions that are searched for in the parameters' names, such as
                ``"bias"``. Names require ``build(model.named_parameters())``, as in ``fit``.

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
        """Add parameters with settings of their own, as in torch; before or after ``build``.

        Args:
            param_group: ``params``, and settings under the names of the optimizer's arguments. A group with
                an ``lr`` of its own, a number or a schedule, does not follow the optimizer's schedule.

        Raises:
            ArgumentError: If the optimizer lacks a setting.
            ArgumentValueError: If a setting is outside its range.
        """
        given = {key: value for key, value in param_group.items() if key != "params"}
        self._add_group(
            param_group["params"], self._read_settings(given, self.defaults) if given else {}
        )

    def _prepare_group(self, group: dict[str, Any]) -> None:
        halves = self.fuses_halves_on_cpu
        choose_kernel(group, self.fused_devices, fuses_halves_on_cpu=halves)
        self._start_state(group)

    def _start_state(self, group: dict[str, Any]) -> None:
        """Create the state that must exist before the first step; by default none."""

    # ------------------------------------------------------------------ the step

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Update the parameters from their gradients; those without a gradient do not change.

        Args:
            closure: Computes the loss and the gradients; it is called once.

        Returns:
            The result of the closure.

        Raises:
            NotBuiltError: Before ``build``.
        """
        # Hot path, next to a fused kernel of some 20 µs: no loops or calls that the plain case does not
        # need.
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        head = self.param_groups[0]
        if not head["params"]:
            self._refuse_step()
        iteration = head["iterations"]
        if self._is_plain:
            self._step_without_parts(iteration)
        else:
            self._step_with_parts(iteration)
        head["iterations"] = iteration + 1
        return loss

    profile_hook_step = staticmethod(hook_step)  # type: ignore[assignment]  # torch calls it
    apply = update_sequence.apply
    apply_gradients = update_sequence.apply_gradients
    finalize_variable_values = update_sequence.finalize_variable_values
    _step_with_parts = update_sequence.step_with_parts
    _step_without_parts = update_sequence.step_without_parts
    _shrink_group = update_sequence.shrink_group
    _shrink = update_sequence.shrink_some

    def _update(self, iteration: int) -> None:
        """Change the parameters with ``group["lr"]`` as the rate; ``iteration`` counts from 0."""
        raise NotImplementedError

    def _finish_group(self, group: dict[str, Any], plan: Any) -> None:
        """Finish an update in the list form of a group, for parameters without gradient."""

    def _refuse_step(self) -> NoReturn:
        raise NotBuiltError(
            f"{self._owner()}: step() before the parameters are known",
            hint="Call build(model.parameters()), or compile the model with this optimizer.",
        )

    # ------------------------------------------------------------------ in files

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments with their current values."""
        return {"lr": describe_rate(self), **self._get_rule_config(), **self._common.get_config()}

    def _get_rule_config(self) -> dict[str, Any]:
        """Return the arguments specific to this optimizer, which are attributes of the same names."""
        names = [name for name in list_own_arguments(type(self)) if name not in SPELLINGS]
        return {name: getattr(self, name) for name in names if hasattr(self, name)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make an optimizer without parameters or state from a configuration of kplug or Keras."""
        return cls(**translate_optimizer_config(read_config(cls, config), cls._unset_arguments))

    def state_dict(self) -> dict[str, Any]:
        """Return the settings and the state, as every optimizer of torch does."""
        return cast("dict[str, Any]", get_plain_method(super().state_dict)())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a saved state of this optimizer, or of the torch optimizer with the same state.

        Raises:
            WeightsError: If the state has other numbers or shapes of parameters, is incomplete, or
                holds a setting that this optimizer cannot have. Nothing changes.
        """
        owner, groups = self._owner(), self.param_groups
        check_state(owner, groups, state_dict, self._get_state_shape)
        check_settings(owner, groups, state_dict["param_groups"], self._list_settings)
        check_complete(owner, groups, state_dict, self._list_state_keys)
        get_plain_method(super().load_state_dict)(merge_groups(groups, state_dict))
        align_state(self.state)
        self._use_common(self._common)
        for group in self.param_groups:
            self._start_state(group)

    def _list_settings(self, group: dict[str, Any]) -> list[GroupSetting]:  # noqa: ARG002
        """Return the settings that are stored in parameter groups."""
        return list_settings(type(self))

    def _list_state_keys(self, group: dict[str, Any], settings: Mapping[str, Any]) -> set[str]:  # noqa: ARG002
        """Return the keys of a parameter's state under a group's settings."""
        return list_keys(self, settings)

    def _get_state_shape(self, name: str, parameter: Tensor) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape that a state tensor must have."""
        return tuple(parameter.shape)

    def __getstate__(self) -> dict[str, Any]:
        kept = (
            "_schedule",
            "_own_schedules",
            "_common",
            "_clipping",
            "_is_plain",
            "_names",
            "_exclusions",
            "given_arguments",
            "_looked_up",
        )
        return {**super().__getstate__(), **{name: getattr(self, name) for name in kept}}


@functools.cache  # inspect.signature takes longer than making an optimizer
def _list_torch_arguments(torch_class: type) -> frozenset[str]:
    return frozenset(inspect.signature(torch_class.__init__).parameters)  # type: ignore[misc]
