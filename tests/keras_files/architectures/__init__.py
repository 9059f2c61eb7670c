"""The architectures that are built in Keras and in kplug by the same functions."""

from . import (
    attention as attention,
    graphs as graphs,
    images as images,
    rows as rows,
    sequences as sequences,
    volumes as volumes,
)
from .table import ARCHITECTURES as ARCHITECTURES, Architecture as Architecture, Library as Library
