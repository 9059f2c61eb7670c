"""Differences of components from their references, by patterns of the parts' names, with the reason."""

from __future__ import annotations

from collections.abc import Mapping

_KINK = "at a kink torch's maximum, which Keras calls, halves the gradient"
_WEIGHTS = "Keras truncates sample weights to whole numbers"
_ROUNDED = "Keras computes a part of it in float32"

DIFFERENCES: Mapping[str, Mapping[str, str]] = {
    "activation kplug/sparsemax": {"*": "Keras 3.15's values do not sum to 1"},
    "layer kplug/GlobalAveragePooling1D": {
        "*/masked/*": "where a mask leaves no step Keras's mean is not a number"
    },
    "layer kplug/GroupNormalization": {"row/float64/*": _ROUNDED},
    "layer kplug/GroupQueryAttention": {"*/float64/weight_gradient/*": _ROUNDED},
    "layer kplug/MultiHeadAttention": {"*/float64/weight_gradient/*": _ROUNDED},
    "loss kplug/categorical_hinge": {"shares/exact/gradient": _KINK},
    "loss kplug/circle": {
        "single/*": _ROUNDED,
        "ids/*": "samples whose loss is 0 count in Keras's mean, and not in kplug's",
    },
    "loss kplug/cosine_similarity": {
        "*/zeros/gradient": "for rows of zeros Keras's gradient is not a number"
    },
    "loss kplug/hinge": {"shares/exact/gradient": _KINK},
    "metric kplug/binary_iou": {"*/weighted/*": _WEIGHTS},
    "metric kplug/log_cosh_error": {
        "choices/*": "for whole numbers as predictions Keras rounds the logarithm of 2"
    },
    "metric kplug/one_hot_iou": {"*/weighted/*": _WEIGHTS},
    "metric kplug/one_hot_mean_iou": {"*/weighted/*": _WEIGHTS},
    "optimizer kplug/adagrad": {
        "*": "as in Keras 2, the sum starts at 0 and ε is outside the root; kplug-keras3/adagrad is Keras 3's"
    },
    "optimizer kplug/nadam": {
        "*": "its momentum decays as in Keras 2; kplug-keras3/nadam is Keras 3's"
    },
    "optimizer kplug/schedule_free_adamw": {
        "*": "on torch Keras 3.15 overwrites z before it computes x from it"
    },
    "regularizer kplug/orthogonal_regularizer": {
        "*/zeros/gradient": "for weights of zeros Keras's gradient is not a number"
    },
}
