"""Checks a layer's inputs against its ``InputSpec``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

from kplug.errors import DataError
from kplug.graph import Shape, is_symbolic
from kplug.layers.base.input_conversion import holds_arrays


@final
class InputSpec:
    """The input shapes that a layer accepts.

    Args:
        ndim: Number of axes, the batch included.
        min_ndim: Smallest number of axes.
        max_ndim: Largest number of axes.
        axes: Sizes of certain axes; −1 is the last.
        shape: All sizes; ``None`` takes any.
        example: The shape in messages; derived from the other arguments if omitted.

    Example:
        >>> spec = InputSpec(min_ndim=2, axes={-1: 4})
        >>> spec.fits((None, 4)), spec.fits((None, 5)), spec.fits((4,))
        (True, False, False)
    """

    def __init__(
        self,
        ndim: int | None = None,
        *,
        min_ndim: int | None = None,
        max_ndim: int | None = None,
        axes: Mapping[int, int] | None = None,
        shape: Sequence[int | None] | None = None,
        example: Sequence[int | None] | None = None,
    ) -> None:
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.min_ndim = min_ndim
        self.max_ndim = max_ndim
        self.axes = dict(axes or {})
        if self.shape is not None:
            known = {axis: size for axis, size in enumerate(self.shape) if size is not None}
            self.axes = known | self.axes
        self.example = None if example is None else tuple(example)

    def fits(self, shape: Shape) -> bool:
        """Return whether the spec accepts this shape; an unknown size always fits."""
        ndim = len(shape)
        if self.ndim is not None and ndim != self.ndim:
            return False
        if ndim < (self.min_ndim or 0) or ndim > (self.max_ndim or ndim):
            return False
        return all(
            -ndim <= axis < ndim and shape[axis] in (None, size) for axis, size in self.axes.items()
        )

    def require(self, shape: Shape, layer_name: str, cause: BaseException | None = None) -> None:
        """Raise an error unless the spec accepts the shape.

        Args:
            shape: Shape of the inputs.
            layer_name: Name of the layer, for the message.
            cause: The error that the shape caused, if any.

        Raises:
            DataError: The spec does not accept this shape.
        """
        if not self.fits(shape):
            raise DataError(
                f"layer {layer_name!r} expects inputs of {self.describe()}, got shape {shape}"
            ) from cause

    def describe(self) -> str:
        """Return the expected shape in words."""
        if self.example is not None:
            return f"shape {_with_free_batch(self.example)}"
        if self.ndim is not None and not self.axes:
            return f"{self.ndim} axes"
        if self.ndim is not None:
            sizes: list[int | None] = [None] * self.ndim
            for axis, size in self.axes.items():
                sizes[axis] = size
            return f"shape {tuple(sizes)}"
        parts = []
        if self.min_ndim is not None:
            parts.append(f"at least {self.min_ndim} axes")
        if self.max_ndim is not None:
            parts.append(f"at most {self.max_ndim} axes")
        parts += [f"size {size} on axis {axis}" for axis, size in self.axes.items()]
        return " and ".join(parts) or "any shape"


def require_shapes(
    expected: InputSpec | Sequence[InputSpec | None] | None,
    shapes: Sequence[Shape],
    layer_name: str,
    cause: BaseException | None = None,
) -> None:
    """Refuse shapes that a layer does not accept; a single ``InputSpec`` means a single input.

    Raises:
        DataError: The layer does not accept a shape, or the number of shapes.
    """
    if expected is None or (isinstance(expected, InputSpec) and len(shapes) != 1):
        return
    specs = [expected] if isinstance(expected, InputSpec) else list(expected)
    if len(specs) != len(shapes):
        raise DataError(
            f"layer {layer_name!r} expects {len(specs)} inputs, got {len(shapes)}"
        ) from cause
    for spec, shape in zip(specs, shapes, strict=True):
        if spec is not None:
            spec.require(shape, layer_name, cause)


def _with_free_batch(shape: Shape) -> Shape:
    return (None, *shape[1:])


def refuse_several(layer_name: str, inputs: object) -> None:
    """Refuse a list, tuple or dict of tensors, arrays, or symbolic tensors.

    Raises:
        DataError: The inputs are such a structure; lists of numbers count as one array.
    """
    if not isinstance(inputs, (list, tuple, dict)):
        return
    if is_symbolic(inputs) or holds_arrays(inputs):
        kind = next(kind for kind in (list, tuple, dict) if isinstance(inputs, kind))
        raise DataError(
            f"layer {layer_name!r} takes one tensor, got a {kind.__name__} of {len(inputs)}",
            hint="Join them first, as Concatenate()([…]) does, or call the layer on each.",
        )
