"""Layers that prepare images, categories and texts."""

__kplug_keras_module__ = "keras.layers"  # of these classes; see `kplug.keras_class`

from kplug_preprocessing.layers.categories import (
    CategoryEncoding as CategoryEncoding,
    Discretization as Discretization,
    Hashing as Hashing,
    IntegerLookup as IntegerLookup,
    StringLookup as StringLookup,
    TextVectorization as TextVectorization,
)
from kplug_preprocessing.layers.images import (
    CenterCrop as CenterCrop,
    RandomBrightness as RandomBrightness,
    RandomContrast as RandomContrast,
    RandomCrop as RandomCrop,
    RandomFlip as RandomFlip,
    RandomRotation as RandomRotation,
    RandomTranslation as RandomTranslation,
    RandomZoom as RandomZoom,
    Resizing as Resizing,
)
