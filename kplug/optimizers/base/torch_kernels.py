"""Chooses torch's fused, foreach or plain kernel for an update."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, cast

import torch
from torch.autograd import profiler
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

from kplug.errors import ContractError

_FULL_DTYPES = frozenset({torch.float32, torch.float64})
_FUSED_DTYPES = _FULL_DTYPES | {torch.float16, torch.bfloat16}
_is_sparse, _is_contiguous = operator.attrgetter("is_sparse"), torch.Tensor.is_contiguous
_PLAIN_TYPES = frozenset({torch.Tensor, torch.nn.Parameter})


def get_unhooked_step(optimizer_class: type[torch.optim.Optimizer]) -> Callable[..., Any]:
    """Return ``optimizer_class.step`` without the wrapper that runs step hooks and the profiler.

    torch wraps ``step`` once for each instantiated class. A subclass that calls the parent's wrapped
    ``step`` would run every hook twice, and pay twice for the profiler's record.
    """
    step = cast("Callable[..., Any]", optimizer_class.step)
    while getattr(step, "hooked", False):
        step = step.__wrapped__  # type: ignore[attr-defined]
    return step


def hook_step(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return a step that runs step hooks and is recorded by the profiler, as torch wraps it, but for free.

    torch's wrapper makes a record in each step, which takes longer than a small model's kernel. Here it runs
    only if there is a hook, or a profiler.
    """
    recorded: Callable[..., Any] = torch.optim.Optimizer.profile_hook_step(step)

    @functools.wraps(step)
    def run(self: torch.optim.Optimizer, *args: Any, **kwargs: Any) -> Any:
        is_observed = (
            self._optimizer_step_pre_hooks
            or self._optimizer_step_post_hooks
            or _global_optimizer_pre_hooks
            or _global_optimizer_post_hooks
            or profiler._is_profiler_enabled
        )
        return (recorded if is_observed else step)(self, *args, **kwargs)

    return run


