"""The contract of an optimizer, and torch's own ones brought to it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import torch

from kplug.components.contracts import find_signature
from kplug.errors import ContractError, KplugError
from kplug.optimizers.base.lr_and_learning_rate import SPELLINGS
from kplug.optimizers.base.optimizer import Optimizer
from kplug.optimizers.base.parameters import ParameterGroup, read_groups
from kplug.registry.building.reverse_lookup import name_of
from kplug.registry.problems import describe_error
from kplug.registry.quoting import name_type, quote
from kplug.registry.suggestions import find_closest, unknown_argument

_EXPECTED: Final = (
    "Give a name, a kplug or torch optimizer (class or instance), or a function of the parameters "
    "that returns a torch.optim.Optimizer."
)

_OPEN: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class TorchOptimizerFactory:
    """Something that makes a ``torch.optim.Optimizer`` as soon as the parameters are known.

    Args:
        make: A torch optimizer class, a ``functools.partial`` of one, or a function of the parameters.

    Example:
        >>> import torch
        >>> factory = TorchOptimizerFactory(functools.partial(torch.optim.AdamW, lr=1e-3))
        >>> factory
        TorchOptimizerFactory(AdamW, lr=0.001)
        >>> type(factory.build([torch.nn.Parameter(torch.zeros(2))])).__name__
        'AdamW'
    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self.make = make

    def build(self, params: Iterable[Any]) -> torch.optim.Optimizer:
        """Make the optimizer for these parameters.

        Args:
            params: Parameters, (name, parameter) pairs, or groups: dicts with ``params`` and settings.

        Raises:
            ContractError: If it cannot be made, or what was made is no torch optimizer.
            ArgumentError: If a group has a setting whose name is nearly one of the optimizer's.
        """
        names, groups = read_groups(self.name, params)
        parameters = [each for group in groups for each in group.parameters]
        given: list[Any] = parameters
        if groups[0].settings or len(groups) > 1:
            given = [{"params": group.parameters, **group.settings} for group in groups]
        try:
            made = self.make(given) if _takes_parameters(self.make) else self.make()
        except KplugError:
            raise
        except Exception as error:
            raise ContractError(
                f"the optimizer {self._call} cannot be made: {describe_error(error)}"
            ) from error
        if isinstance(made, Optimizer):
            return made.build(_name(given, names))
        if not isinstance(made, torch.optim.Optimizer):
            raise ContractError(
                f"{self.name} returned {_describe(made)}, not a torch.optim.Optimizer",
                hint=_EXPECTED,
            )
        check_ownership(made, parameters)
        arguments = find_signature(self.make)
        known = [*made.defaults, *(() if arguments is None else arguments.parameters)]
        _check_settings(self.name, groups, known)
        return made

    @property
    def name(self) -> str:
        """The name of what is called, without arguments."""
        return name_of(self.make)

    @property
    def _call(self) -> str:
        """The call with its arguments, quoted for messages."""
        return f"{self.name}({', '.join(self._show_arguments(quote))})"

    def __repr__(self) -> str:
        return f"TorchOptimizerFactory({', '.join([self.name, *self._show_arguments(repr)])})"

    def _show_arguments(self, show: Callable[[object], str]) -> list[str]:
        arguments = self.make.keywords if isinstance(self.make, functools.partial) else {}
        return [f"{key}={show(value)}" for key, value in arguments.items()]


def as_optimizer(obj: object) -> torch.optim.Optimizer | TorchOptimizerFactory:
    """Return what ``compile`` can use: an optimizer, or something that builds one from parameters.

    Args:
        obj: An optimizer instance; a class; a ``functools.partial``; a function of the parameters, or
            of nothing.

    Raises:
        ContractError: If it is none of these.
    """
    if isinstance(obj, torch.optim.Optimizer | TorchOptimizerFactory):
        return obj
    target = obj.func if isinstance(obj, functools.partial) else obj
    if isinstance(target, type):
        if issubclass(target, Optimizer):
            return obj()  # type: ignore[operator, no-any-return]
        if not issubclass(target, torch.optim.Optimizer):
            raise ContractError(
                f"the class {target.__name__} is no torch.optim.Optimizer", hint=_EXPECTED
            )
    if not callable(obj):
        raise ContractError(f"{_describe(obj)} is no optimizer", hint=_EXPECTED)
    return TorchOptimizerFactory(obj)


