"""The files of a model: whole, its weights alone, its state in training, its configuration."""

from __future__ import annotations

import os
from typing import Any

from kplug import saving
from kplug.layers.base.layer import Layer
from kplug.layers.base.layer_configs import describe_layer
from kplug.models.trainable import Trainable
from kplug.saving.whole.built_shapes import write_built_shape


class Stored(Trainable):
    """The part of a model that saves and loads it."""

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order in which files hold them."""
        raise NotImplementedError

    def save(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Save the model as a whole, so that ``kplug.load_model`` and Keras make it again.

        Args:
            filepath: ``.keras``, or ``.h5`` or ``.hdf5`` for Keras's older format.
            overwrite: Whether an existing file may be replaced.

        Raises:
            NotBuiltError: If the model has no weights yet.
            WeightsError: If the file cannot be written there; an existing one is as it was.
        """
        self.ensure_built()
        entry = write_built_shape(describe_layer(self), self.built_shape)
        saving.save_model(self, entry, filepath, overwrite)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Save the weights, in the format that the extension names.

        Args:
            filepath: ``.weights.h5`` (Keras 3), ``.h5`` or ``.hdf5`` (Keras 2), ``.safetensors``.
            overwrite: Whether an existing file may be replaced.
        """
        self.ensure_built()
        saving.save_weights(self, filepath, overwrite)

    def save_state(self, filepath: str | os.PathLike[str], epoch: int = 0) -> None:
        """Save weights and training state, from which this model goes on to the last bit.

        Args:
            filepath: The file.
            epoch: How many epochs are done.
        """
        self.ensure_built()
        saving.save_state(self, filepath, epoch)

    def load_state(self, filepath: str | os.PathLike[str]) -> int:
        """Go on from what ``save_state`` saved; the model is built and compiled in the same way.

        The random generators go on from the file when training starts: at once, if it is called in
        ``on_train_begin``.

        Returns:
            How many epochs were done.

        Raises:
            WeightsError: If the file cannot be read or does not fit; nothing is assigned.
        """
        self.ensure_built()
        return saving.load_state(self, filepath)

    def to_json(self, **options: Any) -> str:
        """Return the model's configuration as Keras 3 writes it; weights are not part of it.

        Args:
            options: What ``json.dumps`` takes, such as ``indent=2``.
        """
        return saving.to_json(describe_layer(self), **options)

    def load_weights(
        self,
        filepath: str | os.PathLike[str],
        by_name: bool = False,
        skip_mismatch: bool = False,
        *,
        verify: saving.Verify = "warn",
    ) -> None:
        """Load weights from a file, everything checked first.

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
