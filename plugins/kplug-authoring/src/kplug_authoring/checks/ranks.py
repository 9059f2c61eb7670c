"""Checks of ranks: biases, dense and convolution kernels; rows, sequences and images."""

from __future__ import annotations

from collections.abc import Callable
from dis import opmap
from typing import Any

import torch
from torch import Tensor

from kplug.errors import KplugError
from kplug_authoring.checks.initializers import draw_shape
from kplug_authoring.checks.subject import Check, Finding, Subject, is_finite, seeded

_WEIGHTS = ((3,), (4, 3), (3, 4, 2), (3, 3, 4, 2))
_SAMPLES = ((2, 6), (2, 3, 6), (2, 3, 4, 6), (2, 2, 3, 4, 6))
_REFUSE = (
    "Work along the last axis. For a rank that it has no use for, raise an ArgumentValueError: "
    "'weight_matrix', its shape, what is allowed."
)


def is_refusal(error: Exception) -> bool:
    """Return whether an error deliberately refuses an unsuitable input."""
    if isinstance(error, (KplugError, NotImplementedError)):
        return True
    return isinstance(error, (ValueError, TypeError)) and _is_raised_by_a_statement(error)


def _is_raised_by_a_statement(error: Exception) -> bool:
    """Whether a ``raise`` ended the innermost call, and not an operation such as ``len`` of a scalar."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return False
    # torch's Python code raises TypeErrors for arguments of wrong types.
    if isinstance(error, TypeError) and place.tb_frame.f_globals["__name__"].startswith("torch."):
        return False
    return place.tb_frame.f_code.co_code[place.tb_lasti] == opmap["RAISE_VARARGS"]


def _check_ranks(
    expected: str,
    shapes: tuple[tuple[int, ...], ...],
    compute: Callable[[Any, tuple[int, ...]], Finding],
    name: str = "ranks",
) -> Check:
    def find(subject: Subject) -> Finding:
        made = subject.make()
        for shape in shapes:
            try:
                with seeded(99):
                    finding = compute(made, shape)
            except Exception as error:  # noqa: BLE001 - foreign code
                finding = None if is_refusal(error) else f"{type(error).__name__}: {error}"
            if finding:
                return f"for the shape {shape}: {finding}"
        return None

    return Check(name, expected, _REFUSE, find)


def _values(shape: tuple[int, ...]) -> Tensor:
    count = torch.Size(shape).numel()
    return torch.linspace(-1.3, 1.7, count, dtype=torch.float64).sin().reshape(shape)


def _penalize(made: Any, shape: tuple[int, ...]) -> Finding:
    return None if is_finite(made(_values(shape))) else "the value is not finite"


def _transform(made: Any, shape: tuple[int, ...]) -> Finding:
    value = made(_values(shape))
    if not is_finite(value):
        return "values that are not finite"
    return None if value.ndim == len(shape) else f"a value of shape {tuple(value.shape)}"


def _draw(made: Any, shape: tuple[int, ...]) -> Finding:
    found = tuple(draw_shape(made, shape).shape)
    return None if found == shape else f"values of shape {found}"


OF_REGULARIZER = _check_ranks(
    "a finite number, or a refusal, for a bias, a dense kernel and kernels of convolutions",
    _WEIGHTS,
    _penalize,
)
OF_CONSTRAINT = _check_ranks(
    "a weight, or a refusal, for a bias, a dense kernel and kernels of convolutions",
    _WEIGHTS,
    _transform,
)
OF_ACTIVATION = _check_ranks(
    "values of the same rank for rows, sequences and images", _SAMPLES, _transform
)
OF_INITIALIZER = _check_ranks(
    "values, or a refusal, for a bias, a dense kernel and kernels of convolutions",
    _WEIGHTS,
    _draw,
    "shapes",
)
