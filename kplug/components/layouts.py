"""Adapts channels-first components, such as those of torch and MONAI, to channels-last tensors.

In kplug, the channels are always the last axis. `channels_first` converts between the two layouts.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any, TypeVar

from torch import Tensor

from kplug.errors import ContractError
from kplug.registry.building.reverse_lookup import name_of
from kplug.support.nested import find_leaves, map_leaves

Adapted = TypeVar("Adapted", bound=Callable[..., Any])

#: The methods that take the tensors, in order of precedence: metrics of kplug, losses and layers of kplug,
#: metrics of torchmetrics, modules of torch, other callables.
_METHODS = ("update_state", "call", "update", "forward", "__call__")

_NOTE = "In kplug the channels are on the last axis: `kplug.channels_first` moves them."


def channels_first(target: Adapted) -> Adapted:
    """Adapt a component of a channels-first library to tensors with the channels last.

    Among its input tensors, those of the highest rank have their last axis moved to the second place, if
    that rank is 3 or more. Class ids of shape (N, H, W) beside predictions of shape (N, H, W, C) stay
    unchanged. Results of the same or a higher rank have their channels moved back; results of a lower
    rank, such as losses, have none. No tensor is copied.

    Args:
        target: A class, such as ``monai.losses.DiceLoss``: the result is a subclass with the same
            signature, documentation and configuration. A function. A factory: its result is adapted. An
            instance: the result is a shallow copy that shares its weights. Also usable as a decorator.

    Returns:
        An object of the same sort, which can be pickled. An adapted object, or a subclass of an adapted
        class, is returned unchanged.

    Raises:
        ContractError: if it cannot be called with tensors.

    Example:
        >>> import torch
        >>> softmax = channels_first(torch.nn.Softmax2d)()
        >>> softmax(torch.zeros(1, 5, 5, 2))[0, 0, 0]
        tensor([0.5000, 0.5000])
    """
    if has_channels_last(target):
        return target
    given: Any = target
    adapted: Adapted
    if inspect.isclass(target):
        adapted = _adapt_class(given)
    elif inspect.isroutine(target) or isinstance(target, functools.partial):
        adapted = AdaptedFunction(given)  # type: ignore[assignment]  # it has the function's signature
    else:
        adapted = _adapt_instance(given)
    return adapted


def has_channels_last(target: object) -> bool:
    """Whether `channels_first` adapted a class, a function (also in a partial) or an instance's class."""
    while isinstance(target, functools.partial):
        target = target.func
    owner = target if inspect.isclass(target) else type(target)
    return isinstance(target, AdaptedFunction) or hasattr(owner, "_channels_first_class")


def move_channels_last(*tensors: Any) -> tuple[Any, ...]:
    """Return tensors with the second axis at the end, if they are of the highest rank and that is 3 or more.

    Example:
        >>> import torch
        >>> [one.shape for one in move_channels_last(torch.zeros(2, 4, 4), torch.zeros(2, 3, 4, 4))]
        [torch.Size([2, 4, 4]), torch.Size([2, 4, 4, 3])]
    """
    rank = max((one.ndim for one in tensors if isinstance(one, Tensor)), default=0)
    return tuple(
        one.movedim(1, -1) if isinstance(one, Tensor) and one.ndim == rank > 2 else one
        for one in tensors
    )


class AdaptedFunction:
    """A channels-last adapter of a function, or of a factory of one; see `channels_first`.

    Args:
        function: The channels-first function.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.__doc__ = _document(function)
        self.__name__ = name_of(function)
        with contextlib.suppress(ValueError):  # a function written in C may show no signature
            self.__signature__ = inspect.signature(function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the function's result, adapted if it is itself a loss or metric."""
        result = _call(self.function, args, kwargs)
        return (
            channels_first(result)
            if callable(result) and not isinstance(result, Tensor)
            else result
        )

    def __reduce__(self) -> str | tuple[Any, ...]:
        is_decorated = _is_at_home(self)
        return (
            str(vars(self)["__qualname__"]) if is_decorated else (channels_first, (self.function,))
        )


@functools.cache
def _adapt_class(owner: Any) -> Any:
    name = _find_method(owner)
    method = getattr(owner, name)

    @functools.wraps(method)
    def adapted_method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _call(functools.partial(method, self), args, kwargs)

    def reduce(self: Any, protocol: Any) -> Any:
        made = owner.__reduce_ex__(self, protocol)
        if isinstance(made, str) or made[1][:1] != (adapted,) or _is_at_home(adapted):
            return made
        constructor, (_, *arguments), *state = made
        return _construct, (constructor, owner, *arguments), *state

    body = {key: getattr(owner, key) for key in ("__module__", "__qualname__")}
    body["__doc__"] = _document(owner)
    body |= {key: value for key, value in vars(owner).items() if key.startswith("__kplug_")}
    body |= {name: adapted_method, "__reduce_ex__": reduce, "_channels_first_class": owner}
    adapted: Any = types.new_class(
        owner.__name__, (owner,), exec_body=lambda space: space.update(body)
    )
    return adapted


def _adapt_instance(target: Any) -> Any:
    owner: Any = type(target)
    if _find_method(owner) in getattr(target, "__dict__", ()):
        raise ContractError(
            f"an instance of {owner.__name__} calls a method of its own, which cannot be adapted",
            hint=f"Adapt the class: channels_first({owner.__name__})(…).",
        )
    adapted = copy.copy(target)
    adapted.__class__ = _adapt_class(owner)
    return adapted


def _find_method(owner: type) -> str:
    # Not getattr: every class has the __call__ of its own class.
    offered = {name for base in owner.__mro__ for name in vars(base)}
    found = next((name for name in _METHODS if name in offered), None)
    if found is None:
        raise ContractError(
            f"{owner.__name__} cannot be adapted: it has no method that takes tensors",
            hint=f"channels_first takes a function, or a class with one of {', '.join(_METHODS)}.",
        )
    return found


def _call(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    rank = max((tensor.ndim for tensor in find_leaves((args, kwargs), Tensor)), default=0)
    if rank > 2:
        args, kwargs = map_leaves(
            (args, kwargs), Tensor, lambda one: one.movedim(-1, 1) if one.ndim == rank else one
        )
    lowest = max(rank, 3)
    return map_leaves(
        function(*args, **kwargs),
        Tensor,
        lambda one: one.movedim(1, -1) if one.ndim >= lowest else one,
    )


def _document(target: Any) -> str | None:
    """Return the documentation, with a note that its shapes are the library's."""
    text = target.__doc__
    return text and f"{inspect.cleandoc(text)}\n\n{_NOTE}"


def _construct(constructor: Callable[..., Any], owner: type, *arguments: Any) -> Any:
    """Unpickle an instance, whose class is found through the adapted class."""
    return constructor(channels_first(owner), *arguments)


def _is_at_home(target: Any) -> bool:
    """Whether an object's qualified name leads to it, as for decorated objects."""
    found: Any = sys.modules.get(target.__module__)
    for part in getattr(target, "__qualname__", "").split("."):
        found = getattr(found, part, None)
    return found is target
