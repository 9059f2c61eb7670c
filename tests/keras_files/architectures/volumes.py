"""Models of volumes, and of the samples of signals."""

from __future__ import annotations

from typing import Any

from .table import architecture


@architecture((5, 5, 5, 1))
def volumes(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((5, 5, 5, 1)),
            k.ZeroPadding3D(1),
            k.Conv3D(2, 3, activation="relu"),
            k.Cropping3D(((0, 1), (1, 0), (0, 1))),
            k.MaxPooling3D(2),
            k.BatchNormalization(),
            k.GlobalAveragePooling3D(),
            k.Dense(2),
        ]
    )


@architecture((2, 2, 2, 2))
def growing_volumes(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((2, 2, 2, 2)),
            k.Conv3DTranspose(3, 2, strides=2, padding="same"),
            k.SpatialDropout3D(k.rate),
            k.UpSampling3D((1, 2, 1)),
            k.AveragePooling3D(2),
            k.GlobalMaxPooling3D(),
        ]
    )


@architecture((9, 3))
def causal_signal(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((9, 3)),
            k.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu"),
            k.Conv1D(4, 2, strides=2, padding="same"),
            k.MaxPooling1D(2),
            k.GlobalMaxPooling1D(),
            k.Dense(2),
        ]
    )


@architecture((8, 3))
def separable_signal(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((8, 3)),
            k.DepthwiseConv1D(3, depth_multiplier=2, padding="same"),
            k.SpatialDropout1D(k.rate),
            k.SeparableConv1D(4, 3, activation="relu"),
            k.AveragePooling1D(2),
            k.GlobalAveragePooling1D(),
        ]
    )


@architecture((4, 3))
def growing_signal(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((4, 3)),
            k.UpSampling1D(2),
            k.ZeroPadding1D((1, 2)),
            k.Conv1DTranspose(2, 3, strides=2),
            k.Cropping1D((2, 1)),
            k.Flatten(),
            k.Dense(2),
        ]
    )


@architecture((7, 2))
def adaptive_signal(k: Any) -> Any:
    inputs = k.Input((7, 2), name="signal")
    hidden = k.Dense(3, name="dense")(inputs)
    pooled = [k.AdaptiveAveragePooling1D(3, name="mean"), k.AdaptiveMaxPooling1D(3, name="max")]
    return k.model(inputs, k.Concatenate(name="both")([layer(hidden) for layer in pooled]))


@architecture((7, 6, 2))
def adaptive_image(k: Any) -> Any:
    inputs = k.Input((7, 6, 2), name="image")
    hidden = k.Conv2D(3, 2, name="conv")(inputs)
    pooled = [
        k.AdaptiveAveragePooling2D(2, name="mean"),
        k.AdaptiveMaxPooling2D((2, 2), name="max"),
    ]
    return k.model(inputs, k.Add(name="both")([layer(hidden) for layer in pooled]))


@architecture((5, 4, 3, 2))
def adaptive_volume(k: Any) -> Any:
    inputs = k.Input((5, 4, 3, 2), name="volume")
    pooled = [k.AdaptiveAveragePooling3D(2, name="mean"), k.AdaptiveMaxPooling3D(2, name="max")]
    joined = k.Average(name="both")([layer(inputs) for layer in pooled])
    return k.model(inputs, k.Dense(2, name="out")(k.Flatten(name="flat")(joined)))
