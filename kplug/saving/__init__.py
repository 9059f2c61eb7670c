"""Models in files: weights, whole models, training state, and the table of what made the model."""

from __future__ import annotations

from kplug.saving.provenance import Verify
from kplug.saving.resuming import load_state, save_state
from kplug.saving.weights import load_weights, save_weights
from kplug.saving.whole import save_model
from kplug.saving.whole.writing import to_json

__all__ = [
    "Verify",
    "load_state",
    "load_weights",
    "save_model",
    "save_state",
    "save_weights",
    "to_json",
]
