"""What layers that were written for Keras 1 and 2 find in their base class."""

from __future__ import annotations

from typing import Any

from kplug.layers import Layer


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

    def _get_noise_shape(self, inputs: Any) -> Any:  # noqa: ARG002 - Keras passes it
        """Return the shape of a dropout layer's mask; ``None`` is that of the inputs."""
        return getattr(self, "noise_shape", None)

    @property
    def _initial_weights(self) -> None:
        return None


class Wrapper(Layer):
    """The base of layers around another one, which they keep as ``layer``.

    Args:
        layer: The layer inside.
    """

    def __init__(self, layer: Layer, **options: Any) -> None:
        super().__init__(**options)
        self.layer = layer

    def get_config(self) -> dict[str, Any]:
        """Return the configuration, that of the layer inside among it."""
        inner = {"class_name": type(self.layer).__name__, "config": self.layer.get_config()}
        return {**super().get_config(), "layer": inner}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """Return the layer that a configuration describes."""
        from kplug.layers import deserialize

        return cls(
            deserialize(config["layer"]), **{k: v for k, v in config.items() if k != "layer"}
        )
