"""Models in files: Keras 2's HDF5 weights, and the table of what made the model."""

from __future__ import annotations

from kplug.saving.provenance import Verify
from kplug.saving.weights import load_weights, save_weights

__all__ = ["Verify", "load_weights", "save_weights"]
