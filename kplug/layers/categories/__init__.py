"""Layers of categories and texts: lookups, encodings, binning and hashing."""

from kplug.layers.categories.category_encoding import CategoryEncoding as CategoryEncoding
from kplug.layers.categories.discretization import Discretization as Discretization
from kplug.layers.categories.hashing import Hashing as Hashing
from kplug.layers.categories.lookups import (
    IntegerLookup as IntegerLookup,
    StringLookup as StringLookup,
)
from kplug.layers.categories.text_vectorization import TextVectorization as TextVectorization
