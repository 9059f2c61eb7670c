"""Whole models in one file: configuration, weights, training, and what made them."""

from __future__ import annotations

from kplug.saving.whole.opening import StoredModel, opened_model
from kplug.saving.whole.writing import save_model

__all__ = ["StoredModel", "opened_model", "save_model"]
