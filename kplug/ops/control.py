"""Control flow: branches, loops and scans, under their ``keras.ops`` names.

An operation depends on its tensor arguments alone: branches and bodies must not capture symbolic tensors.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kplug.backend import TensorLike
from kplug.components.arguments import require_integer
from kplug.errors import DataError
from kplug.ops.operands import Function, to_operand
from kplug.support.nested import find_leaves, map_leaves


def _cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    if not isinstance(pred, Tensor) or not pred.is_meta:
        return true_fn() if pred else false_fn()
    made, other = true_fn(), false_fn()
    shapes, others = ([tuple(one.shape) for one in find_leaves(x, Tensor)] for x in (made, other))
    if shapes != others:
        raise DataError(f"cond: the branches return tensors of shapes {shapes} and {others}")
    return made


def _switch(index: Any, branches: Sequence[Function], *operands: Any) -> Any:
    place = 0 if isinstance(index, Tensor) and index.is_meta else int(index)
    return branches[min(max(place, 0), len(branches) - 1)](*_to_tensors(operands))


_NUMBERS: Any = (bool, int, float, np.generic)


def _while_loop(
    cond: Function, body: Function, loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    is_several = isinstance(loop_vars, (list, tuple))
    values = tuple(loop_vars) if is_several else (loop_vars,)
    values = map_leaves(_to_tensors(values), _NUMBERS, to_operand)
    if any(one.is_meta for one in find_leaves(values, Tensor)):
        return loop_vars  # only the shapes are needed, and a loop keeps them
    count = 0
    while cond(*values) and (maximum_iterations is None or count < maximum_iterations):
        made = body(*values)
        values = tuple(made) if is_several else (made,)
        count += 1
    return type(loop_vars)(values) if is_several else values[0]


def _fori_loop(lower: Any, upper: Any, body_fun: Function, init_val: Any) -> Any:
    value = _to_tensors(init_val)
    for place in range(int(lower), int(upper)):
        value = body_fun(place, value)
    return value


def _map(f: Function, xs: Any) -> Any:
    return _stack([f(one) for one in _entries(xs)])


def _vectorized_map(function: Function, elements: Any) -> Any:
    return torch.vmap(function)(_to_tensors(elements))


def _scan(
    f: Function,
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    if not callable(f):
        raise TypeError(f"scan: f is {f!r}, which cannot be called")
    if not isinstance(unroll, bool):
        require_integer("scan", "unroll", unroll, "an integer >= 1, or a boolean", at_least=1)
    if xs is None and length is None:
        raise DataError("scan needs xs, or the number of steps as length")
    entries = [None] * (length or 0) if xs is None else _entries(xs)
    carry, made = _to_tensors(init), []
    for one in reversed(entries) if reverse else entries:
        carry, result = f(carry, one)
        made.append(result)
    return carry, _stack(made[::-1] if reverse else made)


def _to_tensors(structure: Any) -> Any:
    """Convert the arrays in nested values to tensors."""
    return map_leaves(structure, np.ndarray, to_operand)


def _entries(structure: Any) -> list[Any]:
    """Split nested tensors along their first axes."""
    structure = _to_tensors(structure)
    count = len(next(find_leaves(structure, Tensor)))
    return [map_leaves(structure, Tensor, operator.itemgetter(at)) for at in range(count)]


def _stack(structures: Sequence[Any]) -> Any:
    """Stack the tensors of equal structures along a new first axis."""
    if not structures or structures[0] is None:
        return None
    entries = [map_leaves(_to_tensors(one), _NUMBERS, to_operand) for one in structures]
    return _combine(lambda *parts: torch.stack(parts), *entries)


def _combine(function: Callable[..., Tensor], *structures: Any) -> Any:
    """Apply a function to corresponding tensors of equal structures."""
    rows = zip(*(list(find_leaves(one, Tensor)) for one in structures), strict=True)
    made = iter([function(*row) for row in rows])
    return map_leaves(structures[0], Tensor, lambda _: next(made))


def _associative_scan(f: Function, elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    values = _to_tensors(elems)
    counts = {x.shape[axis] for x in find_leaves(values, Tensor)}
    if len(counts) != 1:
        raise ValueError(f"the sizes of axis {axis} are {sorted(counts)}; one size is needed")
    (count,) = counts
    values = _combine(lambda x: x.flip(axis), values) if reverse else values
    step = 1
    while step < count:  # each round doubles the number of combined entries
        earlier = _combine(lambda x: x.narrow(axis, 0, count - step), values)  # noqa: B023
        later = _combine(lambda x: x.narrow(axis, step, count - step), values)  # noqa: B023
        values = _combine(
            lambda x, y: torch.cat([x.narrow(axis, 0, step), y], dim=axis),  # noqa: B023
            values,
            f(earlier, later),
        )
        step *= 2
    return _combine(lambda x: x.flip(axis), values) if reverse else values


CONTROL: Mapping[str, Function] = {
    "associative_scan": _associative_scan,
    "cond": _cond,
    "fori_loop": _fori_loop,
    "map": _map,
    "scan": _scan,
    "switch": _switch,
    "vectorized_map": _vectorized_map,
    "while_loop": _while_loop,
}


class _CustomGradient(torch.autograd.Function):
    """Computes ``f``, with gradients from the function that ``f`` also returns."""

    @staticmethod
    def forward(ctx: Any, f: Function, *args: Any) -> Any:
        with torch.enable_grad():
            outputs, ctx.grad_fn = f(*args)
        ctx.save_for_backward(*args)
        return map_leaves(outputs, Tensor, Tensor.detach)

    @staticmethod
    def backward(ctx: Any, *upstream: Any) -> Any:
        given = upstream[0] if len(upstream) == 1 else upstream
        gradients = ctx.grad_fn(*ctx.saved_tensors, upstream=given)
        return (None, *(gradients if isinstance(gradients, (list, tuple)) else [gradients]))


def custom_gradient(f: Callable[..., tuple[Any, Callable[..., Any]]]) -> Callable[..., Any]:
    """Return a function with a custom gradient.

    Args:
        f: Returns the outputs for some tensors, and ``grad_fn(*args, upstream)``, which returns
            their gradients.

    Returns:
        A function that returns only the outputs of ``f``.

    Example:
        >>> @custom_gradient
        ... def doubled(x):
        ...     return 2.0 * x, lambda *args, upstream: 10.0 * upstream
        >>> x = torch.ones(1, requires_grad=True)
        >>> doubled(x).backward()
        >>> x.grad
        tensor([10.])
    """

    def function(*args: TensorLike) -> Any:
        return _CustomGradient.apply(f, *map(to_operand, args))  # type: ignore[no-untyped-call]

    return function


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None
) -> Callable[..., Any]:
    """Vectorize a function over its broadcast arguments.

    Args:
        pyfunc: A function of tensors; it is traced once, by ``torch.vmap``.
        excluded: Positions of arguments that are passed unchanged, as keyword arguments always are.
        signature: The trailing axes of one call's arguments and results, such as ``"(n,n)->()"``.

    Example:
        >>> vectorize(torch.trace, signature="(n,n)->()")(torch.ones(4, 2, 2))
        tensor([2., 2., 2., 2.])
    """
    kept = set(excluded or ())
    taken = re.findall(r"\(([^)]*)\)", (signature or "").partition("->")[0])

    def function(*args: Any, **kwargs: Any) -> Any:
        places = [at for at in range(len(args)) if at not in kept]
        values = [to_operand(args[at]) for at in places]
        ranks = [len(one.split(",")) if one else 0 for one in taken] or [0] * len(values)
        loops = [one.shape[: one.ndim - rank] for one, rank in zip(values, ranks, strict=True)]
        shape: Any = torch.broadcast_shapes(*loops)  # type: ignore[no-untyped-call]

        def call(*entries: Tensor) -> Any:
            given = dict(zip(places, entries, strict=True))
            return pyfunc(*(given.get(at, one) for at, one in enumerate(args)), **kwargs)

        for _ in shape:
            call = torch.vmap(call)
        pairs = zip(values, loops, strict=True)
        return call(*(one.expand(*shape, *one.shape[len(loop) :]) for one, loop in pairs))

    return function
