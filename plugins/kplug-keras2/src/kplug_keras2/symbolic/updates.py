"""``K.variable`` and ``K.update`` inside the ``get_updates`` of an optimizer.

Keras 2 calls ``get_updates`` once and gets a graph: variables are created once, and all values are computed
before any is written. Here every step calls it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from kplug import backend
from kplug.graph import is_symbolic
from kplug_keras2.symbolic.phase import is_training
from kplug_keras2.symbolic.weight_expressions import WeightExpressions


class UpdateStep:
    """The variables of an optimizer's ``get_updates``, and the pending writes of a step.

    Example:
        >>> step = UpdateStep()
        >>> for _ in range(2):
        ...     with step.collecting({}):
        ...         count = make_variable(backend.zeros)((1,))
        ...         _ = update_add(count, 1.0)
        >>> count.tolist()
        [2.0]
    """

    def __init__(self) -> None:
        self.variables: list[Tensor] = []
        self._made = 0
        self._writes: list[tuple[Tensor, Any]] = []
        self._expressions = WeightExpressions()

    @contextmanager
    def collecting(self, copies: dict[int, Tensor]) -> Iterator[None]:
        """Collect the updates of a block, and apply them at its end.

        Args:
            copies: The originals of copied tensors, by the copies' ``id``.
        """
        self._made, self._writes = 0, []
        _steps.append(self)
        try:
            yield
        finally:
            _steps.pop()
        for variable, value in self._writes:
            backend.update(copies.get(id(variable), variable), value)
        self._writes = []

    def keep(self, function: Callable[..., Tensor], args: Any, kwargs: Any) -> Tensor:
        """Return the next variable: created in the first step, reused in later ones."""
        if self._made == len(self.variables):
            self.variables.append(function(*args, **kwargs))
        self._made += 1
        return self.variables[self._made - 1]

    def write(self, variable: Tensor, value: Any) -> Any:
        """Schedule a variable's new value for the next step, and return the value."""
        self._writes.append((variable, value))
        return value

    def write_pairs(self, returned: Any) -> None:
        """Schedule new values from pairs, the form that Keras 1 returned."""
        for one in returned or ():
            if isinstance(one, (list, tuple)) and len(one) == 2:
                self.write(one[0], self._expressions.compute(one[1]))


_steps: list[UpdateStep] = []


def is_collecting() -> bool:
    """Return whether an optimizer's ``get_updates`` is running."""
    return bool(_steps)


def make_variable(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Wrap a function that creates a tensor, to reuse the tensor across an optimizer's steps."""

    @functools.wraps(function)
    def made(*args: Any, **kwargs: Any) -> Tensor:
        return _steps[-1].keep(function, args, kwargs) if _steps else function(*args, **kwargs)

    return made


def update(x: Any, new_x: Any) -> Any:
    """Assign a value to a variable: at once, or at the end of an optimizer's step.

    A symbolic value is assigned when a function with the returned update runs.
    """
    if is_symbolic(new_x):
        return x, new_x
    return _write(x, new_x)


def _write(x: Any, value: Any) -> Any:
    if _steps:
        return _steps[-1].write(x, value)
    if is_training() and torch.is_grad_enabled():
        # The step may have used the variable before its backward pass.
        _pending.append((x, backend.to_tensor(value).detach()))
        return value
    return backend.update(x, value)


def write_pending(*_of_hook: Any) -> None:
    """Apply the pending updates of a training step, after its backward pass."""
    for variable, value in _pending:
        backend.update(variable, value)
    _pending.clear()


_pending: list[tuple[Any, Tensor]] = []


def update_add(x: Any, increment: Any) -> Any:
    """Add to a variable, likewise."""
    if is_symbolic(increment):
        return x, increment + x
    return _write(x, x + increment)


def update_sub(x: Any, decrement: Any) -> Any:
    """Subtract from a variable, likewise."""
    if is_symbolic(decrement):
        return x, -decrement + x
    return _write(x, x - decrement)


def moving_average_update(x: Any, value: Any, momentum: float) -> Any:
    """Set x ← x · momentum + value · (1 − momentum), likewise."""
    if is_symbolic(value):
        return x, value * (1.0 - momentum) + x * momentum
    return _write(x, x * momentum + value * (1.0 - momentum))
