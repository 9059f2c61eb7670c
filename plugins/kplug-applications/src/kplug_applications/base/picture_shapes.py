"""Input shapes of the architectures."""

from __future__ import annotations

from kplug import config
from kplug.errors import ArgumentError, ArgumentValueError

Shape = tuple["int | None", ...]

_AXES = 3
_COLOURS = 3


def channel_axis() -> int:
    """Return the channel axis of a batch of pictures."""
    return 1 if config.image_data_format() == "channels_first" else -1


def spatial_sizes(shape: Shape) -> Shape:
    """Return height and width from the shape of a picture or a batch."""
    return shape[-2:] if channel_axis() == 1 else shape[-3:-1]


def choose_shape(
    owner: str,
    given: Shape | None,
    is_pretrained: bool,
    has_top: bool,
    *,
    default: int | None,
    smallest: int,
) -> Shape:
    """Return the shape of the pictures of a model.

    Args:
        owner: The model, for messages.
        given: The requested shape, or None.
        is_pretrained: Whether ImageNet weights are requested.
        has_top: Whether the model ends in classes.
        default: The default height and width; None for any, even with a top.
        smallest: The least height and width.

    Raises:
        ArgumentValueError: The shape is invalid for a picture, or too small.
        ArgumentError: It does not fit the weights of ImageNet.
    """
    if given is None:
        return _with_channels(default if has_top else None, _COLOURS)
    shape = tuple(given)
    if len(shape) != _AXES:
        raise ArgumentValueError(owner, "input_shape", given, "three numbers, without the batch")
    _require_sizes(owner, shape, smallest)
    usual = _with_channels(default, _COLOURS)
    if is_pretrained and has_top and default and shape != usual:
        raise ArgumentError(
            f"{owner}: the weights of ImageNet with their top take {usual}, not {shape}"
        )
    if is_pretrained and shape[channel_axis()] != _COLOURS and shape[0] != _COLOURS:
        raise ArgumentError(
            f"{owner}: the weights of ImageNet take 3 channels; input_shape is {shape}"
        )
    if has_top and default and None in shape:
        raise ArgumentValueError(
            owner, "input_shape", given, "sizes that are all known, with include_top"
        )
    return shape


def _with_channels(size: int | None, channels: int) -> Shape:
    return (channels, size, size) if channel_axis() == 1 else (size, size, channels)


def _require_sizes(owner: str, shape: Shape, smallest: int) -> None:
    sizes = spatial_sizes(shape)
    if any(size is not None and size < smallest for size in sizes):
        allowed = f"at least {smallest} pixels high and wide"
        raise ArgumentValueError(owner, "input_shape", shape, allowed)
