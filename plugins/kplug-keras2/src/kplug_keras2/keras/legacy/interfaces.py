"""``keras.legacy.interfaces``: decorators that converted Keras 1's arguments; here no-ops.

Layers accept both here, so the decorators do nothing. Third-party packages use them on their constructors.
"""

from __future__ import annotations

from typing import TypeVar

_T = TypeVar("_T")

_NAMES = (
    "add_weight",
    "atrous_conv1d",
    "atrous_conv2d",
    "batchnorm",
    "conv1d",
    "conv2d",
    "conv3d",
    "convlstm2d",
    "cropping2d",
    "cropping3d",
    "deconv2d",
    "dense",
    "dropout",
    "embedding",
    "gaussiandropout",
    "gaussiannoise",
    "generator_methods",
    "global_pooling",
    "lambda",
    "pooling1d",
    "pooling2d",
    "pooling3d",
    "prelu",
    "recurrent",
    "separable_conv2d",
    "spatialdropout1d",
    "spatialdropout2d",
    "spatialdropout3d",
    "upsampling1d",
    "upsampling2d",
    "upsampling3d",
    "zeropadding2d",
    "zeropadding3d",
)


def _leave(function: _T) -> _T:
    """Return a constructor or method unchanged."""
    return function


globals().update({f"legacy_{name}_support": _leave for name in _NAMES})
__all__ = [f"legacy_{name}_support" for name in _NAMES]
