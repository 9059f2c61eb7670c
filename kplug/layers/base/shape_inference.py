"""Shape inference: runs a layer on meta tensors to find the shapes of its outputs.

The layer runs twice, with two different values for each unknown size, such as the batch. Output sizes that
differ between the runs are unknown. So authors of layers need no shape function.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, SupportsIndex

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from kplug.backend.masks import set_mask
from kplug.backend.variables import like_variable
from kplug.errors import GraphError, KplugError
from kplug.graph import Shape, TensorSpec, in_mode, list_outputs
from kplug.layers.base.shapes import is_shape
from kplug.support.nested import find_leaves, map_leaves

# Trial sizes of the batch and of other unknown axes; strided layers divide the latter.
_TRIALS = ((2, 64), (3, 96))

_ELEMENTWISE: set[Any] = {torch.relu, torch.sigmoid, torch.tanh}
_ELEMENTWISE |= {F.elu, F.gelu, F.hardsigmoid, F.leaky_relu, F.selu, F.silu, F.softplus}


def infer_by_running(
    layer: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    label: str,
    trials: Sequence[tuple[int, int]] = _TRIALS,
) -> tuple[TensorSpec, ...]:
    """Return shapes and types of a layer's outputs.

    Args:
        layer: A layer whose weights are declared at least.
        args: Its positional arguments, with a ``TensorSpec`` in the place of each tensor.
        kwargs: Its keyword arguments, likewise.
        label: The layer's name in error messages.
        trials: Trial sizes of the batch and of other unknown axes.

    Returns:
        One ``TensorSpec`` an output.

    Raises:
        GraphError: The layer cannot be run without data.
    """
    has_unknown = any(None in spec.shape for spec in find_leaves((args, kwargs), TensorSpec))
    may_hold_batch = has_unknown and trials is _TRIALS  # with other trials, the caller retries
    trials = trials if has_unknown else trials[:1]
    with torch.no_grad(), torch.device("meta"), in_mode(layer.modules(), is_training=False):
        try:
            results = [_run(layer, args, kwargs, trial, label) for trial in trials]
        except GraphError as error:
            found = _infer_from_one_sample(layer, args, kwargs, label) if may_hold_batch else None
            if found is None:
                raise error from error.__cause__
            return found
    return tuple(_merge(*outputs) for outputs in zip(*results, strict=True))


def _infer_from_one_sample(
    layer: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], label: str
) -> tuple[TensorSpec, ...] | None:
    """Infer outputs with a batch of 1, for layers with a fixed batch size, such as that of a noise shape."""
    try:
        results = [_run(layer, args, kwargs, (1, other), label) for _, other in _TRIALS]
    except GraphError:
        return None
    merged = (_merge(*outputs) for outputs in zip(*results, strict=True))
    return tuple(TensorSpec((None, *one.shape[1:]), one.dtype) for one in merged)


def infer_inherited(layer: Any, argument: Any, label: str) -> tuple[TensorSpec, ...]:
    """Infer the outputs of the inherited ``call`` of a class that overrides ``compute_output_shape``.

    Args:
        layer: A layer of such a class.
        argument: A ``TensorSpec``, or a list of them.
        label: The layer's name in error messages.
    """
    order = type(layer).__mro__
    *_, writer, root = (one for one in order if "compute_output_shape" in vars(one))
    bases = order[order.index(writer) + 1 :]
    owner = next(one for one in bases if "call" in vars(one))
    if owner is root:  # the class does not inherit a call
        return infer_by_running(layer, (argument,), {}, label)
    vars(layer)["call"] = vars(owner)["call"].__get__(layer)
    try:
        return infer_by_running(layer, (argument,), {}, label)
    finally:
        del vars(layer)["call"]


def _run(
    layer: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    trial: tuple[int, int],
    label: str,
) -> list[Tensor]:
    given, named = map_leaves((args, dict(kwargs)), TensorSpec, lambda spec: _empty(spec, *trial))
    try:
        outputs = _call(layer, given, named)
    except KplugError:
        raise
    except Exception as error:
        outputs = _call_with_masks(layer, given, named)
        if outputs is None:
            raise _refuse(label, args, kwargs, error) from error
    made = _as_tensors(outputs, label)
    is_flat = isinstance(outputs, dict) and len(outputs) == len(made)
    layer._output_keys = tuple(sorted(outputs)) if is_flat else ()
    return made


def _call(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    state = {name: tensor for name, tensor in _state(layer) if not tensor.is_meta}
    shadows = {
        name: like_variable(torch.empty_like(t, device="meta"), t) for name, t in state.items()
    }
    with _ConstantsWithoutMemory():
        if shadows:
            call = (
                torch.func.functional_call
            )  # each place of a shared tensor has a shadow of its own
            return call(layer, shadows, args, kwargs, tie_weights=False)
        return layer(*args, **kwargs)


def _call_with_masks(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the outputs for masked inputs, for layers that require masks; None if that fails, too."""
    if not getattr(layer, "supports_masking", False):
        return None
    for tensor in find_leaves((args, kwargs), Tensor):
        if tensor.ndim > 1:
            set_mask(tensor, torch.ones(tensor.shape[:2], dtype=torch.bool))
    try:
        return _call(layer, args, kwargs)
    except Exception:  # noqa: BLE001 - the first error is reported
        return None


def _refuse(
    label: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], error: Exception
) -> GraphError:
    shapes = ", ".join(str(spec.shape) for spec in find_leaves((args, kwargs), TensorSpec))
    return GraphError(
        f"{label} cannot be run on inputs of shape {shapes}: {type(error).__name__}: {error}",
        hint="If these shapes are right and the layer needs real data to run, write "
        "compute_output_shape(input_shape).",
    )


