"""Models: layers that are trained together."""

from __future__ import annotations

from kplug.models.config import model_from_config
from kplug.models.functional import Functional
from kplug.models.loading import load_model, model_from_json
from kplug.models.model import Model
from kplug.models.sequential import Sequential
from kplug.models.summary import print_summary

__all__ = [
    "Functional",
    "Model",
    "Sequential",
    "load_model",
    "model_from_config",
    "model_from_json",
    "print_summary",
]
