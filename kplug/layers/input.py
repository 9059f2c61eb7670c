"""Model inputs: ``Input`` and ``InputLayer``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from kplug.backend import DTypeLike
from kplug.errors import ArgumentError, ArgumentValueError
from kplug.graph import Node, Shape, SymbolicTensor, TensorSpec
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer


@final
class InputLayer(Layer):
    """An input of a model; the layer returns what it is called on.

    Args:
        shape: Shape of one sample; ``None`` for a size that varies.
        batch_size: Number of samples, if it is always the same.
        dtype: Type of the values; ``None`` is ``floatx()``.
        batch_shape: Shape with the batch in front; instead of ``shape``.
        name: Made from ``input_layer`` if it is left out.
        input_dtype: Keras 2's name of ``dtype``.
        kwargs: Keras 2's ``batch_input_shape``, ``input_shape`` and ``input_dim``; and what every layer
            takes.

    Raises:
        ArgumentError: No shape is given.

    Example:
        >>> InputLayer(shape=(4,)).output.shape
        (None, 4)

    Reference:
        ``keras.layers.InputLayer`` of Keras 3, with the arguments of Keras 2.
    """

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: DTypeLike = None,
        batch_shape: Sequence[int | None] | None = None,
        name: str | None = None,
        input_dtype: DTypeLike = None,
        **kwargs: Any,
    ) -> None:
        if batch_shape is not None:
            kwargs["batch_input_shape"] = batch_shape
        elif shape is not None:
            kwargs["input_shape"] = shape
        super().__init__(
            name=name,
            dtype=dtype if input_dtype is None else input_dtype,
            batch_size=batch_size,
            **kwargs,
        )
        if self.batch_input_shape is None:
            raise ArgumentError(
                "InputLayer needs a shape",
                hint="Input(shape=(28, 28, 1)) is the shape of one sample, without the batch.",
            )
        self.input_spec = InputSpec(shape=self.batch_shape)
        self.built = True
        Node(self, specs=(TensorSpec(self.batch_shape, self._torch_dtype),))

    @property
    def batch_shape(self) -> Shape:
        """Shape of the values, with the batch in front."""
        return self.batch_input_shape or ()

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs


def Input(  # noqa: N802 - Keras's name; it reads as a layer and is used as one
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: DTypeLike = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    **kwargs: Any,
) -> SymbolicTensor:
    """Return the symbolic tensor of a new input.

    Args:
        shape: Shape of one sample, without the batch; ``None`` for a size that varies.
        batch_size: Number of samples, if it is always the same.
        dtype: Type of the values; ``None`` is ``floatx()``.
        batch_shape: Shape with the batch in front; instead of ``shape``.
        name: Name of the input.
        kwargs: Further arguments of ``InputLayer``.

    Returns:
        A symbolic tensor.

    Raises:
        ArgumentError: No shape is given.
        ArgumentValueError: ``dtype`` is ``"string"``; with Keras on torch, no layer takes such an input.

    Example:
        >>> Input((28, 28, 1)).shape
        (None, 28, 28, 1)
    """
    if dtype == "string":
        raise ArgumentValueError(
            "Input",
            "dtype",
            dtype,
            "a type of numbers, since torch has no tensors of texts. Texts are read as the numbers of the "
            "layer that takes the input: Input((tokens,), dtype='int64') for TextVectorization, "
            "Input((1,), dtype='int64') for StringLookup",
        )
    layer = InputLayer(shape, batch_size, dtype, batch_shape, name, **kwargs)
    return layer.inbound_nodes[0].output_tensors[0]
