"""Checks of tensor functions: activations, regularizers, constraints, losses."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.gradcheck import GradcheckError, gradcheck

from kplug_authoring.checks import ranks
from kplug_authoring.checks.awkward_points import limits, precise, second_order
from kplug_authoring.checks.common import COMMON
from kplug_authoring.checks.halves import half
from kplug_authoring.checks.histories import calls, instances
from kplug_authoring.checks.layouts import layout
from kplug_authoring.checks.memory import memory
from kplug_authoring.checks.points import activation_of_zero, large
from kplug_authoring.checks.subject import (
    Check,
    Finding,
    Subject,
    Suite,
    check,
    find_difference,
    is_finite,
    shown,
)
from kplug_authoring.examples import cast, with_gradient

_FULL = (torch.float32, torch.float64)
_ALL = (*_FULL, torch.bfloat16)

_DTYPE = "a value in the type of its inputs"
_KEEP = "Make new tensors with x.new_zeros, torch.zeros_like or dtype=x.dtype."
_SMOOTH = (
    "A clamp, a rounding or a comparison may cut the gradient off. If that is meant, say so: "
    "Example(leave_out={…: 'why'})."
)
_DIVISOR = "Add kplug.backend.epsilon() to a divisor and under a root."


def call(subject: Subject, made: Any) -> Tensor:
    """Return the component's value for the subject's inputs."""
    return torch.as_tensor(made(*cast(subject.inputs, torch.float64))).detach()


def _check_dtype(types: tuple[torch.dtype, ...]) -> Callable[[Subject], Finding]:
    def find(subject: Subject) -> Finding:
        for dtype in types:
            found = subject.make()(*cast(subject.inputs, dtype)).dtype
            if found is not dtype:
                return f"{found} for inputs of {dtype}"
        return None

    return find


@check(
    "a value on the device of its inputs, computed without reading a tensor's values",
    "Pass device=x.device where tensors are made; replace .item(), float(tensor) and `if tensor`.",
)
def _device(subject: Subject) -> Finding:
    devices = ["meta", *(["cuda"] if torch.cuda.is_available() else [])]
    for device in devices:
        inputs = [value.to(device) for value in cast(subject.inputs, torch.float32)]
        found = subject.make()(*inputs).device.type
        if found != device:
            return f"a value on {found!r} for inputs on {device!r}"
    return None


@check("a finite gradient that is not zero", _SMOOTH)
def _gradients(subject: Subject) -> Finding:
    *others, last = subject.inputs
    # Up to some size, a number may be free.
    for size in (1, 10, 100) if subject.kind.name != "loss" else (1,):
        inputs, leaf = with_gradient((*others, size * last))
        value = subject.make()(*inputs)
        if not value.requires_grad:
            return "a value without a gradient"
        # Not the plain sum, which is constant for a softmax.
        weights = torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).reshape(value.shape)
        (gradient,) = torch.autograd.grad((value * weights).sum(), leaf, allow_unused=True)
        if gradient is None:
            return "a value that does not depend on the last input"
        if not is_finite(gradient):
            return f"the gradient {shown(gradient)}"
        if gradient.count_nonzero():
            return None
    return "a gradient of zeros only"


@check("the gradient of the value, in float64", _SMOOTH)
def _gradcheck(subject: Subject) -> Finding:
    (*others, _), leaf = with_gradient(subject.inputs)
    made = subject.make()
    try:
        gradcheck(lambda last: made(*others, last), leaf, eps=1e-6, atol=1e-6)
    except GradcheckError as error:
        return " ".join(str(error).split())[:300]
    return None


@check(
    "inputs that are as before after the call",
    "Use x.clamp, not x.clamp_; x + y, not x += y; or clone first.",
)
def _inputs(subject: Subject) -> Finding:
    inputs = cast(subject.inputs, torch.float64)
    subject.make()(*inputs)
    return find_difference(subject.inputs, inputs)


@check("one finite number, a tensor of shape ()", "Sum or average.")
def _scalar(subject: Subject) -> Finding:
    value = subject.make()(*cast(subject.inputs, torch.float64))
    if not isinstance(value, Tensor) or value.dim():
        return shown(value) if isinstance(value, Tensor) else repr(value)
    return None if is_finite(value) else f"the value {value.item()}"


@check("finite values for a weight of zeros", _DIVISOR)
def _zero(subject: Subject) -> Finding:
    (weight,) = subject.inputs
    value = subject.make()(torch.zeros_like(weight))
    return None if is_finite(value) else f"the value {shown(value)}"


@check("a finite value and gradient for a weight of zeros", _DIVISOR, name="zero")
def _zero_gradient(subject: Subject) -> Finding:
    (weight,) = subject.inputs
    zeros = torch.zeros_like(weight, requires_grad=True)
    value = subject.make()(zeros)
    if value.requires_grad:
        (gradient,) = torch.autograd.grad(value.sum(), zeros)
        if not is_finite(gradient):
            return f"the gradient {shown(gradient)}"
    return _zero.find(subject)


@check("values of the shape that was given", "Keep dimensions.", name="shape")
def _shape_of_activation(subject: Subject) -> Finding:
    return _shape.find(subject)


@check("a weight of the shape that was given", "Keep dimensions.")
def _shape(subject: Subject) -> Finding:
    (weight,) = subject.inputs
    found = tuple(subject.make()(weight.clone()).shape)
    return None if found == tuple(weight.shape) else f"{found} for {tuple(weight.shape)}"


@check(
    "no change when it is applied again",
    "A constraint moves a weight into an allowed set and leaves what is in it alone.",
)
def _idempotent(subject: Subject) -> Finding:
    (weight,) = subject.inputs
    constraint = subject.make()
    once = constraint(weight.clone())
    return find_difference(once, constraint(once.clone()), 1e-5)


@check(
    "no drift: applied at each of many steps, it leaves a weight in the allowed set where it is",
    "Divide by max(norm, epsilon) rather than norm + epsilon, and change nothing that is allowed: a step of "
    "1e-6 is a tenth after 100,000 batches.",
    after=("idempotent", "inputs"),
)
def _drift(subject: Subject) -> Finding:
    (weight,) = cast(subject.inputs, torch.float64)
    constraint = subject.make()
    weights = [weight]
    for _ in range(20):
        weights.append(constraint(weights[-1].clone()).detach())
    middle, last = weights[10], weights[20]
    moved = float((last - middle).abs().max()) / 10.0
    # What is as small as epsilon() in a divisor is Keras's way.
    if moved <= 5e-7 * max(float(middle.abs().max()), 1e-3):
        return None
    return f"{moved:.2g} at each call, from {shown(middle)} to {shown(last)}"


@check(
    "each sample's values whatever else is in the batch",
    "Compute along the last axis, never along the first.",
)
def _single_row(subject: Subject) -> Finding:
    (x,) = subject.inputs
    activation = subject.make()
    whole = activation(x.clone())
    for row in range(len(x)):
        difference = find_difference(
            activation(x[row : row + 1].clone()), whole[row : row + 1], 1e-9
        )
        if difference:
            return f"row {row} alone and in the batch: {difference}"
    return None


@check("an empty result for a batch of no samples", "Keep shapes.")
def _empty_batch(subject: Subject) -> Finding:
    (x,) = subject.inputs
    found = tuple(subject.make()(x[:0]).shape)
    return None if found[:1] == (0,) else f"shape {found} for {tuple(x[:0].shape)}"


_DTYPE_OF_ALL = Check("dtype", f"{_DTYPE}: float32, float64, bfloat16", _KEEP, _check_dtype(_ALL))
_DTYPE_OF_FULL = Check("dtype", f"{_DTYPE}: float32, float64", _KEEP, _check_dtype(_FULL))


_ALONE = (memory, instances, calls)
_POINTWISE = (_gradients, _gradcheck, second_order, limits, _inputs, *_ALONE)
REGULARIZER = Suite(
    call,
    (
        *COMMON,
        _scalar,
        _DTYPE_OF_ALL,
        _device,
        *_POINTWISE,
        _zero_gradient,
        half,
        ranks.OF_REGULARIZER,
    ),
    operator.attrgetter("inputs"),
)
ACTIVATION = Suite(
    call,
    (
        *(*COMMON, _shape_of_activation, _DTYPE_OF_ALL, _device, *_POINTWISE, _single_row),
        *(_empty_batch, layout, activation_of_zero, large, precise, half, ranks.OF_ACTIVATION),
    ),
    operator.attrgetter("inputs"),
)
CONSTRAINT = Suite(
    call,
    (
        *(
            *COMMON,
            _shape,
            _DTYPE_OF_ALL,
            _device,
            _inputs,
            _zero,
            _idempotent,
            _drift,
            *_ALONE,
            half,
        ),
        ranks.OF_CONSTRAINT,
    ),
    operator.attrgetter("inputs"),
)
OF_LOSSES = (_scalar, _DTYPE_OF_FULL, _device, *_POINTWISE)
"""Those that losses have to pass, besides checks of their own."""
