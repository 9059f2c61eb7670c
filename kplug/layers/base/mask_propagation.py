"""Mask propagation: passes masks to the arguments of a layer's call and on to its outputs.

A tensor carries its mask as an attribute, which torch's operations do not propagate. ``Layer`` reads the
masks of its inputs before a call and sets the masks of its outputs after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor

from kplug.backend.masks import as_masks, find_masks, get_mask, set_mask
from kplug.layers.base.layer_warnings import KnowsWhatWasTold, warn_once
from kplug.support.nested import find_leaves, map_leaves


class PassesMasks(KnowsWhatWasTold, Protocol):
    """The interface of a layer that propagates masks."""

    name: str
    supports_masking: bool

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the masks of the outputs."""


def fill_masks(
    names: Sequence[str], args: Sequence[Any], kwargs: dict[str, Any], masks: Any
) -> Any:
    """Add the masks that the arguments carry to a call's keyword arguments, unless given explicitly.

    ``mask`` is that of the first argument, ``<name>_mask`` that of the argument ``<name>``.

    Args:
        names: Names of the arguments of ``call``.
        args: The positional arguments.
        kwargs: The keyword arguments; masks are added.
        masks: The masks that the first argument carries.

    Returns:
        The masks of the first argument: the given ones, or else the ones it carries.
    """
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    for name in names:
        if name == "mask":
            found = masks
        elif name.endswith("_mask") and name.removesuffix("_mask") in names:
            found = find_masks(given.get(name.removesuffix("_mask")))
        else:
            continue
        if given.get(name) is not None:
            if name in kwargs:
                kwargs[name] = as_masks(given[name])
        elif found is not None:
            kwargs[name] = found
    given_mask = kwargs.get("mask", given.get("mask"))
    return masks if given_mask is None else as_masks(given_mask)


def set_output_masks(layer: PassesMasks, inputs: Any, outputs: Any, masks: Any) -> Any:
    """Attach the masks to the outputs of a layer.

    Args:
        layer: The layer that was called.
        inputs: The inputs of the call.
        outputs: The result of the call.
        masks: The masks of the inputs, ``None`` if there are none.

    Returns:
        The outputs. If the layer does not support masks, none of them carries that of an input.
    """
    if not layer.supports_masking:
        _warn_of_mask(layer)
        # An output that is an input carries the input's mask; a view of it does not.
        taken = {id(tensor) for tensor in find_leaves(inputs, Tensor)}
        return map_leaves(
            outputs, Tensor, lambda one: one.view_as(one) if id(one) in taken else one
        )
    tensors = list(find_leaves(outputs, Tensor))
    if all(get_mask(tensor) is not None for tensor in tensors):
        return outputs
    made = layer.compute_mask(inputs, masks)
    for tensor, mask in zip(tensors, list_masks(made), strict=False):
        if mask is not None and get_mask(tensor) is None:
            set_mask(tensor, mask)
    return outputs


def list_masks(masks: Any) -> list[Tensor | None]:
    """Return nested masks as a flat list, from left to right."""
    if isinstance(masks, dict):
        masks = list(masks.values())
    if isinstance(masks, (list, tuple)):
        return [mask for part in masks for mask in list_masks(part)]
    return [masks]


def _warn_of_mask(layer: PassesMasks) -> None:
    warn_once(
        layer,
        "masks",
        f"layer {layer.name!r} ({type(layer).__name__}) does not support masks: its inputs carry "
        "one, and the layers after it will not see it. A layer class that leaves the times of a "
        "sequence as they are sets supports_masking = True",
    )
