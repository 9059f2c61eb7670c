"""How a layer is called: with symbolic tensors it is connected, with others it computes.

Each is a function whose first argument is the layer; ``Layer`` has them as its methods.
"""
# ruff: noqa: D417 - methods: self needs no words

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from kplug.backend import dtype_name
from kplug.backend.masks import as_masks, attach_masks, find_masks
from kplug.contracts import check_call
from kplug.errors import ComputationError, KplugError
from kplug.graph import Shape, in_mode, is_symbolic
from kplug.layers.base import reduced_precision
from kplug.layers.base.component_slots import resolve_slots
from kplug.layers.base.input_spec import refuse_several, require_shapes
from kplug.layers.base.mask_propagation import fill_masks, set_output_masks
from kplug.layers.base.methods.outermost_call import THREAD, warn_of_lost_layers
from kplug.layers.base.methods.protocol import AnyLayer
from kplug.layers.base.shape_inference import shapes_of
from kplug.layers.base.tracked_containers import require_initialized
from kplug.nested import find_leaves
from kplug.registry.errors import raise_problems
from kplug.registry.quoting import quote
from kplug.regularizers.adapt import require_penalty
from kplug.write_guard import WriteGuard, is_own

_call_module = nn.Module.__call__
_HOW_CALLED = "A layer is called with its inputs, and with what else its call() takes."
_ERRORS_OF_KERNELS = (RuntimeError, IndexError, NotImplementedError)
# Kinds of component that change values, never shapes, unless a call uses one itself.
_ABOUT_VALUES = ("initializer", "regularizer", "constraint")


