"""VGG: blocks of convolutions, then three dense layers."""

from __future__ import annotations

from typing import Any

from kplug.layers import Conv2D, Dense, Flatten, MaxPooling2D
from kplug_applications.base.architecture import Architecture, name_files

_FILTERS = (64, 128, 256, 512, 512)


def _make(name: str, depths: tuple[int, ...], hashes: tuple[str, str]) -> Architecture:
    def body(x: Any) -> Any:
        for block, (depth, filters) in enumerate(zip(depths, _FILTERS, strict=True), 1):
            for number in range(1, depth + 1):
                layer = f"block{block}_conv{number}"
                x = Conv2D(filters, 3, activation="kplug/relu", padding="same", name=layer)(x)
            x = MaxPooling2D(2, name=f"block{block}_pool")(x)
        return x

    source = 'Simonyan, Zisserman, "Very deep convolutional networks" (2015).'
    return Architecture(name, body, name_files(name, name, hashes), top=_top, source=source)


def _top(x: Any, classes: int, activation: Any) -> Any:
    x = Flatten(name="flatten")(x)
    x = Dense(4096, activation="kplug/relu", name="fc1")(x)
    x = Dense(4096, activation="kplug/relu", name="fc2")(x)
    return Dense(classes, activation=activation, name="predictions")(x)


VGG16 = _make(
    "vgg16",
    (2, 2, 3, 3, 3),
    ("64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc"),
)
VGG19 = _make(
    "vgg19",
    (2, 2, 4, 4, 4),
    ("cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6"),
)
