"""Conditionals, the learning phase, gradients, and graph functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import singledispatch
from typing import Any, TypeAlias

import torch

from kplug.backend.convert import TensorLike, to_tensor
from kplug.errors import ArgumentValueError, GraphError, KplugError, LossWithoutGradientError

Branch: TypeAlias = "TensorLike | Callable[[], TensorLike]"


class _Phase:
    is_training: bool = False


_phase = _Phase()


def learning_phase() -> int:
    """Return 1 while the phase is training, else 0; a model's own phase is ``model.training``."""
    return int(_phase.is_training)


def set_learning_phase(value: int) -> None:
    """Set the phase that ``learning_phase()`` returns: 1 for training, 0 for inference."""
    if value not in (0, 1):
        raise ArgumentValueError("set_learning_phase", "value", value, "0 or 1")
    _phase.is_training = bool(value)


def in_train_phase(x: Branch, alt: Branch, training: bool | int | None = None) -> torch.Tensor:
    """Return ``x`` while training and ``alt`` otherwise; either may be a function to call.

    ``training=None`` asks ``learning_phase()``.
    """
    is_training = _phase.is_training if training is None else bool(training)
    return _evaluate(x if is_training else alt)


def in_test_phase(x: Branch, alt: Branch, training: bool | int | None = None) -> torch.Tensor:
    """Return ``x`` at inference and ``alt`` while training."""
    return in_train_phase(alt, x, training)


def switch(condition: TensorLike, then_expression: Branch, else_expression: Branch) -> torch.Tensor:
    """Return one of two values, each given directly or as a function that computes it.

    A single condition selects a whole branch; a tensor of conditions selects element by element, with
    axes aligned from the left.

    Example:
        >>> switch([True, False], [[1, 1], [1, 1]], [[2, 2], [2, 2]])
        tensor([[1, 1],
                [2, 2]])
    """
    chosen = to_tensor(condition)
    if chosen.ndim == 0:
        # Meta tensors need only a shape, which both branches have.
        is_true = chosen.is_meta or bool(chosen)
        return _evaluate(then_expression if is_true else else_expression)
    then_value, else_value = _evaluate(then_expression), _evaluate(else_expression)
    missing = then_value.ndim - chosen.ndim
    return torch.where(chosen.bool().reshape(*chosen.shape, *[1] * missing), then_value, else_value)


def _evaluate(branch: Branch) -> torch.Tensor:
    return to_tensor(branch() if callable(branch) else branch)


def stop_gradient(variables: Any) -> Any:
    """Return a tensor, or a list of tensors, detached: no gradient flows through.

    Example:
        >>> stop_gradient(torch.ones(1, requires_grad=True)).requires_grad
        False
    """
    if isinstance(variables, (list, tuple)) and any(map(torch.is_tensor, variables)):
        return [to_tensor(variable).detach() for variable in variables]
    return to_tensor(variables).detach()


def gradients(
    loss: torch.Tensor, variables: torch.Tensor | Sequence[torch.Tensor]
) -> list[torch.Tensor]:
    """Return the gradient of a scalar with respect to each variable, in a list.

    The autograd graph is retained, so that the loss and the gradients can be differentiated again.

    Raises:
        LossWithoutGradientError: ``loss`` does not depend on a variable through differentiable steps.
        GraphError: ``loss`` is a symbolic tensor.

    Example:
        >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
        >>> [gradient.detach() for gradient in gradients((x**2).sum(), x)]
        [tensor([2., 4.])]
    """
    if getattr(loss, "is_symbolic", False):
        raise GraphError(
            f"gradients: {loss!r} has no values until the model runs",
            hint="With x = K.variable(values), K.gradients(K.sum(model(x)), x) differentiates a model.",
        )
    wanted = [variables] if isinstance(variables, torch.Tensor) else list(variables)
    found: list[torch.Tensor | None] = [None] * len(wanted)
    if loss.requires_grad and all(one.requires_grad for one in wanted):
        found = list(torch.autograd.grad(loss, wanted, create_graph=True, allow_unused=True))
    made = [gradient for gradient in found if gradient is not None]
    if len(made) < len(wanted):
        raise LossWithoutGradientError(
            "gradients: the loss does not depend on every variable through differentiable steps",
            hint="K.variable(values) gathers gradients; comparisons, rounding, argmax, detach() and "
            ".numpy() cut the connection.",
        )
    return made


def function(
    inputs: Sequence[Any], outputs: Sequence[Any], updates: object = None
) -> Callable[[Sequence[Any]], list[Any]]:
    """Return a function from a list of values of ``inputs`` to a list of NumPy values of ``outputs``.

    Both are lists of symbolic tensors, such as ``model.input`` and ``layer.output``. The last input may
    be ``K.learning_phase()``, whose value says whether dropout is active.

    Raises:
        KplugError: ``outputs`` is empty or not symbolic; or there are updates, which torch applies
            immediately.
    """
    if not outputs or not all(getattr(output, "is_symbolic", False) for output in outputs):
        raise KplugError(
            "function: outputs must be symbolic tensors, such as layer.output",
            hint="A plain Python function computes with tensors that already have values.",
        )
    if updates:
        raise KplugError(
            "function: updates are not supported",
            hint="K.update(variable, value) writes at once.",
        )
    return make_function(outputs[0], inputs, outputs)


@singledispatch
def make_function(
    output: object, inputs: Sequence[Any], outputs: Sequence[Any]
) -> Callable[[Sequence[Any]], list[Any]]:
    """Implementation of ``function``, registered by ``kplug.graph``, which imports this package."""
    raise NotImplementedError(type(output))


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Do nothing around a block; Keras 2 grouped graph nodes by it."""
    del name
    yield


@contextmanager
def device(device_name: str) -> Iterator[None]:
    """Create tensors and weights on a device inside the block.

    Args:
        device_name: The name in Keras's or torch's form: ``"cpu"``, ``"gpu:0"``, ``"cuda:1"``.

    Example:
        >>> with device("cpu:0"):
        ...     torch.zeros(2).device.type
        'cpu'

    Reference:
        ``keras.device``.
    """
    kind, _, number = device_name.lower().partition(":")
    name = {"gpu": "cuda"}.get(kind, kind)
    with torch.device(f"{name}:{number}" if number else name):
        yield