def build_optimizer(
    obj: object,
    params: Iterable[torch.Tensor],
    names: Mapping[torch.Tensor, str] | None = None,
) -> torch.optim.Optimizer:
    """Return an optimizer that trains the parameters.

    Args:
        obj: Whatever ``as_optimizer`` takes. An instance that already has parameters is kept.
        params: The model's trainable parameters.
        names: Their names, for optimizers whose rule goes by names.

    Raises:
        ContractError: If an instance was made for parameters that are not the model's.
    """
    parameters = list(params)
    made = give_parameters(as_optimizer(obj), _name(parameters, names or {}))
    _check_step(made)
    return made


def give_parameters(
    optimizer: torch.optim.Optimizer | TorchOptimizerFactory, params: Iterable[Any]
) -> torch.optim.Optimizer:
    """Return an optimizer of these parameters, (name, parameter) pairs or groups."""
    if isinstance(optimizer, Optimizer | TorchOptimizerFactory):
        return optimizer.build(params)
    _, groups = read_groups(type(optimizer).__name__, params)
    check_ownership(optimizer, [each for group in groups for each in group.parameters])
    return optimizer


def _name(params: Iterable[Any], names: Mapping[torch.Tensor, str]) -> list[Any]:
    """Return (name, parameter) pairs for the parameters that have a name, also in groups."""
    return [
        {**each, "params": _name(each["params"], names)}
        if isinstance(each, dict)
        else (names[each], each)
        if each in names
        else each
        for each in params
    ]


def find_loss_scaling(
    optimizer: torch.optim.Optimizer | None,
) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """Return the function that scales the loss before the backward pass, if the optimizer wants it."""
    if isinstance(optimizer, Optimizer) and optimizer.scales_loss:
        return optimizer.scale_loss
    return None


def needs_gradient_graph(optimizer: torch.optim.Optimizer | None) -> bool:
    """Whether a step differentiates the gradients: the class says ``needs_gradient_graph = True``.

    Estimates of second derivatives do, such as Hutchinson's of the Hessian's diagonal. The gradients then
    come with the graph that made them, which takes about twice the time and memory of a step.
    """
    return bool(getattr(optimizer, "needs_gradient_graph", False))


def differentiate(
    loss: torch.Tensor, parameters: Iterable[torch.Tensor], *, keep_graph: bool = False
) -> None:
    """Set the gradients of parameters that have none yet.

    Args:
        loss: What is differentiated.
        parameters: Those of the model; the frozen ones are left alone.
        keep_graph: Whether the gradients can be differentiated again.
    """
    if not keep_graph:
        loss.backward()  # type: ignore[no-untyped-call]
        return
    # Not backward(create_graph=True): it would tie weights and gradients to one another for ever.
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    gradients: tuple[torch.Tensor | None, ...] = torch.autograd.grad(
        loss, trained, create_graph=True, allow_unused=True
    )
    seen: set[int] = set()
    for parameter, gradient in zip(trained, gradients, strict=True):
        # One tensor may be the gradient of two weights, as of a sum, and clipping works in place.
        is_shared = id(gradient) in seen or (gradient is not None and gradient._is_view())
        seen.add(id(gradient))
        parameter.grad = gradient.clone() if is_shared and gradient is not None else gradient


def needs_closure(optimizer: torch.optim.Optimizer | None) -> bool:
    """Whether a step computes the loss itself: it has to be given a closure, or the class says so.

    Such a class has ``needs_closure = True``. The closure computes loss and gradients of the batch, as
    often as the step calls it; its first call is the one whose loss ``fit`` reports.
    """
    if optimizer is None:
        return False
    kind: Any = type(optimizer)
    stated = getattr(optimizer, "needs_closure", None)
    return _has_to_have_closure(kind) if stated is None else bool(stated)


@functools.cache  # a custom step asks each time
def _has_to_have_closure(kind: type[torch.optim.Optimizer]) -> bool:
    return "closure" in _list_required(kind)


def _list_required(kind: type[torch.optim.Optimizer]) -> list[str]:
    """Return the arguments of ``step`` that have no default."""
    arguments = list(inspect.signature(kind.step).parameters.values())[1:]
    return [
        each.name for each in arguments if each.default is each.empty and each.kind not in _OPEN
    ]


