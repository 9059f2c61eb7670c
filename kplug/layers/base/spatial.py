"""What the layers of sequences, images and volumes have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor

from kplug.arguments import refusal, require_integer
from kplug.backend import standardize_data_format
from kplug.errors import ArgumentValueError, DataError
from kplug.graph import Shape
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer


class SpatialLayer(Layer):
    """A layer of inputs with one, two or three axes between the batch and the channels.

    Args:
        data_format: ``"channels_last"`` (N, …, channels), ``"channels_first"`` (N, channels, …), or
            ``None`` for ``image_data_format()``.
        kwargs: What every layer takes.

    Attributes:
        rank: Number of axes besides the batch and the channels.
    """

    rank: ClassVar[int]

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format, type(self).__name__)
        self._channels_last = self.data_format == "channels_last"
        self._to_second = (0, self.rank + 1, *range(1, self.rank + 1))
        self._to_last = (0, *range(2, self.rank + 2), 1)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the outputs in the layout of the inputs."""
        if self._channels_last:
            # Views only: torch's channels_last memory is what these axes already are.
            return self.compute(inputs.permute(self._to_second)).permute(self._to_last)
        if (
            inputs.ndim != self.rank + 2
        ):  # torch would take one axis less for a sample without a batch
            self._check_shapes(inputs)
        return self.compute(inputs)

    def find_reach(self) -> tuple[int, ...] | None:
        """Return how many cells a window covers on each axis, None where inputs may be smaller."""
        return None

    def _require_shape(self, shape: Shape, cause: BaseException | None = None) -> None:
        super()._require_shape(shape, cause)
        reach = self.find_reach()
        sizes = shape[1:-1] if self._channels_last else shape[2:]
        if reach is not None and any(
            size is not None and size < cells for size, cells in zip(sizes, reach, strict=True)
        ):
            raise DataError(
                f"layer {self.name!r} has windows of {_by(reach)} cells, which do not fit into "
                f"inputs of {_by(sizes)}",
                hint="Use a smaller window, padding='same', or larger inputs.",
            ) from cause

    def compute(self, inputs: Tensor) -> Tensor:
        """Return the outputs for inputs with the channels second, likewise."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "data_format": self.data_format}


def _by(sizes: Sequence[int | None]) -> str:
    return " x ".join("?" if size is None else str(size) for size in sizes)


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
    except ArgumentValueError:  # it speaks of one size, not of what was given
        whole = ()
    if len(whole) != rank:
        raise refusal(owner, argument, value, allowed)
    return whole


def require_pairs(
    owner: str, argument: str, value: object, rank: int
) -> tuple[tuple[int, ...], ...]:
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
        pairs = tuple(require_window(owner, argument, side, 2, at_least=0) for side in sides)
    except ArgumentValueError:
        pairs = ()
    if len(pairs) != rank:
        forms = "a pair" if rank == 1 else f"{rank} of them, or {rank} pairs"
        raise refusal(owner, argument, value, f"an integer >= 0, {forms} (before, after)")
    return pairs
