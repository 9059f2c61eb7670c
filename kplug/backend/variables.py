"""Variables: parameters whose memory stays in place under assignment.

They are plain ``torch.nn.Parameter``s, not a subclass: ``torch.compile`` refuses subclasses, and torch
dispatches each operation on them through ``__torch_function__``. So this module adds Keras's methods to
torch's class; all but ``numpy`` and ``name`` are names that torch lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from typing_extensions import Self

from kplug.backend.convert import TensorLike, to_shape, to_tensor
from kplug.backend.dtypes import DTypeLike, to_dtype
from kplug.backend.global_settings import auto_name
from kplug.backend.values import NumpyArray, get_value
from kplug.errors import ArgumentValueError, ContractError, WeightsError
from kplug.registry import resolve_object

_LABELS = ("label", "path", "is_fixed")


class _VariableMeta(type(nn.Parameter)):  # type: ignore[misc]  # torch's own class of the class
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, nn.Parameter) and "label" in vars(instance)


class Variable(nn.Parameter, metaclass=_VariableMeta):
    """A parameter that supports assignment; other operations return plain tensors.

    As an attribute of a layer or model it is one of its weights: trained, saved and loaded with it. The
    weights of layers are variables.

    Args:
        initializer: The initial value: a number, an array, a tensor, a callable that takes ``shape`` and
            ``dtype``, or the name of an initializer.
        shape: Its shape; required with an initializer.
        dtype: Its type; None uses the type of the value, or ``floatx()`` with an initializer.
        trainable: Whether training changes it.
        name: Its name; ``variable`` with a number if omitted.

    Raises:
        ArgumentValueError: There is an initializer and no shape, or the name has a ``/``.

    Example:
        >>> total = Variable(0.5, trainable=False, name="total")
        >>> total.assign_add(2.0).assign_sub(torch.tensor(0.5)) + 1, total.name
        (tensor(3.), 'total')
        >>> scale = Variable("ones", shape=(2,))
        >>> type(scale).__name__, scale.trainable, scale.numpy()
        ('Parameter', True, array([1., 1.], dtype=float32))

    Reference:
        ``keras.Variable``, which wraps a tensor: here ``dtype`` is torch's, ``==`` compares elements, and
        ``value`` is the variable itself. A non-trainable variable stays non-trainable.
    """

    path: str

    def __new__(  # a parameter, which is what isinstance says
        cls,
        initializer: TensorLike | Callable[..., Tensor] | str,
        shape: Sequence[int] | None = None,
        dtype: DTypeLike = None,
        trainable: bool = True,
        name: str | None = None,
    ) -> Self:
        """Create a variable with its initial value."""
        label = auto_name("Variable") if name is None else name
        if "/" in label:
            raise ArgumentValueError("Variable", "name", name, "a string without '/'")
        values = _first_values(initializer, shape, dtype)
        made: Self = make_variable(values.clone(), label, is_trainable=trainable)
        return made

    if TYPE_CHECKING:  # added to torch's class below

        @property
        def value(self) -> nn.Parameter:
            """The variable itself, with its gradient ``grad``."""

        @property
        def trainable(self) -> bool:
            """Whether training changes it."""

        @trainable.setter
        def trainable(self, is_trainable: bool) -> None: ...

        def assign(self, value: Any) -> Variable:
            """Replace the value."""

        def assign_add(self, value: Any) -> Variable:
            """Add a value."""

        def assign_sub(self, value: Any) -> Variable:
            """Subtract a value."""


def make_variable(
    values: Tensor, label: str, path: str | None = None, *, is_trainable: bool = False
) -> Any:
    """Return values as a variable that shares their memory.

    Args:
        values: The values. Integers get no gradient, trainable or not.
        label: Its name.
        path: The names of the enclosing layers and its own; by default its name.
        is_trainable: Whether training changes it.
    """
    needs_gradient = is_trainable and values.is_floating_point()
    made = nn.Parameter(values.detach(), needs_gradient)
    vars(made).update(label=label, path=label if path is None else path, is_fixed=not is_trainable)
    return made


def is_fixed(tensor: object) -> bool:
    """Return whether a tensor is a variable that was made with ``trainable=False``."""
    return isinstance(tensor, Tensor) and bool(getattr(tensor, "is_fixed", False))


def like_variable(values: Tensor, original: Tensor) -> Tensor:
    """Return values in the form of the original: a variable of the same name, or a plain tensor."""
    if not isinstance(original, Variable):
        return values
    if not isinstance(values, nn.Parameter):
        made = nn.Parameter(values.detach(), original.requires_grad)
        made.grad, values = values.grad, made
    vars(values).update({name: vars(original)[name] for name in _LABELS})
    return values


def _first_values(initializer: Any, shape: Sequence[int] | None, dtype: DTypeLike) -> Tensor:
    if isinstance(initializer, Tensor) or not (
        isinstance(initializer, str) or callable(initializer)
    ):
        return to_tensor(initializer, dtype).detach()
    if shape is None:
        raise ArgumentValueError("Variable", "shape", shape, "a shape, as an initializer needs one")
    make = resolve_object("initializer", initializer)
    made: Tensor = make(to_shape(shape), dtype=to_dtype(dtype))
    return made.detach()


# -- methods added to Parameter ------------------------------------------------------------


def _set_trainable(parameter: nn.Parameter, is_trainable: bool) -> None:
    if is_trainable and is_fixed(parameter):
        raise ContractError(
            f"variable {_path_of(parameter)!r} was made with trainable=False, so no optimizer knows it",
            hint="Make it with trainable=True, and set trainable = False while it is to stay as it is.",
        )
    parameter.requires_grad_(bool(is_trainable))


def _assign(parameter: nn.Parameter, value: Any) -> nn.Parameter:
    """Replace the value by a number, array or tensor of the same shape; the type stays.

    Raises:
        WeightsError: The shape differs; nothing was assigned.
    """
    given = value if isinstance(value, Tensor) else to_tensor(value)
    if given.shape != parameter.shape:
        raise WeightsError(
            f"variable {_path_of(parameter)!r} has shape {tuple(parameter.shape)}, the value has shape "
            f"{tuple(given.shape)}; nothing was assigned"
        )
    with torch.no_grad():
        parameter.copy_(given)
    return parameter


def _assign_add(parameter: nn.Parameter, value: Any) -> nn.Parameter:
    """Add a number, array or tensor."""
    return _assign(parameter, parameter + torch.as_tensor(value, device=parameter.device))


def _assign_sub(parameter: nn.Parameter, value: Any) -> nn.Parameter:
    """Subtract a number, array or tensor."""
    return _assign(parameter, parameter - torch.as_tensor(value, device=parameter.device))


def _numpy(parameter: nn.Parameter, *, force: bool = False) -> NumpyArray:
    """Return the value in NumPy; a copy for trainable ones, where torch raises an error."""
    if parameter.requires_grad:
        return get_value(parameter)
    array: NumpyArray = Tensor.numpy(parameter, force=force)
    return array


def _path_of(parameter: nn.Parameter) -> str:
    return str(vars(parameter).get("path", "without a name"))


_ADDED: dict[str, Any] = {
    "value": property(lambda parameter: parameter, doc="The parameter itself."),
    "name": property(lambda parameter: vars(parameter).get("label"), doc="Its name, or None."),
    "trainable": property(
        lambda parameter: parameter.requires_grad, _set_trainable, doc="Whether it is trained."
    ),
    "assign": _assign,
    "assign_add": _assign_add,
    "assign_sub": _assign_sub,
    "numpy": _numpy,
}
for _name, _member in _ADDED.items():
    setattr(nn.Parameter, _name, _member)
