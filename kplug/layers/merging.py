"""Layers that merge several tensors element by element."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug.backend.masks import get_mask
from kplug.errors import DataError
from kplug.graph import MaskStep, Shape, TensorSpec
from kplug.layers.base.layer import Layer
from kplug.layers.base.shapes import is_shape
from kplug.registry.user_warnings import warn
from kplug.support.nested import find_leaves


class Merging(Layer):
    """Base class of layers that merge a list of tensors; a subclass sets the function of two tensors.

    Sizes of 1 are broadcast; axes that a tensor lacks are inserted after its batch. A subclass that
    does not merge element by element overrides ``merge`` and ``find_problem``.

    Reference:
        Keras's merging layers.

    Attributes:
        combine: The function, of two tensors with the same number of axes.
    """

    combine: ClassVar[Callable[..., Tensor]]
    _least = 1
    _most: int | None = None
    _makes_masks = False

    def build(self, input_shape: Any) -> None:
        """Check that the shapes are compatible, and warn about a single input."""
        self._require_shapes(input_shape)
        if len(input_shape) == 1:
            warn(
                f"layer {self.name!r} is called on a list of one tensor, so there is nothing to merge. Was "
                "another one forgotten?"
            )

    def call(self, inputs: Any) -> Tensor:
        """Return the merged inputs.

        Args:
            inputs: A list of tensors (N, …).

        Returns:
            A tensor (N, …).
        """
        self._require_list(inputs)
        batch = inputs[0].shape[:1]
        for tensor in inputs:
            if tensor.shape[:1] != batch:  # broadcasting would hide the error
                self._check_shapes(inputs)
        return self.merge(inputs)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Tensor | None:  # noqa: ARG002 - for subclasses
        """Return where one of the masks is true; ``None`` if an input carries none."""
        masks = previous_mask if isinstance(previous_mask, (list, tuple)) else [None]
        if any(mask is None for mask in masks):
            return None
        made: Tensor = functools.reduce(torch.logical_or, masks)
        return made

    def trace_masks(self, inputs: Any, previous_mask: Any) -> Any:  # noqa: ARG002 - for subclasses
        """Return the mask operations of Keras's graph: a chain of ``logical_or``."""
        given = previous_mask if isinstance(previous_mask, (list, tuple)) else [None]
        return None if None in given else functools.reduce(MaskStep, given)

    def merge(self, tensors: Sequence[Tensor]) -> Tensor:
        """Merge several tensors into one."""
        ndims = [tensor.ndim for tensor in tensors]
        ndim = max(ndims)
        if min(ndims) < ndim:
            tensors = [_with_axes(tensor, ndim) for tensor in tensors]
        return functools.reduce(self.combine, tensors)

    def find_problem(self, shapes: Sequence[Shape]) -> str | None:
        """Describe why shapes are incompatible, if they are; ``None`` stands for any size."""
        longest = max(len(shape) for shape in shapes)
        for axis in range(1, longest):
            sizes = {shape[-axis] for shape in shapes if len(shape) > axis} - {None, 1}
            if len(sizes) > 1:
                return f"the sizes of axis {-axis} differ"
        return None

    def _require_list(self, inputs: Any) -> None:
        number = len(inputs) if isinstance(inputs, (list, tuple)) else 0
        if number < self._least or (self._most is not None and number > self._most):
            wanted = f"exactly {self._most} tensors" if self._most else "tensors"
            got = f"{number} of them" if number else "no list of tensors"
            raise DataError(
                f"layer {self.name!r} is called on a list of {wanted}, got {got}",
                hint=f"{type(self).__name__}()([a, b]).",
            )

    def _require_shapes(self, shapes: Any, cause: BaseException | None = None) -> None:
        self._require_list([] if shapes is None or is_shape(shapes) else shapes)
        found = [tuple(shape) for shape in shapes]
        batches = {shape[0] for shape in found if shape} - {None}
        problem = "the batch sizes differ" if len(batches) > 1 else self.find_problem(found)
        if problem is not None:
            listed = ", ".join(map(str, found))
            raise DataError(
                f"layer {self.name!r} cannot merge inputs of shapes {listed}: {problem}"
            ) from cause

    def _check_shapes(self, inputs: Any, cause: BaseException | None = None) -> None:
        if isinstance(inputs, (list, tuple)):
            self._require_shapes([tuple(one.shape) for one in find_leaves(inputs, Tensor)], cause)

    def infer_specs(self, args: tuple[Any, ...], kwargs: Any) -> tuple[TensorSpec, ...]:
        """Return the shape of the output; shapes are checked for each call, not only the first."""
        self._require_shapes([spec.shape for spec in find_leaves(args[:1], TensorSpec)])
        return super().infer_specs(args, kwargs)


