"""Checks of inputs and gradients that are views: in another order in memory, with gaps, expanded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    check,
    find_difference,
    leaves,
)
from kplug_authoring.examples import cast

_TOLERANCE = 1e-5  # metrics keep float32; sums depend on the order


def transposed(value: Tensor) -> Tensor:
    """Return a copy whose axes lie in the opposite order in memory."""
    axes = tuple(reversed(range(value.ndim)))
    return value.permute(axes).contiguous().permute(axes)


def with_gaps(value: Tensor) -> Tensor:
    """Return a copy with gaps in memory."""
    return torch.stack([value, torch.ones_like(value)], -1)[..., 0]


LAYOUTS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "in another order": transposed,
    "with gaps": with_gaps,
}


@check(
    "the same values and gradients for inputs of any order in memory",
    "Use reshape, not view; index by axes, not by flat places; in a backward pass too.",
    after=("inputs", "determinism", "idempotent"),
    level="gold",
)
def memory(subject: Subject) -> Finding:
    """Give a function of tensors views of its inputs."""
    inputs = cast(subject.inputs, torch.float64)
    is_metric = subject.kind.name == "metric"
    run = _measure if is_metric else _differentiate
    expected = run(subject, [value.contiguous() for value in inputs], torch.Tensor.contiguous)
    for name, lay in LAYOUTS.items():
        try:
            found = run(subject, [lay(value) for value in inputs], lay)
        except Exception as error:  # noqa: BLE001 - foreign code
            return f"for inputs {name}: {type(error).__name__}: {error}"
        difference = find_difference(expected, found, _TOLERANCE)
        if difference:
            return f"for contiguous inputs, and for those {name}: {difference}"
    return None


def _measure(subject: Subject, inputs: list[Tensor], _: Callable[[Tensor], Tensor]) -> list[Tensor]:
    metric = subject.make()
    metric.update_state(*inputs, sample_weight=None)
    return leaves(metric.result())


def _differentiate(
    subject: Subject, inputs: list[Tensor], lay: Callable[[Tensor], Tensor]
) -> list[Tensor]:
    """Return the value and its gradients, for a gradient from above that is laid, and an expanded one."""
    leaf = inputs[-1].detach().requires_grad_(subject.kind.name != "constraint")
    value: Any = subject.make()(*inputs[:-1], leaf)
    found = [value.detach()]
    if value.requires_grad:
        weights = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).reshape(value.shape)
        for above in (lay(weights), value.new_full((), 0.5).expand(value.shape)):
            (gradient,) = torch.autograd.grad(
                value, leaf, above, retain_graph=True, allow_unused=True
            )
            if gradient is not None:
                found.append(gradient.detach())
    return found
