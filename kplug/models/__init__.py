"""Models: layers that are trained together."""

from __future__ import annotations

from kplug.models.config import model_from_config
from kplug.models.model import Model
from kplug.models.sequential import Sequential
from kplug.models.summary import print_summary

__all__ = ["Model", "Sequential", "model_from_config", "print_summary"]
