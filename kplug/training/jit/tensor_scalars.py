"""Tensors of shape () as scalar arguments of torch's list operations.

An optimizer's rule uses operations such as ``torch._foreach_add_(p, g, alpha=-rate)``. In a traced step
``rate`` is a tensor of shape (), an input of the graph. torch would read its number, which is a graph
break. This module replaces such a call by one that takes the tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_Handler = Callable[..., Any]


def _cast(scalar: Any, like: Tensor) -> Any:
    # Planned numbers are doubles on one device; a double tensor would promote half precision to double.
    if isinstance(scalar, Tensor) and not scalar.ndim:
        return scalar.to(device=like.device, dtype=like.dtype)
    return scalar


def _with_alpha(operation: _Handler) -> _Handler:
    def run(tensor: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
        result: Tensor = operation(tensor, _cast(other, tensor) * _cast(alpha, tensor))
        return result

    return run


def _with_value(operation: _Handler) -> _Handler:
    def run(tensor: Tensor, first: Tensor, second: Tensor, value: Any = 1) -> Tensor:
        moved: Tensor = tensor + _cast(value, tensor) * operation(first, second)
        return moved

    return run


def _with_weight(tensor: Tensor, end: Tensor, weight: Any) -> Tensor:
    moved: Tensor = torch.lerp(tensor, end, _cast(weight, tensor))
    return moved


def _binary(operation: _Handler) -> _Handler:
    def run(tensor: Tensor, other: Any) -> Tensor:
        result: Tensor = operation(tensor, _cast(other, tensor))
        return result

    return run


_FORMS: dict[str, _Handler] = {
    "add": _with_alpha(torch.add),
    "sub": _with_alpha(torch.sub),
    "mul": _binary(torch.mul),
    "div": _binary(torch.div),
    "pow": _binary(torch.pow),
    "maximum": _binary(torch.maximum),
    "minimum": _binary(torch.minimum),
    "clamp_min": _binary(torch.clamp_min),
    "clamp_max": _binary(torch.clamp_max),
    "addcmul": _with_value(torch.mul),
    "addcdiv": _with_value(torch.div),
    "lerp": _with_weight,
}
_LIST_PREFIX = "_foreach_"
# Operations on single tensors that need a replacement; others accept a tensor as the number.
_SINGLE = frozenset({"add", "sub", "addcmul", "addcdiv", "lerp"})


class TensorScalars(TorchFunctionMode):
    """Allows tensors of shape () where torch's operations take a Python number.

    Example:
        >>> rate, weights = torch.tensor(0.5, dtype=torch.float64), [torch.ones(2)]
        >>> with TensorScalars():
        ...     torch._foreach_add_(weights, [torch.ones(2)], alpha=-rate)
        >>> weights
        [tensor([0.5000, 0.5000])]
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run the function, replaced by a form with tensor arguments if necessary."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        is_list = name.startswith(_LIST_PREFIX)
        base = name.removeprefix(_LIST_PREFIX).rstrip("_")
        if base not in _FORMS or not (is_list or base in _SINGLE):
            return func(*args, **kwargs)
        if not any(_is_scalar(each) for each in (*args[1:], *kwargs.values())):
            return func(*args, **kwargs)
        kwargs = {_NAMES.get(key, key): value for key, value in kwargs.items()}
        out = kwargs.pop("out", None)
        if not is_list:
            found = _FORMS[base](*args, **kwargs)
            return _finish(args[0], found, is_inplace=name.endswith("_"), out=out)
        return _run_list(_FORMS[base], args, kwargs, is_inplace=name.endswith("_"))


_NAMES = {"scalar": "other", "exponent": "other", "tensor1": "first", "tensor2": "second"}


def _is_scalar(value: object) -> bool:
    return isinstance(value, Tensor) and not value.ndim


def _finish(target: Tensor, found: Tensor, *, is_inplace: bool, out: Tensor | None) -> Tensor:
    if is_inplace:
        return target.copy_(found)
    return found if out is None else out.copy_(found)


def _run_list(
    form: _Handler, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_inplace: bool
) -> list[Tensor] | None:
    tensors: Sequence[Tensor] = args[0]
    found = [
        form(
            tensor,
            *(_pick(each, index) for each in args[1:]),
            **{key: _pick(each, index) for key, each in kwargs.items()},
        )
        for index, tensor in enumerate(tensors)
    ]
    if not is_inplace:
        return found
    for tensor, value in zip(tensors, found, strict=True):
        tensor.copy_(value)
    return None


def _pick(argument: Any, index: int) -> Any:
    return argument[index] if isinstance(argument, (list, tuple)) else argument
