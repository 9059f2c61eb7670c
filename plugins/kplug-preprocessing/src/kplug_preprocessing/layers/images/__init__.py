"""Image layers: resizing, cropping and random augmentation."""

from kplug_preprocessing.layers.images.random_colors import (
    RandomBrightness as RandomBrightness,
    RandomContrast as RandomContrast,
)
from kplug_preprocessing.layers.images.random_transforms import (
    RandomFlip as RandomFlip,
    RandomRotation as RandomRotation,
    RandomTranslation as RandomTranslation,
    RandomZoom as RandomZoom,
)
from kplug_preprocessing.layers.images.sizes import (
    CenterCrop as CenterCrop,
    RandomCrop as RandomCrop,
    Resizing as Resizing,
)