def call_layer(self: AnyLayer, inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """Connect the layer if ``inputs`` is symbolic, else compute.

    Args:
        inputs: A tensor, an array, a symbolic tensor, or a list of these.
        args: Further arguments for ``call``.
        kwargs: Further keyword arguments; ``training`` sets the mode for this call.

    Returns:
        What ``call`` returns; symbolic for symbolic inputs.

    Raises:
        DataError: The inputs do not have the shape that the layer takes, or are several.
    """
    if THREAD.call is None and not torch.compiler.is_compiling():
        return _enter(self, inputs, args, kwargs)
    # The most frequent call takes the shortest way: one tensor of the right type, without a mask.
    if (
        kwargs
        or args
        or not self._is_ready
        or not isinstance(inputs, Tensor)
        or inputs.dtype is not self._torch_dtype
        or self._makes_masks
        or getattr(inputs, "_keras_mask", None) is not None
    ):
        return self._call_with_care(inputs, args, kwargs)
    try:
        return _call_module(self, inputs)
    except (RuntimeError, IndexError, TypeError) as error:
        _explain(self, error, (inputs,), {})
        raise


def _enter(self: AnyLayer, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Make a call that is in no other layer's; layers forget penalties of earlier ones."""
    THREAD.call = object()
    reduced = reduced_precision.THREAD.dtype
    try:
        if reduced is not None:
            outputs = reduced_precision.call_reduced(self, (inputs, *args), kwargs, reduced)
        else:
            outputs = call_layer(self, inputs, *args, **kwargs)
    finally:
        THREAD.call = None
        made = THREAD.made
        if made:
            THREAD.made = ()
    if made:
        warn_of_lost_layers(self, made)
    return outputs


def call_with_care(
    self: AnyLayer, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Make a call that may be symbolic, the first one, or one with masks or with inputs to convert."""
    if not self._is_ready:
        require_initialized(self)
    if not self.takes_several:
        refuse_several(self.name, inputs)
    if is_symbolic((inputs, args, kwargs)):
        return self._connect((inputs, *args), kwargs)
    masks = find_masks(inputs)
    if self._leaves_masks and not self._takes_mask and kwargs.get("mask") is not None:
        masks = as_masks(kwargs.pop("mask"))
    try:
        inputs = attach_masks(self.convert_inputs(inputs), masks)
    except KplugError as error:
        raise error.at(f"layer {self.name!r}") from error.__cause__
    problems = _prepare(self, inputs)
    if self._takes_mask:
        masks = fill_masks(self._call_names, (inputs, *args), kwargs, masks)
    try:
        outputs = _compute(self, inputs, args, kwargs)
    except Exception:
        # A component that is not there may be why.
        raise_problems(problems, f"layer {self.name!r} cannot be used")
        raise
    if not self._makes_masks and (masks is None or self._leaves_masks):
        return outputs
    return set_output_masks(self, inputs, outputs, masks)


def _prepare(self: AnyLayer, inputs: Any) -> list[KplugError]:
    """Build the layer for its inputs; on tensors without memory nothing gets values.

    Returns:
        What keeps components from being found that change no shape: a call may do without them.
    """
    if self._is_ready:
        return []
    if not self.built:
        self.declare_for(shapes_of(inputs))
    if any(tensor.is_meta for tensor in find_leaves(inputs, Tensor)):
        layers = self._flatten_layers()
        problems = resolve_slots(layers, leaving_out=_ABOUT_VALUES)
        raise_problems(problems, f"layer {self.name!r} cannot be used")
        return resolve_slots(layers)
    self.materialize()
    return []


def _compute(self: AnyLayer, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    is_training = kwargs.pop("training", None)
    modules = () if is_training is None else self.modules()
    try:
        with in_mode(modules, bool(is_training)):
            return _call_module(self, inputs, *args, **kwargs)
    except (RuntimeError, IndexError, TypeError) as error:
        _explain(self, error, (inputs, *args), kwargs)
        raise


def _explain(
    self: AnyLayer, error: Exception, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Say why a call failed: by its arguments, by their shapes, or in a kernel of torch's.

    What a layer of the user's raises is left as it is, also where it is inside another one. An error of a
    user's function keeps its text, and is caught as before.
    """
    if isinstance(error, TypeError):
        check_call(self.call, args, kwargs, f"call of layer {self.name!r}", _HOW_CALLED)
        return
    self._check_shapes(args[0], error)
    tensors = list(find_leaves((args, kwargs), Tensor))
    is_of_torch = type(error) in _ERRORS_OF_KERNELS and is_own(type(self))
    if (
        not is_of_torch
        or len(list(self.modules())) > 1
        or any(tensor.is_meta for tensor in tensors)
    ):
        return
    given = ", ".join(f"{tuple(one.shape)} {dtype_name(one.dtype)}" for one in tensors)
    raise ComputationError(
        f"layer {self.name!r} ({type(self).__name__}) cannot compute with "
        f"{f'inputs of shape {given}' if given else quote(args[0])}: {error}"
    ) from error


def forward(self: AnyLayer, *args: Any, **kwargs: Any) -> Any:
    """Compute the outputs and note their penalty; what ``nn.Module`` calls."""
    if self._loss_functions and THREAD.call is not self._noted_in_call:
        for make_loss in self._loss_functions:
            self.note_loss(make_loss())
    if self._takes_training and "training" not in kwargs:
        kwargs["training"] = self.training
    if self.is_watched and not torch.compiler.is_compiling():
        guard = self._write_guards.get("layer") or _make_write_guard(self, "layer", "")
        outputs = guard.call(self.call, args, kwargs, self._parameters.values())
    else:
        outputs = self.call(*args, **kwargs)
    if self.activity_regularizer is not None:
        self._note_activity(outputs)
    return outputs


def _make_write_guard(self: AnyLayer, role: str, prefix: str) -> WriteGuard:
    guard = self._write_guards[role] = WriteGuard(f"{prefix}layer {self.name!r}")
    return guard


def note_activity(self: AnyLayer, outputs: Any) -> None:
    """Add the penalty of the outputs: of all tensors, nested as they are; a cell returns its states, too."""
    for output in find_leaves(outputs, Tensor):
        if not output.is_meta:
            regularizer = self.activity_regularizer
            if is_own(regularizer):
                penalty = regularizer(output)
            else:
                role = "activity regularizer"
                guard = self._write_guards.get(role) or _make_write_guard(self, role, f"{role} of ")
                penalty = guard.call(regularizer, (output,), {})
            penalty = require_penalty(penalty, regularizer)
            self.add_loss(penalty / output.shape[0])


def check_shapes(self: AnyLayer, inputs: Any, cause: BaseException | None = None) -> None:
    """Raise an error that names the shapes, if they are why a call failed."""
    shapes = [tuple(tensor.shape) for tensor in find_leaves(inputs, Tensor)]
    require_shapes_of_inputs(self, shapes, cause)


def require_shapes_of_inputs(
    self: AnyLayer, shapes: Sequence[Shape], cause: BaseException | None = None
) -> None:
    """Raise an error if the layer does not take inputs of these shapes."""
    if len(shapes) == 1:
        self._require_shape(shapes[0], cause)
    else:
        require_shapes(self.input_spec, shapes, self.name, cause)


def require_shape(self: AnyLayer, shape: Shape, cause: BaseException | None = None) -> None:
    """Raise an error if the layer does not take one input of this shape; a subclass may know more."""
    require_shapes(self.input_spec, [shape], self.name, cause)
