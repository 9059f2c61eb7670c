"""The `FormulaLoss` class: a formula and a reduction; the function is its arithmetic."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, ClassVar, TypeAlias

from torch import Tensor

from kplug.components.contracts import find_class_of
from kplug.errors import ContractError
from kplug.losses.base.loss import Loss, require_tensor
from kplug.registry.building.reverse_lookup import name_of

Formula: TypeAlias = Callable[..., Tensor]


class FormulaLoss(Loss):
    """A loss that is a function of targets and predictions, and a reduction.

    L = reduce(formula(y_true, y_pred, …), sample_weight). A subclass passes its function as ``formula``. A
    function with further parameters needs an ``__init__`` that stores them as attributes of the same
    names. Otherwise no ``__init__`` is needed, and the function's name is the label of the loss. The
    function itself is then accepted in place of the class wherever a loss is expected.

    Args:
        reduction: See `Loss`.
        name: Label of the loss in logs.
        dtype: See `Loss`.

    Example:
        >>> import torch
        >>> def quantile(y_true, y_pred, q=0.5):
        ...     error = y_true - y_pred
        ...     return torch.maximum(q * error, (q - 1) * error).mean(dim=-1)
        >>> class Quantile(FormulaLoss, formula=quantile):
        ...     def __init__(self, q=0.5, name="quantile"):
        ...         super().__init__(name=name)
        ...         self.q = q
        >>> Quantile(q=0.25)([[0.0], [0.0]], [[1.0], [-1.0]])
        tensor(0.5000)
    """

    formula: ClassVar[Formula | None] = None
    _parameters: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, formula: Formula | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if formula is None:
            return
        cls.formula = staticmethod(formula)
        name_constructor(cls, FormulaLoss, formula)
        if "batch_mean" not in cls.__dict__:  # a parent's kernel computes the parent's formula
            cls.batch_mean = Loss.batch_mean  # type: ignore[method-assign]
        cls._parameters = find_common_parameters(formula, cls)
        _CLASS_OF.setdefault(formula, cls)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        if type(self).call is FormulaLoss.call:
            require_formula(type(self), "a loss")

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the formula's value for each sample."""
        formula: Formula = self.formula  # type: ignore[assignment]  # checked by the constructor
        if not self._parameters:
            return require_tensor(formula(y_true, y_pred), self.name)
        arguments = {name: getattr(self, name) for name in self._parameters}
        return require_tensor(formula(y_true, y_pred, **arguments), self.name)


_CLASS_OF: dict[Formula, type[FormulaLoss]] = {}


def find_loss_class(function: object) -> type[FormulaLoss] | None:
    """Return the class whose formula a function is, None for any other object."""
    return find_class_of(function, _CLASS_OF)


def require_formula(owner: Any, kind: str) -> None:
    """Refuse a class without a formula.

    Raises:
        ContractError: if it names no formula.
    """
    if owner.formula is None:
        base = owner.__bases__[0].__name__
        raise ContractError(
            f"{owner.__name__} cannot be used as {kind}: it has no call and no formula",
            hint=f"Write call(y_true, y_pred), or class {owner.__name__}({base}, formula=…).",
        )


def find_common_parameters(formula: Formula, owner: type) -> tuple[str, ...]:
    """Return the parameters after targets and predictions that the constructor shares."""
    _, _, *further = inspect.signature(formula).parameters
    known = inspect.signature(owner).parameters
    return tuple(name for name in further if name in known)


def name_constructor(owner: Any, base: Any, formula: Formula) -> None:
    """Make the formula's name the default of ``name`` in a class's inherited constructor.

    The class gets a copy of the function with other defaults, not a wrapper, so that signatures and
    ``help`` show the name. A constructor of the class, or of a parent below the base, is kept.
    """
    constructor = base.__init__
    is_inherited = getattr(owner.__init__, "__code__", None) is constructor.__code__
    if not is_inherited:
        return
    parameters = inspect.signature(constructor).parameters.values()
    copied = FunctionType(
        constructor.__code__,
        constructor.__globals__,
        constructor.__name__,
        tuple(
            name_of(formula) if parameter.name == "name" else parameter.default
            for parameter in parameters
            if parameter.default is not parameter.empty
        ),
        constructor.__closure__,
    )
    copied.__annotations__ = constructor.__annotations__
    copied.__qualname__ = constructor.__qualname__
    owner.__init__ = copied
