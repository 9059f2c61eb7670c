"""Models of images."""

from __future__ import annotations

from typing import Any

from .table import architecture


@architecture((8, 8, 1))
def digits(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((8, 8, 1)),
            k.Conv2D(3, 3, activation="relu"),
            k.Conv2D(4, (3, 2), activation="relu"),
            k.MaxPooling2D(),
            k.Dropout(k.rate),
            k.Flatten(),
            k.Dense(5, activation="softmax"),
        ]
    )


@architecture((7, 6, 4))
def strides_dilation_groups(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((7, 6, 4)),
            k.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
            k.Conv2D(4, 2, dilation_rate=2, padding="same", use_bias=False),
            k.Conv2D(6, (1, 2), groups=2, padding="same"),
            k.GlobalAveragePooling2D(),
        ]
    )


@architecture((2, 6, 6))
def channels_first(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((2, 6, 6)),
            k.Conv2D(3, 3, data_format="channels_first", activation="relu"),
            k.BatchNormalization(axis=1),
            k.MaxPooling2D(2, data_format="channels_first"),
            k.Flatten(data_format="channels_first"),
            k.Dense(2),
        ]
    )


@architecture((8, 8, 3))
def mobile(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((8, 8, 3)),
            k.ZeroPadding2D(((0, 1), (0, 1))),
            k.Conv2D(4, 3, strides=2, use_bias=False),
            k.BatchNormalization(),
            k.ReLU(6.0),
            k.DepthwiseConv2D(3, padding="same", depth_multiplier=2, use_bias=False),
            k.BatchNormalization(),
            k.SeparableConv2D(5, 3, padding="same", activation="relu"),
            k.GlobalMaxPooling2D(keepdims=True),
            k.Flatten(),
            k.Dense(3),
        ]
    )


@architecture((8, 8, 2))
def segmentation(k: Any) -> Any:
    inputs = k.Input((8, 8, 2), name="image")
    top = k.Conv2D(3, 3, padding="same", activation="relu", name="top")(inputs)
    low = k.MaxPooling2D(name="pool")(top)
    low = k.Conv2D(4, 3, padding="same", activation="relu", name="low")(low)
    up = k.Conv2DTranspose(3, 2, strides=2, padding="same", name="up")(low)
    joined = k.Concatenate(name="skip")([top, up])
    return k.model(inputs, k.Conv2D(1, 1, activation="sigmoid", name="mask")(joined), name="unet")


@architecture((8, 8, 3))
def residual(k: Any) -> Any:
    inputs = k.Input((8, 8, 3))
    start = k.Conv2D(4, 3, padding="same")(inputs)
    block = k.BatchNormalization()(start)
    block = k.Activation("relu")(block)
    block = k.Conv2D(4, 3, padding="same")(block)
    joined = k.Add()([start, block])
    pooled = k.AveragePooling2D(2)(joined)
    return k.model(inputs, k.Dense(3)(k.GlobalAveragePooling2D()(pooled)))


@architecture((6, 7, 2))
def crops_and_enlargements(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((6, 7, 2)),
            k.ZeroPadding2D((1, 2)),
            k.Cropping2D(((1, 0), (2, 1))),
            k.SpatialDropout2D(k.rate),
            k.UpSampling2D(2, interpolation="bilinear"),
            k.Conv2DTranspose(2, 3, strides=2, output_padding=1),
            k.UpSampling2D((1, 2)),
            k.GlobalMaxPooling2D(),
        ]
    )


@architecture((8, 8, 1))
def autoencoder(k: Any) -> Any:
    image = k.Input((8, 8, 1), name="image")
    hidden = k.Conv2D(2, 3, strides=2, padding="same", activation="relu", name="down")(image)
    code = k.Dense(4, name="code")(k.Flatten(name="flat")(hidden))
    encoder = k.model(image, code, name="encoder")
    start = k.Input((4,), name="start")
    hidden = k.Reshape((4, 4, 2), name="square")(k.Dense(32, name="spread")(start))
    made = k.Conv2DTranspose(1, 3, strides=2, padding="same", name="paint")(hidden)
    decoder = k.model(start, made, name="decoder")
    whole = k.Input((8, 8, 1), name="whole")
    return k.model(whole, decoder(encoder(whole)), name="autoencoder")


@architecture((6, 6, 3))
def inception(k: Any) -> Any:
    inputs = k.Input((6, 6, 3))
    branches = [k.Conv2D(2, size, padding="same", activation="relu")(inputs) for size in (1, 3, 5)]
    pooled = k.MaxPooling2D(3, strides=1, padding="same")(inputs)
    joined = k.Concatenate()([*branches, k.Conv2D(1, 1)(pooled)])
    return k.model(inputs, k.Dense(2)(k.GlobalAveragePooling2D()(joined)))


@architecture((7, 6, 2))
def sizes(k: Any) -> Any:
    return k.sequential(
        [
            k.Input((7, 6, 2)),
            k.Resizing(5, 8, interpolation="nearest", crop_to_aspect_ratio=True),
            k.CenterCrop(4, 3),
            k.Flatten(),
            k.Dense(2),
        ]
    )
