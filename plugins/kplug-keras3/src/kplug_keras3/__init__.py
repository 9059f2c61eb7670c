"""Keras 3's rules and defaults of the five optimizers that differ from Keras 2's, for kplug.

SGD and Adam are the same in both, and kplug's own.
"""

from __future__ import annotations

from kplug_keras3.adagrad import Adagrad
from kplug_keras3.defaults import Adadelta, Adamax, Nadam
from kplug_keras3.rmsprop import RMSprop

__all__ = ["Adadelta", "Adagrad", "Adamax", "Nadam", "RMSprop"]
