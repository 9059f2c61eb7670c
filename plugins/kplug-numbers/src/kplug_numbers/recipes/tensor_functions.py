"""Recipes of losses, regularizers, constraints and activations: values, gradients, second derivatives."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kplug_numbers.recipes.inputs import Family, pairs, spread, weight_matrices, with_strides
from kplug_numbers.recipes.recorder import Recorder

_MOST_FAMILIES = 2
OF_LOSSES = 9  # the families behind are for metrics alone
_TYPES = {"float64": torch.float64, "float32": torch.float32}
_AGREEMENT = 1e-9
_WEIGHTS = (0.0, 1.0, 2.5, 0.5, 3.0)

Compute = Callable[[Tensor], Any]


def record_loss(out: Recorder) -> None:
    """Record a loss on the first two families that it takes."""
    taken = (family for family in pairs()[:OF_LOSSES] if _takes(out, family))
    for family in itertools.islice(taken, _MOST_FAMILIES):
        _record_loss(out, family)


def _takes(out: Recorder, family: Family) -> bool:
    return out.takes(lambda: out.make()(*family.cast(torch.float64)))


def _record_loss(out: Recorder, family: Family) -> None:
    y_true, y_pred = family.cast(torch.float64)
    name, loss = family.name, out.make()

    def of(*more: Any) -> Compute:
        return lambda value: loss(_like(y_true, value), value, *more)

    out.attempt(f"{name}/float64", lambda: _differentiate(of(), y_pred, has_second=True))
    out.attempt(f"{name}/float32", _differentiate, of(), y_pred.float())
    if hasattr(loss, "values"):
        out.attempt(f"{name}/samples", lambda: {"values": loss.values(y_true, y_pred)})
    exact = family.find_exact()
    if exact is not None:
        out.attempt(f"{name}/exact", _differentiate, of(), exact)
        wrong = exact.roll(1, -1) if exact.shape[-1] > 1 else 1 - exact
        out.attempt(f"{name}/wrong", _differentiate, of(), wrong)
    out.attempt(f"{name}/zeros", _differentiate, of(), 0 * y_pred)
    count = len(y_pred)
    weights = torch.tensor(_WEIGHTS[:count], dtype=torch.float64)
    out.attempt(f"{name}/weighted", _find_value, of(weights), y_pred)
    mask = torch.tensor([True, True, False, True, False][:count])
    for label, kept in (("masked", mask), ("all_masked", mask & ~mask)):
        out.attempt(f"{name}/{label}", _find_value, of(None, kept), y_pred)
    _record_strides(out, of(), name, y_pred)
    out.attempt(f"{name}/shorter", lambda: {"value": loss(y_true[:2], y_pred[:2])})


def _like(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return targets in the type of predictions; class ids stay integers."""
    return y_true.to(y_pred.dtype) if y_true.is_floating_point() else y_true


def record_regularizer(out: Recorder) -> None:
    """Record a regularizer on weights of several ranks."""
    for name, weight in weight_matrices():
        _record_points(out, name, weight)


def record_constraint(out: Recorder) -> None:
    """Record a constraint on weights of several ranks, of which some are large."""
    constraint = out.make()
    for name, weight in weight_matrices():
        cases = {label: weight.to(dtype) for label, dtype in _TYPES.items()}
        cases |= {"large": 100 * weight, "zeros": 0 * weight}
        for label, value in cases.items():
            out.attempt(f"{name}/{label}", _find_value, constraint, value)
        _record_strides(out, constraint, name, weight)


def record_activation(out: Recorder) -> None:
    """Record an activation on rows, a sequence, ties and large values."""
    rows = spread("activation/rows", 4, 6)
    activation = _record_points(out, "rows", rows)
    out.attempt("rows/large", _differentiate, activation, 50 * rows)
    sequence = spread("activation/sequence", 2, 3, 4)
    out.attempt("sequence", _find_value, activation, sequence)


def _record_points(out: Recorder, name: str, value: Tensor) -> Compute:
    """Record a function of one tensor, and return it."""
    made: Compute = out.make()
    out.attempt(f"{name}/float64", lambda: _differentiate(made, value, has_second=True))
    out.attempt(f"{name}/float32", _differentiate, made, value.float())
    for label, other in (("zeros", 0 * value), ("ties", 0 * value + 1.5)):
        out.attempt(f"{name}/{label}", _differentiate, made, other)
    _record_strides(out, made, name, value)
    return made


def _record_strides(out: Recorder, made: Compute, name: str, value: Tensor) -> None:
    out.attempt(
        f"{name}/strided",
        lambda: {"same": _agree(made(value.clone()), made(with_strides(value)))},
    )


def _find_value(compute: Compute, x: Tensor) -> dict[str, Any]:
    return {"value": compute(x.clone())}


def _differentiate(compute: Compute, x: Tensor, *, has_second: bool = False) -> dict[str, Any]:
    """Return the value, the gradient of its weighted sum, and a product with the second derivative."""
    x = x.detach().clone().requires_grad_()
    value = torch.as_tensor(compute(x))
    found: dict[str, Any] = {"value": value}
    if not value.requires_grad:
        return found
    # Not the plain sum, which is constant for a softmax.
    ramp = 1 + torch.arange(value.numel(), dtype=value.dtype).reshape(value.shape) / 64
    (first,) = torch.autograd.grad(
        (value * ramp).sum(), x, create_graph=has_second, allow_unused=True
    )
    if first is None:
        return found
    found["gradient"] = first
    if has_second and first.requires_grad:
        found |= _differentiate_again(first, x)
    return found


def _differentiate_again(first: Tensor, x: Tensor) -> dict[str, Tensor]:
    ramp = 1 + torch.arange(x.numel(), dtype=x.dtype).reshape(x.shape) / 64
    _fill_zeros(first)
    try:
        second: Tensor | None = torch.autograd.grad((first * ramp).sum(), x, allow_unused=True)[0]
    except RuntimeError:  # torch cannot differentiate all of its kernels twice
        return {}
    return {} if second is None else {"second": second}


def _fill_zeros(gradient: Tensor) -> None:
    """Give memory to the zeros that autograd computes from a gradient, such as those of a sign.

    Torch adds zeros without memory in Python, and imports its compiler for that.
    """

    def fill(found: tuple[Tensor | None, ...], _: object) -> tuple[Tensor | None, ...] | None:
        is_zero = [one is not None and one._is_zerotensor() for one in found]
        if not any(is_zero):
            return None
        return tuple(
            torch.zeros(one.shape, dtype=one.dtype, device=one.device)
            if of_zeros and one is not None
            else one
            for one, of_zeros in zip(found, is_zero, strict=True)
        )

    waiting, seen = [gradient.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen or node.name().endswith("AccumulateGrad"):
            continue
        seen.add(node)
        node.register_hook(fill)
        waiting += [following for following, _ in node.next_functions]


def _agree(first: Any, second: Any) -> bool:
    one, other = torch.as_tensor(first).detach(), torch.as_tensor(second).detach()
    return one.shape == other.shape and torch.allclose(
        one.double(), other.double(), _AGREEMENT, _AGREEMENT, equal_nan=True
    )
