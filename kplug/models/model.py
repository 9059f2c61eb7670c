"""What every model has besides its training: structure, weights, files, summary."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy.typing as npt
from torch import nn
from typing_extensions import override

from kplug import saving
from kplug.backend import get_value
from kplug.errors import KplugError, NotBuiltError
from kplug.layers.base import Layer
from kplug.layers.weights import assign_weights
from kplug.models.summary import print_summary
from kplug.models.trainable import Trainable


class Model(Trainable):
    """A layer made of layers, which can be trained.

    A subclass sets its layers as attributes and writes ``call``. Its weights are made when its input
    shape is known: from ``input_shape``, or from the first data that it sees.

    Args:
        name: The model's name.
        **options: As for any layer.

    Attributes:
        stop_training: Set it to True in a callback, and training stops after the current step.
        history: The record of the last ``fit``.

    Example:
        >>> import numpy as np
        >>> from kplug.layers import Dense
        >>> class Residual(Model):
        ...     def __init__(self):
        ...         super().__init__(name="residual")
        ...         self.inner = Dense(3)
        ...     def call(self, inputs):
        ...         return inputs + self.inner(inputs)
        >>> Residual().predict(np.zeros((2, 3)), verbose=0).shape
        (2, 3)
    """

    # ---------------------------------------------------------------- structure

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return [module for module in self.children() if isinstance(module, Layer)]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or its place.

        Raises:
            KplugError: If there is no such layer, or not exactly one argument is given.
        """
        if (name is None) == (index is None):
            raise KplugError("get_layer needs either a name or an index")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise KplugError(
                    f"model {self.name!r} has no layer {index}; it has {len(self.layers)} layers"
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        known = ", ".join(layer.name for layer in self.layers)
        raise KplugError(f"model {self.name!r} has no layer {name!r}; its layers: {known}")

    def find_input_dtype(self) -> str | None:
        """Return the type that inputs are cast to, or None to leave them as they are."""
        return self.dtype

    @override
    def build(self, input_shape: Any) -> None:
        """Declare the weights of all layers, by running the model without data.

        Args:
            input_shape: Shape of the input, with the batch in front.
        """
        self.built = True
        try:
            self.compute_output_shape((None, *input_shape[1:]))
        except Exception:
            self.built = False
            raise

    def ensure_built(self) -> None:
        """Make the weights, if the input shape is known and that was not done before.

        Raises:
            NotBuiltError: If the input shape is not known.
        """
        if self.built:
            self.materialize()
            return
        shape = self.find_input_shape()
        if shape is None:
            raise NotBuiltError(
                f"model {self.name!r} has no weights yet: its input shape is unknown",
                hint="Give the first layer an input_shape, or call the model on data once.",
            )
        self.build_for(shape)

    # ---------------------------------------------------------------- weights

    @override
    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """Return the parameters, made now if the input shape is known: an optimizer wants them."""
        self._ensure_values()
        return super().parameters(recurse)

    def get_weights(self) -> list[npt.NDArray[Any]]:
        """Return copies of all weights, layer by layer, in Keras's shapes."""
        self.ensure_built()
        return [get_value(weight) for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights. Numbers and shapes are checked first; on an error nothing changes.

        Args:
            weights: Arrays in the order and the shapes of ``get_weights()``.

        Raises:
            WeightsError: If their number or a shape differs.
        """
        self.ensure_built()
        assign_weights(f"model {self.name!r}", self.named_weights(), weights)

    def count_params(self) -> int:
        """Return the number of numbers in all weights."""
        self.ensure_built()
        return sum(weight.numel() for weight in self.weights)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Save the weights as an HDF5 file that Keras reads."""
        self.ensure_built()
        saving.save_weights(self, filepath, overwrite)

    def load_weights(
        self,
        filepath: str | os.PathLike[str],
        by_name: bool = False,
        skip_mismatch: bool = False,
        *,
        verify: saving.Verify = "warn",
    ) -> None:
        """Load weights from an HDF5 file, everything checked first.

        Args:
            filepath: The file.
            by_name: Load only layers whose names occur in the file, instead of all in order.
            skip_mismatch: Warn of weights that do not fit, and skip them, instead of refusing.
            verify: What to do if the file was made with other components than those that are
                installed: ``"warn"``, refuse (``"exact"``), or nothing (``"off"``).

        Raises:
            WeightsError: If the file cannot be read or does not fit; nothing is assigned.
        """
        self.ensure_built()
        saving.load_weights(self, filepath, by_name, skip_mismatch, verify=verify)

    # ---------------------------------------------------------------- text

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], object] | None = None,
    ) -> None:
        """Print the layers with output shapes and parameter counts.

        Args:
            line_length: Width of the lines.
            positions: Ends of the columns as shares of the width.
            print_fn: Called with each line of plain text, instead of printing a table.
        """
        print_summary(self, line_length, positions, print_fn)