def get_plain_method(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of ``torch.optim.Optimizer`` without its wrapper; any other method as it is.

    The wrapper keeps torch's compiler out of the method. For that it imports the compiler, which takes 2 s.
    """
    function: Any = getattr(method, "__func__", None)
    if function is None or function is not getattr(torch.optim.Optimizer, function.__name__, None):
        return method
    plain: Any = getattr(function, "__wrapped__", function)
    return functools.partial(plain, cast("Any", method).__self__)


def find_torch_class(optimizer_class: type) -> type[torch.optim.Optimizer]:
    """Return the torch optimizer that a class builds on; ``torch.optim.Optimizer`` if it has none."""
    bases = optimizer_class.__mro__
    return next(each for each in bases if each.__module__.startswith("torch.optim."))


def choose_kernel(
    group: dict[str, Any], fused_devices: Collection[str], *, fuses_halves_on_cpu: bool = True
) -> None:
    """Choose torch's fastest exact kernel for a parameter group.

    Args:
        group: The group, with the keys of its optimizer's kernels.
        fused_devices: The devices on which the fused kernel follows the rule.
        fuses_halves_on_cpu: Whether it does so with half types on the CPU.
    """
    if "fused" in group and can_fuse(group["params"], fused_devices, fuses_halves_on_cpu):
        group["fused"], group["foreach"] = True, None
    elif "foreach" in group and can_use_foreach(group["params"]):
        group["foreach"] = True


def can_fuse(
    parameters: Collection[torch.Tensor], devices: Collection[str], fuses_halves_on_cpu: bool
) -> bool:
    """Return whether one fused kernel call can update all parameters: plain, of one type, on one device.

    A parameter with gaps in memory cannot be: torch's fused CPU kernels (2.13) ignore strides, so they would
    write into the gaps and leave the last elements as they are.
    """
    kinds = {(parameter.device, parameter.dtype) for parameter in parameters}
    return len(kinds) <= 1 and all(
        type(parameter) in _PLAIN_TYPES
        and parameter.device.type in devices
        and parameter.dtype
        in (_FUSED_DTYPES if fuses_halves_on_cpu or not parameter.is_cpu else _FULL_DTYPES)
        and parameter.layout is torch.strided
        and _is_without_gaps(parameter)
        for parameter in parameters
    )


def _is_without_gaps(tensor: torch.Tensor) -> bool:
    reach = sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride(), strict=True))
    return tensor.numel() in (0, reach + 1)


def can_use_foreach(parameters: Iterable[torch.Tensor]) -> bool:
    """Return whether torch's list operations apply: they save most of the time on small tensors."""
    return all(
        type(parameter) in _PLAIN_TYPES and parameter.layout is torch.strided
        for parameter in parameters
    )


# Below this size, a view costs more than the copy that it saves.
_LARGE = 1 << 13


def align_gradients(parameters: Collection[torch.Tensor]) -> None:
    """Give gradients the memory order of their parameters.

    Gradients of backward passes have it already. An assigned gradient may have other strides, and torch's
    fused CPU updates then silently pair its elements with the wrong ones of the parameter.
    """
    if are_contiguous(parameters) and are_contiguous(
        [gradient for each in parameters if (gradient := each.grad) is not None]
    ):
        return
    try:
        for parameter in parameters:
            gradient = parameter.grad
            if gradient is not None and gradient.stride() != parameter.stride():
                parameter.grad = _in_order_of(parameter, gradient)
    except RuntimeError:  # sparse tensors have no strides
        make_dense(parameters)
        align_gradients(parameters)


def make_dense(parameters: Collection[torch.Tensor]) -> None:
    """Replace sparse gradients, as ``nn.Embedding(sparse=True)`` gives, by dense ones.

    Raises:
        ContractError: If one occurs during tracing: its size differs from step to step.
    """
    gradients = [gradient for each in parameters if (gradient := each.grad) is not None]
    if any(map(_is_sparse, gradients)):
        if torch.compiler.is_compiling():
            raise ContractError("a gradient is sparse")
        for parameter in parameters:
            if parameter.grad is not None and parameter.grad.layout is not torch.strided:
                parameter.grad = parameter.grad.to_dense()


def are_contiguous(tensors: Collection[torch.Tensor]) -> bool:
    """Return whether all tensors are contiguous, which is much faster than comparing strides."""
    try:
        return all(map(_is_contiguous, tensors))
    except RuntimeError:  # sparse tensors do not support this
        return False


def align_state(states: Mapping[torch.Tensor, dict[str, Any]]) -> None:
    """Give loaded state the memory order of its parameters; see ``align_gradients``."""
    for parameter, state in states.items():
        for name, value in state.items():
            if isinstance(value, torch.Tensor) and value.shape == parameter.shape:
                state[name] = _in_order_of(parameter, value)


def _in_order_of(parameter: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    if tensor.stride() == parameter.stride():
        return tensor
    ordered = torch.empty_like(parameter, dtype=tensor.dtype, device=tensor.device)
    return ordered.detach().copy_(tensor)


def use_memory_order(parameters: list[torch.Tensor], *companions: list[torch.Tensor]) -> None:
    """Replace large tensors whose axes are not in memory order by views in which they are.

    A layer's kernel is a transposed view of the memory that torch's matrix products use. torch's fused CPU
    updates would copy such a tensor first, which takes longer than the update itself.

    Args:
        parameters: The parameters; the list is changed.
        companions: Lists of the same length, such as gradients and moments, changed likewise for
            tensors with the strides of their parameter.

    Example:
        >>> tensors = [torch.zeros(64, 256).t()]
        >>> use_memory_order(tensors)
        >>> tensors[0].shape
        torch.Size([64, 256])
    """
    if are_contiguous(parameters):
        return
    for index, parameter in enumerate(parameters):
        if parameter.numel() < _LARGE or parameter.is_contiguous():
            continue
        strides = parameter.stride()
        # A companion in another order would be paired with the wrong elements.
        if any(lists[index].stride() != strides for lists in companions if lists):
            continue
        order = sorted(range(parameter.ndim), key=strides.__getitem__, reverse=True)
        for lists in (parameters, *companions):
            if lists:
                lists[index] = lists[index].permute(order)
