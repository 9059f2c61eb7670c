"""Layers of categories and texts: lookups, encodings, binning and hashing."""

from kplug_preprocessing.layers.categories.category_encoding import (
    CategoryEncoding as CategoryEncoding,
)
from kplug_preprocessing.layers.categories.discretization import Discretization as Discretization
from kplug_preprocessing.layers.categories.hashing import Hashing as Hashing
from kplug_preprocessing.layers.categories.lookups import (
    IntegerLookup as IntegerLookup,
    StringLookup as StringLookup,
)
from kplug_preprocessing.layers.categories.text_vectorization import (
    TextVectorization as TextVectorization,
)