def infer_from_values(
    layer: nn.Module,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    label: str,
    trials: Sequence[tuple[int, int]] = _TRIALS,
) -> tuple[TensorSpec, ...]:
    """Return shapes and types of outputs whose sizes depend on the values of the inputs.

    The layer runs on zeros and on distinct values, with different unknown sizes. The arguments are
    those of ``infer_by_running``.
    """
    made = []
    for (batch, other), step in itertools.product(trials, (0, 1)):
        given, named = map_leaves(
            (args, dict(kwargs)),
            TensorSpec,
            lambda spec: _fill(spec, batch, other, step),  # noqa: B023
        )
        try:
            with torch.no_grad():
                made.append(_as_tensors(layer(*given, **named), label))
        except KplugError:
            raise
        except Exception as error:
            raise _refuse(label, args, kwargs, error) from error
    return tuple(_merge(*outputs) for outputs in zip(*made, strict=True))


def _fill(spec: TensorSpec, batch: int, other: int, step: int) -> Tensor:
    shape = _empty(spec, batch, other).shape
    values = (torch.arange(shape.numel()) + 1) * step
    return values.reshape(shape).to(spec.dtype)


class _ConstantsWithoutMemory(TorchFunctionMode):
    """Replaces constants by meta tensors where torch refuses to mix their values with meta tensors."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is Tensor.__array__ and args[0].is_meta:  # the operand of a NumPy array
            return np.zeros(args[0].shape, str(args[0].dtype).removeprefix("torch."))
        if (made := _make_at_once(func, args)) is not None:
            return made
        try:
            return func(*args, **(kwargs or {}))
        except (RuntimeError, NotImplementedError):
            given = args, kwargs or {}
            if len({tensor.is_meta for tensor in find_leaves(given, Tensor)}) < 2:
                raise
            args, kwargs = map_leaves(given, Tensor, lambda tensor: tensor.to("meta"))
            return func(*args, **kwargs)


def _make_at_once(func: Any, args: tuple[Any, ...]) -> Tensor | None:
    """Return what an operation of most models makes of meta tensors, or None to ask torch.

    torch computes shapes on meta tensors in Python, for which it imports SymPy and its compiler: 2 s.
    """
    first = args[0] if args else None
    if not isinstance(first, Tensor) or not first.is_meta or torch.is_grad_enabled():
        return None  # a layer that differentiates turns gradients on, and needs torch's graph
    if func in _ELEMENTWISE and first.is_floating_point():
        return first.new_empty(first.shape)
    if func is torch.addmm and all(isinstance(one, Tensor) and one.is_meta for one in args):
        rows, matrix = args[1:]
        is_plain = [one.ndim for one in args] == [1, 2, 2] and len({one.dtype for one in args}) == 1
        if is_plain and (rows.shape[1], *first.shape) == matrix.shape:
            return first.new_empty((rows.shape[0], *first.shape))
    return None


def _state(layer: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of each module once: at a second path, torch would give it the shadow back."""
    for path, module in layer.named_modules():
        yield from module.named_parameters(path, recurse=False, remove_duplicate=False)
        yield from module.named_buffers(path, recurse=False, remove_duplicate=False)


def _empty(spec: TensorSpec, batch: int, other: int) -> Tensor:
    sizes = [
        size if size is not None else (batch if axis == 0 else other)
        for axis, size in enumerate(spec.shape)
    ]
    return torch.empty(sizes, dtype=spec.dtype, device="meta")


def _as_tensors(outputs: Any, label: str) -> list[Tensor]:
    found: list[Any] = list_outputs(outputs)
    for one in found:
        if not isinstance(one, Tensor):
            raise GraphError(
                f"{label} returned {type(one).__name__}, which is no tensor",
                hint="A layer returns a tensor, or a list of tensors.",
            )
    return found


def _merge(first: Tensor, *others: Tensor) -> TensorSpec:
    shape = tuple(
        size if all(other.shape[axis] == size for other in others) else None
        for axis, size in enumerate(first.shape)
    )
    return TensorSpec(shape, first.dtype)


def shapes_of(structure: Any) -> Any:
    """Return the shapes of nested tensors or specs, as ``build`` receives them."""
    if isinstance(structure, TensorSpec):
        return structure.shape
    if isinstance(structure, Tensor):
        # The batch stays unknown: a layer must not depend on the size of the first batch.
        return (None, *structure.shape[1:])
    if isinstance(structure, (list, tuple)):
        return [shapes_of(part) for part in structure]
    if isinstance(structure, dict):
        return {key: shapes_of(part) for key, part in structure.items()}
    return None


def specs_for(shapes: Any, dtype: torch.dtype) -> Any:
    """Return specs for nested shapes; the batch size, the first axis, stays unknown.

    Example:
        >>> specs_for([(8, 3), (8, 2)], torch.float32)[1].shape
        (None, 2)
    """
    if isinstance(shapes, dict):
        return {key: specs_for(part, dtype) for key, part in shapes.items()}
    if is_shape(shapes):
        return TensorSpec((None, *shapes[1:]), dtype)
    return [specs_for(part, dtype) for part in shapes]


def as_shapes(shapes: Any) -> list[Shape]:
    """Return one shape or a list of shapes as a list of tuples."""
    is_one = all(size is None or isinstance(size, SupportsIndex) for size in shapes)
    return [_as_shape(shape) for shape in ([shapes] if is_one else shapes)]


def _as_shape(shape: Any) -> Shape:
    return tuple(None if size is None else operator.index(size) for size in shape)
