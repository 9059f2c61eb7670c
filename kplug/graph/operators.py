"""Python's operators on symbolic tensors: ``x + y``, ``2 * x``, ``x[:, 0]``."""

from __future__ import annotations

from typing import Any


class Operators:
    """Operators that connect a new operation, which computes them when the model runs.

    ``==`` and ``!=`` compare identity, as for any object: symbolic tensors are keys of dicts.
    """

    __slots__ = ()

    @staticmethod
    def _connect(operation: str, args: tuple[Any, ...]) -> Any:
        """Return the result of a new operation, which is a layer: ``kplug.layers`` replaces this."""
        raise NotImplementedError

    # NumPy would apply itself to each of its elements otherwise.
    __array_ufunc__ = None

    def _operate(self, operation: str, *args: Any) -> Any:
        return self._connect(operation, args)

    def __add__(self, other: Any) -> Any:
        return self._operate("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._operate("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._operate("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._operate("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._operate("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._operate("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._operate("true_divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._operate("true_divide", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self._operate("floor_divide", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._operate("floor_divide", other, self)

    def __mod__(self, other: Any) -> Any:
        return self._operate("mod", self, other)

    def __rmod__(self, other: Any) -> Any:
        return self._operate("mod", other, self)

    def __pow__(self, other: Any) -> Any:
        return self._operate("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._operate("power", other, self)

    def __matmul__(self, other: Any) -> Any:
        return self._operate("matmul", self, other)

    def __neg__(self) -> Any:
        return self._operate("negative", self)

    def __abs__(self) -> Any:
        return self._operate("absolute", self)

    def __lt__(self, other: Any) -> Any:
        return self._operate("less", self, other)

    def __le__(self, other: Any) -> Any:
        return self._operate("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return self._operate("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return self._operate("greater_equal", self, other)

    def __and__(self, other: Any) -> Any:
        return self._operate("logical_and", self, other)

    def __or__(self, other: Any) -> Any:
        return self._operate("logical_or", self, other)

    def __invert__(self) -> Any:
        return self._operate("logical_not", self)

    def __getitem__(self, key: Any) -> Any:
        return self._operate("get_item", self, key)
