"""What layers that were written for Keras 1 and 2 find in their base class."""

from __future__ import annotations

from typing import Any


class Keras2Layer:
    """Methods and attributes that Keras 2's ``Layer`` has, and kplug's has not.

    Example:
        >>> from kplug_keras2.keras.layers import Layer
        >>> class Scale(Layer):
        ...     def call(self, x, mask=None):
        ...         return 2 * x
        >>> Scale().uses_learning_phase
        False
    """

    uses_learning_phase = False
    _uses_learning_phase = False
    stateful = False

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Do nothing: what ``K.update`` returns is written already."""

    def get_updates_for(self, inputs: Any) -> list[Any]:  # noqa: ARG002 - Keras passes it
        """Return nothing: no update waits to be run."""
        return []

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """Return the output shape; Keras 1's name of ``compute_output_shape``."""
        return self.compute_output_shape(input_shape)  # type: ignore[attr-defined]

    def assert_input_compatibility(self, inputs: Any) -> None:
        """Do nothing: a call checks its inputs itself."""

    @property
    def _initial_weights(self) -> None:
        return None
