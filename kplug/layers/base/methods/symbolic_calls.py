"""How a layer is connected, and what shapes and types it makes of others.

Each is a function whose first argument is the layer; ``Layer`` has them as its methods.
"""
# ruff: noqa: D417 - methods: self needs no words

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.arguments import refusal
from kplug.errors import GraphError, KplugError
from kplug.graph import MaskStep, Node, Shape, SymbolicTensor, TensorSpec
from kplug.layers.base.methods.protocol import AnyLayer
from kplug.layers.base.shape_inference import (
    as_shapes,
    infer_by_running,
    infer_inherited,
    shapes_of,
)
from kplug.layers.base.shapes import is_shape
from kplug.nested import find_leaves, map_leaves
from kplug.registry.quoting import quote


def connect(self: AnyLayer, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Add a node to the graph, and return the symbolic outputs."""
    count, specs = self._count_outputs(kwargs), None
    if count == 1 and self.is_watched:
        specs = _try_to_infer(self, args, kwargs)
        count = 1 if specs is None else len(specs)
    outputs = Node(self, args, kwargs, count, specs).output_tensors
    if specs is not None and len(outputs) == len(self._output_keys) > 1:
        return dict(zip(self._output_keys, outputs, strict=True))
    return outputs[0] if len(outputs) == 1 else outputs


def _try_to_infer(
    self: AnyLayer, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[TensorSpec, ...] | None:
    """Return the outputs of a user's layer, whose class need not say how many they are.

    What fails is reported where it is needed, with all other problems: components that cannot be
    found, and what the class itself raises.
    """
    try:
        given = map_leaves((args, dict(kwargs)), SymbolicTensor, lambda tensor: tensor.spec)
        return self.infer_specs(*given)
    except KplugError:
        return None
    except Exception:
        if self.defers_build_errors:
            return None
        raise


def count_outputs(self: AnyLayer, kwargs: Mapping[str, Any]) -> int:  # noqa: ARG001 - for subclasses
    """Return how many tensors a call with these keyword arguments makes."""
    return self.output_count


def infer_specs(
    self: AnyLayer, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[TensorSpec, ...]:
    """Return shapes and types of the outputs for arguments that hold ``TensorSpec``s."""
    shapes = shapes_of(args[0]) if args else None
    self.declare_for(shapes)
    if type(self).compute_output_shape is not compute_output_shape:
        first = next(find_leaves((args, kwargs), TensorSpec))
        dtype = first.dtype if first.dtype.is_floating_point else self._torch_dtype
        return tuple(TensorSpec(shape, dtype) for shape in _ask_for_shapes(self, shapes))
    return infer_by_running(self, args, kwargs, f"layer {self.name!r}")


def _ask_for_shapes(self: AnyLayer, shapes: Any) -> list[Shape]:
    """Return the output shapes that a subclass computes."""
    try:
        made = self.compute_output_shape(shapes)
    except KplugError:
        raise
    except Exception as error:
        raise GraphError(
            f"compute_output_shape of layer {self.name!r} ({type(self).__name__}) failed for the input shape "
            f"{shapes}: {type(error).__name__}: {error}"
        ) from error
    try:
        return as_shapes(made)
    except TypeError:
        raise GraphError(
            f"compute_output_shape of layer {self.name!r} ({type(self).__name__}) returned {quote(made)} for "
            f"the input shape {shapes}; it returns a shape with the batch in front, or a list of shapes"
        ) from None


def compute_mask(self: AnyLayer, inputs: Any, previous_mask: Any) -> Any:  # noqa: ARG001 - for subclasses
    """Return the mask of the output; a layer that makes masks writes it.

    Args:
        inputs: What the layer was called on.
        previous_mask: Its mask, booleans of shape (N, time), or ``None``; nested like ``inputs``.

    Returns:
        A mask or ``None``, or a list with one for each output.
    """
    return previous_mask


def is_given_mask(self: AnyLayer, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Return whether a call with these arguments has its mask among them in Keras's graph.

    Keras fills in the mask before it copies the arguments that it has to convert.
    """
    is_alone = len(args) == 1 and not kwargs and isinstance(args[0], SymbolicTensor)
    return is_alone and "mask" in self._call_names


def trace_masks(self: AnyLayer, inputs: Any, previous_mask: Any) -> Any:
    """Return what Keras's graph makes the masks of the outputs with, nested like the outputs.

    A class whose ``compute_mask`` computes nothing takes that for it; for others it is one operation.

    Args:
        inputs: What makes the first argument, nested like it.
        previous_mask: What makes its masks, or ``None``.
    """
    if not self.supports_masking or type(self).compute_mask is compute_mask:
        return previous_mask if self.supports_masking else None
    has_any = next(find_leaves(previous_mask, (Node, MaskStep)), None) is not None
    return MaskStep(inputs, previous_mask) if self._makes_masks or has_any else None


def compute_output_shape(self: AnyLayer, input_shape: Any) -> Any:
    """Return the output shape for an input shape, both with the batch in front.

    A subclass may write it; it must only if ``call`` needs real data to run.

    Args:
        input_shape: A shape, or a list of shapes.

    Returns:
        A shape, or a list of shapes.
    """
    try:
        shapes = as_shapes(input_shape)
    except TypeError:
        allowed = "a shape with the batch in front, such as (None, 3), or a list of shapes"
        raise refusal("compute_output_shape", "input_shape", input_shape, allowed) from None
    specs = [TensorSpec(shape, self._torch_dtype) for shape in shapes]
    argument = specs[0] if is_shape(input_shape) else specs
    if type(self).compute_output_shape is compute_output_shape:
        found = self.infer_specs((argument,), {})
    else:  # a subclass that writes it asks with super()
        self.declare_for(input_shape)
        found = infer_inherited(self, argument, f"layer {self.name!r}")
    made = [spec.shape for spec in found]
    return made[0] if len(made) == 1 else made
