"""``merge`` and ``Merge`` of Keras 1, and ``_Merge``, the base class of merging layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import kplug
from kplug import layers
from kplug.graph import sort_nodes
from kplug.layers import Lambda, Layer

__all__ = ["Merge", "_Merge", "merge"]

_MODES = {
    "ave": "average",
    "concat": "concatenate",
    "max": "maximum",
    "mul": "multiply",
    "sum": "add",
}


class _Merge(Layer):
    """Base class of layers that merge tensors; a subclass implements ``_merge_function``."""

    supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the function's result for the tensors."""
        return self._merge_function(inputs)

    def _merge_function(self, inputs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no _merge_function(self, inputs)")


def merge(
    inputs: Any,
    mode: Any = "sum",
    dot_axes: Any = -1,
    concat_axis: int = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: Any = None,
    name: str | None = None,
) -> Any:
    """Merge symbolic tensors as Keras 1's ``merge`` does.

    Args:
        inputs: The tensors.
        mode: ``sum``, ``mul``, ``concat``, ``ave``, ``max``, ``dot``, ``cos``, or a function of the list.
        dot_axes: The axes of ``dot`` and ``cos``.
        concat_axis: The axis of ``concat``.
        output_shape: The output shape of a function: a sample's shape, or a function of the input shapes.
        output_mask: The mask of a function's output, or a function that computes it.
        arguments: Further keyword arguments of a function.
        name: The name of the layer.

    Raises:
        ValueError: Another mode.
    """
    if callable(mode):
        found = Lambda(mode, _of_batch(output_shape), output_mask, arguments, name=name)(inputs)
    elif mode in ("dot", "cos"):
        found = layers.dot(inputs, axes=dot_axes, normalize=mode == "cos", name=name)
    elif mode in _MODES:
        axes = {"axis": concat_axis} if mode == "concat" else {}
        found = getattr(layers, _MODES[mode])(inputs, name=name, **axes)
    else:
        raise ValueError(
            f"merge: there is no mode {mode!r}; the modes are cos, dot, {', '.join(_MODES)}, or a function"
        )
    return found


def _of_batch(output_shape: Any) -> Any:
    """Convert the shape for ``Lambda``: Keras 1's functions may return a list."""
    if not callable(output_shape):
        return None if output_shape is None else tuple(output_shape)
    return lambda shapes: tuple(output_shape(shapes))


def Merge(  # noqa: N802 - Keras's name
    layers: Sequence[Any] | None = None,
    mode: Any = "sum",
    **options: Any,
) -> Any:
    """Return a model that merges the outputs of several models.

    As the first layer of a ``Sequential`` it gives that model several inputs.

    Args:
        layers: Models, or layers that were called.
        mode: As for ``merge``.
        **options: As for ``merge``; without ``layers`` the result is called on a list of tensors.
    """
    if layers is None:
        return _CalledLater(lambda inputs: merge(inputs, mode, **options))
    outputs = [branch.output for branch in layers]
    made = merge(outputs, mode, **_known(options))
    inputs = [one for node in sort_nodes(outputs) if node.is_input for one in node.output_tensors]
    return kplug.Model(inputs, made)


def _known(options: dict[str, Any]) -> dict[str, Any]:
    return {
        name: one for name, one in options.items() if name not in ("node_indices", "tensor_indices")
    }


class _CalledLater:
    """``Merge(mode=…)``, which is called like a layer."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __call__(self, inputs: Any) -> Any:
        return self._function(inputs)