def take_step(optimizer: torch.optim.Optimizer, compute: Callable[[], torch.Tensor]) -> None:
    """Make a step from the gradients that a function sets, such as one that calls `set_gradients`.

    Args:
        optimizer: One that takes the gradients as they are, or one that needs a closure.
        compute: Sets the gradients of the parameters, and returns the loss.
    """
    if needs_closure(optimizer):
        optimizer.step(torch.enable_grad()(lambda: compute().detach()))  # type: ignore[arg-type]  # torch's: float
    else:
        compute()
        optimizer.step()


def set_gradients(
    optimizer: torch.optim.Optimizer,
    parameters: list[torch.Tensor],
    function: Callable[[list[torch.Tensor]], torch.Tensor],
) -> torch.Tensor:
    """Set the gradients of a function that a step needs, as ``fit`` does, and return its value."""
    value = function(parameters)
    for parameter in parameters:
        parameter.grad = None
    scale = find_loss_scaling(optimizer) or (lambda loss: loss)
    differentiate(scale(value), parameters, keep_graph=needs_gradient_graph(optimizer))
    return value


def finalize_weights(optimizer: torch.optim.Optimizer | None) -> None:
    """End a training: an optimizer that keeps averages of the weights gives them to the model."""
    if isinstance(optimizer, Optimizer):
        optimizer.finalize_variable_values()


def check_ownership(optimizer: torch.optim.Optimizer, parameters: list[torch.Tensor]) -> None:
    """Refuse an optimizer that trains something else; training a part of the parameters is fine.

    Raises:
        ContractError: If it holds a parameter that is not in the list.
    """
    known = {id(parameter) for parameter in parameters}
    held = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    foreign = sum(id(parameter) not in known for parameter in held)
    if foreign:
        name = type(optimizer).__name__
        raise ContractError(
            f"the optimizer {name} was made for other parameters: {foreign} of its {len(held)} are "
            f"not among this model's {len(parameters)}, so training would not change the model",
            hint=f"Make it after the model is built, from its parameters; or give the class or a "
            f"factory, which gets the right ones: optimizer=functools.partial(torch.optim.{name}, …).",
        )


def _check_step(optimizer: torch.optim.Optimizer) -> None:
    """Refuse an optimizer whose step wants what no training has.

    Raises:
        ContractError: An argument of its step has no default and is no closure; or its step computes the loss
            of a batch again and again, and gradients are accumulated over several batches.
    """
    name, required = type(optimizer).__name__, _list_required(type(optimizer))
    if foreign := [each for each in required if each != "closure"]:
        raise ContractError(
            f"the optimizer {name} cannot be used by fit: its step needs {', '.join(map(repr, foreign))}",
            hint="Use one whose step takes no more than a closure, or write the loop yourself.",
        )
    if not needs_closure(optimizer):
        return
    for each in (optimizer, *vars(optimizer).values()):
        if isinstance(each, Optimizer) and any(each.list_accumulations()):
            raise ContractError(
                f"the optimizer {name} computes the loss of a batch again at other weights, and "
                f"{type(each).__name__} accumulates the gradients of several batches, which are gone by then",
                hint="Leave gradient_accumulation_steps out, and take a larger batch_size.",
            )


def _check_settings(owner: str, groups: Iterable[ParameterGroup], known: Collection[str]) -> None:
    """Refuse misspelt settings of parameter groups, which torch's optimizers ignore.

    Other names are kept: a rule may read what its defaults do not list.
    """
    for key in {key for group in groups for key in group.settings if key not in known}:
        if key in SPELLINGS or find_closest(key, known):
            raise unknown_argument(f"a parameter group of {owner}", [key], known)


def _takes_parameters(make: Callable[..., Any]) -> bool:
    """Tell whether a factory wants the parameters: its first argument has no default, or is so named."""
    try:
        arguments = list(inspect.signature(make).parameters.values())
    except ValueError:  # a built-in without a signature
        return True
    if not arguments or arguments[0].kind in (
        inspect.Parameter.KEYWORD_ONLY,
        inspect.Parameter.VAR_KEYWORD,
    ):
        return False
    first = arguments[0]
    return first.default is first.empty or first.name in ("params", "parameters")


def _describe(obj: object) -> str:
    return f"{quote(obj)} ({name_type(obj)})"
