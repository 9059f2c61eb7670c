"""State tensors with the methods of a Keras variable, for metrics written for Keras."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class StateVariable(Tensor):
    """A tensor with assignment methods; all other operations return plain tensors.

    Example:
        >>> total = make_variable(torch.zeros(()), "total")
        >>> total.assign_add(2.0).assign_sub(torch.tensor(0.5)) + 1, total.label
        (tensor(2.5000), 'total')

    Reference:
        ``keras.StateVariable``. Its name is ``label``, since tensors already have ``name``.
    """

    # Like torch.nn.Parameter: operations have no overhead and do not return this class.
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]
    label: str

    @property
    def value(self) -> Tensor:
        """The variable as a plain tensor, in the same memory."""
        return self.as_subclass(Tensor)

    def __deepcopy__(self, memo: dict[int, Any]) -> StateVariable:
        """Return a deep copy; torch has none for a class whose operations return plain tensors."""
        twin = memo[id(self)] = make_variable(self.value.clone(), self.label)
        return twin

    def assign(self, value: Any) -> StateVariable:
        """Replace the value by a number, array or tensor of the same shape."""
        with torch.no_grad():
            self.copy_(torch.as_tensor(value))
        return self

    def assign_add(self, value: Any) -> StateVariable:
        """Add a number, array or tensor."""
        return self.assign(self + torch.as_tensor(value, device=self.device))

    def assign_sub(self, value: Any) -> StateVariable:
        """Subtract a number, array or tensor."""
        return self.assign(self - torch.as_tensor(value, device=self.device))


def make_variable(values: Tensor, label: str) -> StateVariable:
    """Return values as a variable, in the same memory."""
    variable: StateVariable = values.detach().as_subclass(StateVariable)
    variable.label = label
    return variable