def spread_mask(mask: Tensor, tensor: Tensor) -> Tensor:
    """Return a mask in the shape of the tensor that carries it."""
    return mask.reshape(*mask.shape, *[1] * (tensor.ndim - mask.ndim)).expand(tensor.shape)


def _spread_masks(tensors: Sequence[Tensor]) -> list[Tensor | None]:
    masks = [get_mask(tensor) for tensor in tensors]
    pairs = zip(tensors, masks, strict=True)
    return [mask if mask is None else spread_mask(mask, tensor) for tensor, mask in pairs]


def _with_axes(tensor: Tensor, ndim: int) -> Tensor:
    missing = ndim - tensor.ndim
    if not missing:
        return tensor
    return tensor.reshape(tensor.shape[0], *[1] * missing, *tensor.shape[1:])


class Add(Merging):
    """Outputs the sum of the inputs, element by element.

    Example:
        >>> Add()([torch.ones(1, 2), torch.ones(1, 2)])
        tensor([[2., 2.]])
    """

    combine = staticmethod(torch.add)


class Subtract(Merging):
    """Outputs the first input minus the second.

    Example:
        >>> Subtract()([torch.ones(1, 2), torch.ones(1, 2)])
        tensor([[0., 0.]])
    """

    _least = _most = 2
    combine = staticmethod(torch.sub)


class Multiply(Merging):
    """Outputs the product of the inputs, element by element.

    An input counts as 1 where its mask is false. If all inputs have masks, the product is 0 where all of
    them are false.

    Example:
        >>> Multiply()([torch.full((1, 2), 2.0), torch.full((1, 2), 3.0)])
        tensor([[6., 6.]])
    """

    combine = staticmethod(torch.mul)

    def merge(self, tensors: Sequence[Tensor]) -> Tensor:
        """Return the product."""
        masks = _spread_masks(tensors)
        known = [mask for mask in masks if mask is not None]
        pairs = zip(tensors, masks, strict=True)
        product = super().merge(
            [one if mask is None else one.where(mask, 1) for one, mask in pairs]
        )
        if len(known) < len(masks):
            return product
        return product.where(functools.reduce(torch.logical_or, known), 0)


class Average(Merging):
    """Outputs the mean of the inputs, element by element.

    Example:
        >>> Average()([torch.zeros(1, 2), torch.ones(1, 2)])
        tensor([[0.5000, 0.5000]])
    """

    combine = staticmethod(torch.add)

    def merge(self, tensors: Sequence[Tensor]) -> Tensor:
        """Return the mean."""
        return super().merge(tensors) / len(tensors)


def _take_extreme(combine: Callable[[Tensor, Tensor], Tensor], tensors: Sequence[Tensor]) -> Tensor:
    """Return the extreme of tensors; where the mask of one is false, the other side counts."""
    masks = _spread_masks(tensors)
    made, known = tensors[0], masks[0]
    for one, mask in zip(tensors[1:], masks[1:], strict=True):
        other = one if mask is None else one.where(mask, made)
        made = combine(made if known is None else made.where(known, other), other)
        known = None if mask is None or known is None else known | mask
    return made


class Maximum(Merging):
    """Outputs the largest of the inputs, element by element. Where one is masked, the others count.

    Example:
        >>> Maximum()([torch.zeros(1, 2), torch.ones(1, 2)])
        tensor([[1., 1.]])
    """

    combine = staticmethod(torch.maximum)

    def merge(self, tensors: Sequence[Tensor]) -> Tensor:
        """Return the maximum."""
        if all(get_mask(one) is None for one in tensors):
            return super().merge(tensors)
        return _take_extreme(torch.maximum, tensors)


class Minimum(Merging):
    """Outputs the smallest of the inputs, element by element. Where one is masked, the others count.

    Example:
        >>> Minimum()([torch.zeros(1, 2), torch.ones(1, 2)])
        tensor([[0., 0.]])
    """

    combine = staticmethod(torch.minimum)

    def merge(self, tensors: Sequence[Tensor]) -> Tensor:
        """Return the minimum."""
        if all(get_mask(one) is None for one in tensors):
            return super().merge(tensors)
        return _take_extreme(torch.minimum, tensors)


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the sum of tensors: ``Add(**kwargs)(inputs)``."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the difference of tensors: ``Subtract(**kwargs)(inputs)``."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the product of tensors: ``Multiply(**kwargs)(inputs)``."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the mean of tensors: ``Average(**kwargs)(inputs)``."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the largest of tensors: ``Maximum(**kwargs)(inputs)``."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the smallest of tensors: ``Minimum(**kwargs)(inputs)``."""
    return Minimum(**kwargs)(inputs)
