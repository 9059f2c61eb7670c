"""Keras 2's modules where they differ from kplug's: ``keras.layers`` is ``layers`` here."""

__version__ = "2.3.1"
__all__ = ["Input", "Model", "Sequential", "__version__"]

from kplug_keras2.keras.layers import Input
from kplug_keras2.keras.models import Model, Sequential
