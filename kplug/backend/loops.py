"""Loops over the first axis of a tensor, and over time steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeAlias

import torch

from kplug.backend.convert import TensorLike, to_tensor
from kplug.backend.dtypes import DTypeLike, to_dtype
from kplug.errors import DataError

States: TypeAlias = "list[torch.Tensor]"
StepFunction: TypeAlias = "Callable[[torch.Tensor, States], tuple[torch.Tensor, States]]"


def map_fn(
    fn: Callable[[Any], Any], elems: Any, name: str | None = None, dtype: DTypeLike = None
) -> Any:
    """Return the results of ``fn`` for each entry along the first axis, stacked; ``name`` is ignored.

    ``fn`` takes an entry of a tensor (N, …), or a tuple of entries if ``elems`` is a list of such
    tensors, and returns a tensor or a tuple of them. ``dtype=None`` keeps the type of its results.

    Raises:
        DataError: There is no entry, so the shape of the result is unknown.

    Example:
        >>> map_fn(lambda row: row.sum(), torch.eye(3))
        tensor([1., 1., 1.])
    """
    del name
    results = [fn(entry) for entry in _entries("map_fn", elems)]
    if isinstance(results[0], (list, tuple)):
        return tuple(_stack(column, dtype) for column in zip(*results, strict=True))
    return _stack(results, dtype)


def _stack(values: Sequence[TensorLike], dtype: DTypeLike) -> torch.Tensor:
    stacked = torch.stack([to_tensor(value) for value in values])
    return stacked if dtype is None else stacked.to(to_dtype(dtype))


def _entries(owner: str, elems: Any) -> list[Any]:
    if isinstance(elems, (list, tuple)) and any(isinstance(one, torch.Tensor) for one in elems):
        entries: list[Any] = list(zip(*(to_tensor(one) for one in elems), strict=True))
    else:
        entries = list(to_tensor(elems))
    if not entries:
        raise DataError(f"{owner}: elems has no entry", hint="Give at least one.")
    return entries


def foldl(
    fn: Callable[[Any, torch.Tensor], Any],
    elems: TensorLike,
    initializer: Any = None,
    name: str | None = None,
) -> Any:
    """Return fn(… fn(fn(initializer, x₀), x₁) …, xₙ) over the first axis; ``name`` is ignored.

    Without an initializer the first entry is the start.

    Raises:
        DataError: There is neither an entry nor an initializer.

    Example:
        >>> foldl(lambda total, x: 2 * total + x, [1, 0, 1])
        tensor(5)
    """
    del name
    return _fold("foldl", fn, elems, initializer, is_reversed=False)


def foldr(
    fn: Callable[[Any, torch.Tensor], Any],
    elems: TensorLike,
    initializer: Any = None,
    name: str | None = None,
) -> Any:
    """Return ``foldl`` over the entries in reverse order.

    Example:
        >>> foldr(lambda total, x: 2 * total + x, [1, 1, 0])
        tensor(3)
    """
    del name
    return _fold("foldr", fn, elems, initializer, is_reversed=True)


def _fold(
    owner: str,
    fn: Callable[[Any, torch.Tensor], Any],
    elems: TensorLike,
    initializer: Any,
    is_reversed: bool,
) -> Any:
    entries = list(to_tensor(elems)) if initializer is not None else _entries(owner, elems)
    if is_reversed:
        entries.reverse()
    return reduce(fn, entries if initializer is None else [initializer, *entries])


def rnn(
    step_function: StepFunction,
    inputs: TensorLike,
    initial_states: Sequence[torch.Tensor],
    go_backwards: bool = False,
    mask: TensorLike | None = None,
    constants: Sequence[torch.Tensor] | None = None,
    unroll: bool = False,
    input_length: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor, States]:
    """Run a step along the time axis of sequences.

    Args:
        step_function: Takes the inputs of one time step, (N, …), and a list of states followed by the
            constants; returns the output of that time step, (N, …), and the list of new states.
        inputs: Sequences, shape (N, time, …).
        initial_states: One tensor (N, …) for each state.
        go_backwards: Whether to run from the last time step to the first; the outputs are in execution
            order.
        mask: Shape (N, time) or (N, time, 1). Where it is 0 the states stay and the output is the
            previous one (0 at the start).
        constants: Further arguments of each call, after the states.
        unroll: Ignored; the loop is always Python's.
        input_length: Ignored; the inputs determine it.

    Returns:
        The last output (N, …), all outputs (N, time, …) and the list of last states.

    Raises:
        DataError: ``inputs`` has no time axis, or no entry along it.

    Example:
        >>> def add(x, states):
        ...     total = states[0] + x
        ...     return total, [total]
        >>> last, outputs, states = rnn(add, [[[1.0], [2.0], [3.0]]], [torch.zeros(1, 1)])
        >>> last, outputs.flatten()
        (tensor([[6.]]), tensor([1., 3., 6.]))
    """
    del unroll, input_length
    steps = _by_time(to_tensor(inputs), "inputs")
    kept = None if mask is None else _by_time(to_tensor(mask).bool(), "mask")
    times = range(len(steps) - 1, -1, -1) if go_backwards else range(len(steps))
    states = list(initial_states)
    outputs: list[torch.Tensor] = []
    for time in times:
        output, new_states = step_function(steps[time], [*states, *(constants or ())])
        if kept is not None:
            before = outputs[-1] if outputs else torch.zeros_like(output)
            output = _choose(kept[time], output, before)
            pairs = zip(new_states, states, strict=True)
            new_states = [_choose(kept[time], new, old) for new, old in pairs]
        states = list(new_states)
        outputs.append(output)
    return outputs[-1], torch.stack(outputs, dim=1), states


def _by_time(x: torch.Tensor, name: str) -> tuple[torch.Tensor, ...]:
    if x.ndim < 2 or not x.shape[1]:
        raise DataError(
            f"rnn: {name} has shape {tuple(x.shape)}; (samples, time, …) with a time is needed"
        )
    return x.unbind(1)


def _choose(kept: torch.Tensor, new: torch.Tensor, old: torch.Tensor) -> torch.Tensor:
    if kept.ndim > new.ndim:
        kept = kept.squeeze(-1)
    return torch.where(kept.reshape(*kept.shape, *[1] * (new.ndim - kept.ndim)), new, old)
