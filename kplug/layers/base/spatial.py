"""Mixins of spatial layers: the axes of the inputs, and the sliding window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, final

from torch import Tensor

from kplug.backend import standardize_data_format
from kplug.components.arguments import refusal, require_choice, require_integer
from kplug.errors import ArgumentValueError, DataError
from kplug.graph import Shape
from kplug.layers.base.fresh_outputs import TensorFunction, activate
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer
from kplug.layers.base.weight_slots import known_size


@final
class SpatialAxes:
    """The spatial axes of a layer's inputs, and the position of the channels.

    Args:
        owner: Class name of the layer, for messages.
        rank: Number of axes besides the batch and the channels.
        data_format: ``"channels_last"`` (N, …, channels), ``"channels_first"`` (N, channels, …), or
            ``None`` for ``image_data_format()``.

    Attributes:
        is_channels_last: Whether the channels are the last axis; otherwise they are the second.
        channel_axis: −1 or 1.
        positions: Positions of the spatial axes.
        input_spec: The accepted inputs before the number of channels is known.
    """

    def __init__(self, owner: str, rank: int, data_format: str | None) -> None:
        self.rank = rank
        self.data_format = standardize_data_format(data_format, owner)
        self.is_channels_last = self.data_format == "channels_last"
        self.channel_axis = -1 if self.is_channels_last else 1
        first = 1 if self.is_channels_last else 2
        self.positions = tuple(range(first, first + rank))
        self.input_spec = InputSpec(ndim=rank + 2)
        self._to_second = (0, rank + 1, *range(1, rank + 1))
        self._to_last = (0, *range(2, rank + 2), 1)

    def apply(self, function: TensorFunction, inputs: Tensor) -> Tensor:
        """Apply a channels-second function, such as torch's, to inputs in the layer's layout."""
        return self._restore(function(self._to_torch(inputs)))

    def apply_with(
        self, activation: TensorFunction, function: TensorFunction, inputs: Tensor
    ) -> Tensor:
        """Apply such a function, whose outputs are new, and then an activation in the layer's layout."""
        return activate(activation, function(self._to_torch(inputs)), self._restore)

    def _to_torch(self, inputs: Tensor) -> Tensor:
        if self.is_channels_last:
            # Views only: these axes already match torch's channels_last memory.
            return inputs.permute(self._to_second)
        if inputs.ndim != self.rank + 2:  # torch would accept an unbatched sample
            raise IndexError(f"expected {self.rank + 2} axes, got {inputs.ndim}")
        return inputs

    def _restore(self, outputs: Tensor) -> Tensor:
        return outputs.permute(self._to_last) if self.is_channels_last else outputs

    def fix_channels(self, layer: Layer, input_shape: Shape) -> int:
        """Return the number of channels and make it part of the input spec."""
        channels = known_size(layer, input_shape, self.channel_axis)
        layer.input_spec = InputSpec(self.rank + 2, axes={self.channel_axis: channels})
        return channels

    def require_room(
        self,
        layer_name: str,
        shape: Shape,
        reach: Sequence[int] | None,
        cause: BaseException | None = None,
    ) -> None:
        """Check that a window fits into inputs.

        Args:
            layer_name: Name of the layer, for messages.
            shape: Shape of the inputs.
            reach: How many cells the window covers on each axis; ``None`` where inputs may be smaller.
            cause: The error that the window caused, if any.

        Raises:
            DataError: The window is larger on one axis.
        """
        sizes = [shape[axis] for axis in self.positions]
        if reach is not None and any(
            size is not None and size < cells for size, cells in zip(sizes, reach, strict=True)
        ):
            raise DataError(
                f"layer {layer_name!r} has windows of {_by(reach)} cells, which do not fit into "
                f"inputs of {_by(sizes)}",
                hint="Use a smaller window, padding='same', or larger inputs.",
            ) from cause


def _by(sizes: Sequence[int | None]) -> str:
    return " x ".join("?" if size is None else str(size) for size in sizes)


class Window(NamedTuple):
    """A sliding window, with one number per axis."""

    size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str
    dilation: tuple[int, ...]

    @classmethod
    def from_arguments(
        cls,
        owner: str,
        rank: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int],
        padding: str,
        dilation_rate: int | Sequence[int],
        paddings: tuple[str, ...] = ("valid", "same"),
    ) -> Window:
        """Check the arguments of a layer that slides a kernel.

        Raises:
            ArgumentValueError: One is outside its range.
        """
        return cls(
            require_window(owner, "kernel_size", kernel_size, rank),
            require_window(owner, "strides", strides, rank),
            require_choice(owner, "padding", padding, paddings),
            require_window(owner, "dilation_rate", dilation_rate, rank),
        )

    def find_reach(self) -> tuple[int, ...] | None:
        """Return how many cells the window covers on each axis; ``None`` if the inputs are padded."""
        if self.padding != "valid":
            return None
        pairs = zip(self.size, self.dilation, strict=True)
        return tuple((size - 1) * rate + 1 for size, rate in pairs)

    def refuse_dilated_strides(self, owner: str) -> None:
        """Refuse strides and dilation that are both above 1.

        Raises:
            ArgumentValueError: They are.
        """
        if max(self.strides) > 1 and max(self.dilation) > 1:
            allowed = "1 where strides are above 1"
            raise ArgumentValueError(owner, "dilation_rate", self.dilation, allowed)


def require_window(
    owner: str, argument: str, value: object, rank: int, *, at_least: int = 1
) -> tuple[int, ...]:
    """Return one integer for each of ``rank`` axes; a single number counts for all.

    Raises:
        ArgumentValueError: ``value`` is something else, or one is smaller than ``at_least``.
    """
    several = f", or {rank} of them" if rank > 1 else ""
    allowed = f"an integer >= {at_least}{several}"
    sizes = tuple(value) if isinstance(value, (list, tuple)) else (value,) * rank
    try:
        whole = tuple(
            require_integer(owner, argument, size, allowed, at_least=at_least) for size in sizes
        )
    except ArgumentValueError:  # its message describes one size, not the whole argument
        whole = ()
    if len(whole) != rank:
        raise refusal(owner, argument, value, allowed)
    return whole


def require_pairs(
    owner: str, argument: str, value: object, rank: int
) -> tuple[tuple[int, int], ...]:
    """Return (before, after) for each of ``rank`` axes.

    Args:
        owner: Class name of the layer.
        argument: Name of the argument.
        value: A number for all sides; one for each axis; or a pair for each axis. With one axis a pair
            is (before, after).
        rank: Number of axes.

    Raises:
        ArgumentValueError: ``value`` is something else, or a number is below 0.

    Example:
        >>> require_pairs("ZeroPadding2D", "padding", (1, (0, 2)), 2)
        ((1, 1), (0, 2))
    """
    sides = tuple(value) if isinstance(value, (list, tuple)) else (value,) * rank
    if rank == 1 and isinstance(value, (list, tuple)):
        sides = (value,)
    try:
        pairs = [require_window(owner, argument, side, 2, at_least=0) for side in sides]
    except ArgumentValueError:
        pairs = []
    if len(pairs) != rank:
        forms = "a pair" if rank == 1 else f"{rank} of them, or {rank} pairs"
        raise refusal(owner, argument, value, f"an integer >= 0, {forms} (before, after)")
    return tuple((before, after) for before, after in pairs)
