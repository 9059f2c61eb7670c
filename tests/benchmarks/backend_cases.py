"""The models of ``backends.py``, which kplug and Keras make alike, with their data; no torch and no JAX.

Four are those of ``training.py``, the others are models of Keras 2's examples, cut down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SEQUENCES, IMAGES = 512, 512


@dataclass(frozen=True)
class BackendCase:
    """One model, and its data.

    Args:
        make: Makes it of a library that has Keras's names.
        make_data: Makes inputs and targets in NumPy.
        loss: Name of the loss; that of classes is computed from logits.
        batch_size: Samples per step.
        metrics: Names of metrics.
        targets: Largest ratios of an epoch to Keras's on JAX, by kplug's mode.
    """

    make: Callable[[Any], Any]
    make_data: Callable[[], tuple[Any, Any]]
    loss: str
    batch_size: int = 32
    metrics: tuple[str, ...] = ()
    targets: Mapping[str, float] = field(default_factory=dict)

    def compile(self, library: Any, **options: Any) -> Any:
        """Return the model, ready for ``fit``."""
        model, loss = self.make(library), self.loss
        if loss == SPARSE:
            loss = library.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, metrics=list(self.metrics), **options)
        return model


def make_words(length: int) -> tuple[Any, Any]:
    """Return numbers of words and classes."""
    chance = np.random.default_rng(0)
    return chance.integers(1, 2000, (SEQUENCES, length)), chance.integers(0, 2, SEQUENCES)


def make_images(size: int, channels: int) -> tuple[Any, Any]:
    """Return pictures and one-hot classes."""
    chance = np.random.default_rng(0)
    x = chance.random((IMAGES, size, size, channels), dtype="float32")
    return x, np.eye(10, dtype="float32")[chance.integers(0, 10, IMAGES)]


def make_characters(length: int, kinds: int, *targets: int) -> tuple[Any, Any]:
    """Return one-hot characters and what follows."""
    chance = np.random.default_rng(0)
    table = np.eye(kinds, dtype="float32")
    return table[chance.integers(0, kinds, (SEQUENCES, length))], table[
        chance.integers(0, kinds, (SEQUENCES, *targets))
    ]


def make_residual(keras: Any) -> Any:
    """Return a residual network of one block of each width, after ``cifar10_resnet``."""
    layers = keras.layers

    def convolve(x: Any, filters: int, strides: int = 1, kernel: int = 3) -> Any:
        x = layers.Conv2D(filters, kernel, strides=strides, padding="same")(x)
        return layers.BatchNormalization()(x)

    inputs = layers.Input((32, 32, 3))
    x = layers.Activation("relu")(convolve(inputs, 16))
    for filters in (16, 32, 64):
        strides = 1 if filters == 16 else 2
        y = layers.Activation("relu")(convolve(x, filters, strides))
        y = convolve(y, filters)
        x = convolve(x, filters, strides, 1) if strides == 2 else x
        x = layers.Activation("relu")(layers.add([x, y]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def make_chain(*entries: tuple[Any, ...]) -> Any:
    """Return what makes a ``Sequential`` of layers that are named with their arguments."""

    def make(keras: Any) -> Any:
        return keras.Sequential(
            [getattr(keras.layers, name)(*args, **options) for name, args, options in entries]
        )

    return make


def make_rows(rows: int, *shape: int, classes: int = 0) -> tuple[Any, Any]:
    """Return random rows with class ids, or with numbers."""
    chance = np.random.default_rng(0)
    x = chance.standard_normal((rows, *shape), dtype="float32")
    if classes:
        return x, chance.integers(0, classes, rows)
    return x, chance.standard_normal((rows, 1), dtype="float32")


def make_mlp(first: int, *sizes: int) -> Any:
    """Return what makes a multilayer perceptron."""
    hidden = [("Dense", (size,), {"activation": "relu"}) for size in sizes[:-1]]
    return make_chain(("Input", ((first,),), {}), *hidden, ("Dense", (sizes[-1],), {}))


make_cnn = make_chain(
    ("Input", ((28, 28, 1),), {}),
    ("Conv2D", (32, 3), {"activation": "relu"}),
    ("Conv2D", (64, 3), {"activation": "relu"}),
    ("MaxPooling2D", (), {}),
    ("Flatten", (), {}),
    ("Dense", (128,), {"activation": "relu"}),
    ("Dense", (10,), {}),
)

make_lstm = make_chain(("Input", ((50, 32),), {}), ("LSTM", (64,), {}), ("Dense", (10,), {}))

SPARSE = "sparse_categorical_crossentropy"
CATEGORICAL, BINARY = "categorical_crossentropy", "binary_crossentropy"
ACCURACY = ("accuracy",)
CASES: dict[str, BackendCase] = {
    "MLP 20-64-64-1, batch 32": BackendCase(
        make_mlp(20, 64, 64, 1),
        lambda: make_rows(12_800, 20),
        "mean_squared_error",
        targets={"compiled": 0.60, "x8": 0.40},
    ),
    "MLP 784-512-512-10, batch 128": BackendCase(
        make_mlp(784, 512, 512, 10),
        lambda: make_rows(6_400, 784, classes=10),
        SPARSE,
        128,
        targets={"compiled": 0.95},
    ),
    "CNN 28x28, batch 64": BackendCase(
        make_cnn,
        lambda: make_rows(1_280, 28, 28, 1, classes=10),
        SPARSE,
        64,
        targets={"compiled": 0.30},
    ),
    "LSTM 50x32, 64 units, batch 32": BackendCase(
        make_lstm,
        lambda: make_rows(3_200, 50, 32, classes=10),
        SPARSE,
        targets={"compiled": 0.75},
    ),
    "mnist_cnn": BackendCase(
        make_chain(
            ("Input", ((28, 28, 1),), {}),
            ("Conv2D", (32, (3, 3)), {"activation": "relu"}),
            ("Conv2D", (64, (3, 3)), {"activation": "relu"}),
            ("MaxPooling2D", ((2, 2),), {}),
            ("Dropout", (0.25,), {}),
            ("Flatten", (), {}),
            ("Dense", (128,), {"activation": "relu"}),
            ("Dropout", (0.5,), {}),
            ("Dense", (10,), {"activation": "softmax"}),
        ),
        lambda: make_images(28, 1),
        CATEGORICAL,
        metrics=ACCURACY,
    ),
    "imdb_lstm": BackendCase(
        make_chain(
            ("Input", ((40,),), {}),
            ("Embedding", (2000, 128), {}),
            ("LSTM", (128,), {}),
            ("Dense", (1,), {"activation": "sigmoid"}),
        ),
        lambda: make_words(40),
        BINARY,
        metrics=ACCURACY,
    ),
    "imdb_cnn": BackendCase(
        make_chain(
            ("Input", ((200,),), {}),
            ("Embedding", (2000, 50), {}),
            ("Conv1D", (250, 3), {"activation": "relu"}),
            ("GlobalMaxPooling1D", (), {}),
            ("Dense", (250,), {"activation": "relu"}),
            ("Dense", (1,), {"activation": "sigmoid"}),
        ),
        lambda: make_words(200),
        BINARY,
        metrics=ACCURACY,
    ),
    "addition_rnn": BackendCase(
        make_chain(
            ("Input", ((7, 12),), {}),
            ("LSTM", (128,), {}),
            ("RepeatVector", (4,), {}),
            ("LSTM", (128,), {"return_sequences": True}),
            ("Dense", (12,), {"activation": "softmax"}),
        ),
        lambda: make_characters(7, 12, 4),
        CATEGORICAL,
        metrics=ACCURACY,
    ),
    "cifar10_resnet": BackendCase(
        make_residual, lambda: make_images(32, 3), CATEGORICAL, metrics=ACCURACY
    ),
    "lstm_text_generation": BackendCase(
        make_chain(
            ("Input", ((40, 57),), {}),
            ("LSTM", (128,), {}),
            ("Dense", (57,), {"activation": "softmax"}),
        ),
        lambda: make_characters(40, 57),
        CATEGORICAL,
        metrics=ACCURACY,
    ),
}
