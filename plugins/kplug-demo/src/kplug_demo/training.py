"""The network of the demo and its training, with every component given by name.

The names are qualified, so that the same seed gives the same numbers whatever else is installed or preferred.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kplug.layers import Conv2D, Dropout, MaxPooling2D, UpSampling2D
from kplug.models import Sequential
from kplug.utils import set_random_seed
from kplug_demo.task import SIDE, Canvases

LOSS = "kplug-segmentation/dice_loss(smooth=1e-5, thresh=0.5)"
METRIC = "kplug-segmentation/dice_coef(smooth=1e-5, thresh=0.5, reduction='sample')"
OPTIMIZER = "kplug/adam(lr=1e-3)"

# The loss lies between −1 and 0, and the 21,024 kernel weights of a fresh network have absolute values
# that sum to about 1,700. With its default strength of 0.01 on every layer, the penalty would be 17 and
# the network would learn to have no weights. The output kernel, 13 in sum, bears the default; the
# other layers get a trace of it.
OUTPUT_PENALTY = "kplug-penalties/l1_reg"
BODY_PENALTY = "kplug-penalties/l1_reg(strength=1e-5)"


def make_network(seed: int) -> Sequential:
    """Build and compile the network; the same seed gives the same weights."""
    set_random_seed(seed)
    network = Sequential(
        [
            _convolution(16, input_shape=(SIDE, SIDE, 1)),
            _convolution(16),
            MaxPooling2D(2),
            _convolution(32),
            _convolution(32),
            Dropout(0.2),
            UpSampling2D(2),
            _convolution(16),
            Conv2D(
                1,
                3,
                padding="same",
                activation="kplug/sigmoid",
                kernel_initializer="kplug/he_normal",
                kernel_regularizer=OUTPUT_PENALTY,
            ),
        ]
    )
    network.compile(optimizer=OPTIMIZER, loss=LOSS, metrics=[METRIC])
    return network


def _convolution(filters: int, **options: Any) -> Conv2D:
    return Conv2D(
        filters,
        3,
        padding="same",
        activation="kplug/relu",
        kernel_initializer="kplug/he_normal",
        kernel_regularizer=BODY_PENALTY,
        **options,
    )


def train(
    network: Sequential, training: Canvases, validation: Canvases, epochs: int
) -> dict[str, list[float]]:
    """Fit the network and return what was logged after each epoch."""
    history = network.fit(
        training.images,
        training.masks,
        batch_size=16,
        epochs=epochs,
        validation_data=(validation.images, validation.masks),
        verbose=1,
    )
    return {name: [float(value) for value in values] for name, values in history.history.items()}


def predict(network: Sequential, canvases: Canvases) -> NDArray[np.float32]:
    """Return the network's probability of ink for every pixel, in the shape of the images."""
    return np.asarray(network.predict(canvases.images, verbose=0), dtype=np.float32)
