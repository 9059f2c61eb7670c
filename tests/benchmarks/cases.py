"""The models that people train, in Keras's words, and their data; no torch.

Each function of a model takes a library with Keras's names, kplug or Keras. ``by_hand.py`` has them in torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = tuple[Any, ...]
SPARSE, MSE, BINARY = "sparse_categorical_crossentropy", "mean_squared_error", "binary_crossentropy"
CHAIN = 200


@dataclass(frozen=True)
class Case:
    """One model and its data.

    Args:
        make: Makes the model of a library.
        make_data: Makes inputs and targets of so many rows.
        loss: Makes the losses of a library: a name or an object for each target.
        batch_size: Samples a step.
        steps: Steps an epoch; each has a whole batch.
        metrics: Names of metrics, for each target.
    """

    make: Callable[[Any], Any]
    make_data: Callable[[int], tuple[Arrays, Arrays]]
    loss: Callable[[Any], list[Any]]
    batch_size: int
    steps: int
    metrics: tuple[tuple[str, ...], ...] = ()

    @property
    def data(self) -> tuple[Arrays, Arrays]:
        """Inputs and targets of an epoch."""
        return self.make_data(self.steps * self.batch_size)

    def compile(self, library: Any, **options: Any) -> Any:
        """Return the model, ready for ``fit``."""
        model, metrics = self.make(library), alone([list(names) for names in self.metrics])
        loss = alone(self.loss(library))
        model.compile(library.optimizers.Adam(), loss, metrics=metrics or None, **options)
        return model


def alone(entries: Sequence[Any]) -> Any:
    """Return the only entry, or a list of all, as ``compile`` and ``fit`` take them."""
    return entries[0] if len(entries) == 1 else list(entries)


# -- losses ------------------------------------------------------------------------------------


def from_logits(library: Any) -> list[Any]:
    """Return the cross-entropy of classes."""
    return [library.losses.SparseCategoricalCrossentropy(from_logits=True)]


def named(name: str) -> Callable[[Any], list[Any]]:
    """Return what gives a loss by its name."""
    return lambda library: [name]


def dice(library: Any) -> list[Any]:
    """Return the loss of kplug-segmentation, or Keras's."""
    if library.__name__ == "kplug":
        return ["dice_loss(smooth=1.0, thresh=None)"]
    return [library.losses.Dice()]


def three(library: Any) -> list[Any]:
    """Return a loss for each of three outputs."""
    return ["mse", *from_logits(library), BINARY]


# -- data --------------------------------------------------------------------------------------


def numbers(*shape: int, classes: int = 0) -> Callable[[int], tuple[Arrays, Arrays]]:
    """Return what makes random rows with class ids, or with numbers."""

    def make(rows: int) -> tuple[Arrays, Arrays]:
        chance = np.random.default_rng(0)
        x = chance.standard_normal((rows, *shape), dtype="float32")
        if classes:
            return (x,), (chance.integers(0, classes, rows),)
        return (x,), (chance.standard_normal((rows, 1), dtype="float32"),)

    return make


def words(length: int, kinds: int, shortest: int) -> Callable[[int], tuple[Arrays, Arrays]]:
    """Return what makes numbers of words, with zeros behind shorter texts."""

    def make(rows: int) -> tuple[Arrays, Arrays]:
        chance = np.random.default_rng(0)
        x = chance.integers(1, kinds, (rows, length))
        x[np.arange(length) >= chance.integers(shortest, length + 1, (rows, 1))] = 0
        return (x,), (chance.integers(0, 2, (rows, 1)).astype("float32"),)

    return make


def make_table(rows: int) -> tuple[Arrays, Arrays]:
    """Return columns of codes and of numbers."""
    chance = np.random.default_rng(0)
    codes = CODES[chance.integers(0, len(CODES), (rows, 4))]
    amounts = chance.normal(50, 9, (rows, 12)).astype("float32")
    return (codes, amounts), (chance.integers(0, 2, (rows, 1)).astype("float32"),)


def make_masks(rows: int) -> tuple[Arrays, Arrays]:
    """Return pictures and masks."""
    chance = np.random.default_rng(0)
    x = chance.random((rows, 64, 64, 3), dtype="float32")
    return (x,), ((x.mean(-1, keepdims=True) > 0.5).astype("float32"),)


def make_targets(rows: int) -> tuple[Arrays, Arrays]:
    """Return rows with a number, a class and a yes or no."""
    (x,), (number,) = numbers(64)(rows)
    chance = np.random.default_rng(1)
    answers = chance.integers(0, 2, (rows, 1)).astype("float32")
    return (x,), (number, chance.integers(0, 10, rows), answers)


# -- models ------------------------------------------------------------------------------------


def chain(*entries: tuple[Any, ...]) -> Callable[[Any], Any]:
    """Return what makes a ``Sequential`` of layers that are named with their arguments."""

    def make(keras: Any) -> Any:
        return keras.Sequential(
            [
                getattr(keras.layers, name)(
                    *(each for each in rest if not isinstance(each, dict)),
                    **next((each for each in rest if isinstance(each, dict)), {}),
                )
                for name, *rest in entries
            ]
        )

    return make


RELU, SAME = {"activation": "relu"}, {"activation": "relu", "padding": "same"}


def mlp(first: int, *sizes: int) -> Callable[[Any], Any]:
    """Return what makes a multilayer perceptron."""
    hidden = [("Dense", size, RELU) for size in sizes[:-1]]
    return chain(("Input", (first,)), *hidden, ("Dense", sizes[-1]))


def make_resnet(keras: Any) -> Any:
    """Return ResNet-18 for small pictures."""
    layers = keras.layers

    def convolve(x: Any, filters: int, kernel: int = 3, strides: int = 1) -> Any:
        if kernel == 3 and strides == 2:
            x = layers.ZeroPadding2D(1)(x)  # as torch pads
        x = layers.Conv2D(
            filters,
            kernel,
            strides=strides,
            padding="same" if strides == 1 else "valid",
            use_bias=False,
        )(x)
        return layers.BatchNormalization()(x)

    inputs = layers.Input((32, 32, 3))
    x = layers.Activation("relu")(convolve(inputs, 64))
    for filters in (64, 128, 256, 512):
        for strides in (1 if filters == 64 else 2, 1):
            y = layers.Activation("relu")(convolve(x, filters, 3, strides))
            y = convolve(y, filters)
            x = convolve(x, filters, 1, strides) if strides == 2 else x
            x = layers.Activation("relu")(layers.add([y, x]))
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def make_encoder(keras: Any) -> Any:
    """Return two blocks of attention."""
    layers = keras.layers
    x = inputs = layers.Input((64, 128))
    for _ in range(2):
        x = layers.LayerNormalization()(layers.add([x, layers.MultiHeadAttention(4, 32)(x, x)]))
        y = layers.Dense(256, activation="relu")(x)
        x = layers.LayerNormalization()(layers.add([x, layers.Dense(128)(y)]))
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def require_backend(keras: Any, backend: str, reason: str) -> None:
    """Refuse Keras's other backends."""
    if keras.__name__ == "keras" and keras.backend.backend() != backend:
        raise NotImplementedError(reason)


def make_tabular(keras: Any) -> Any:
    """Return lookups and normalisation before a perceptron."""
    require_backend(keras, "tensorflow", "Keras's lookups need TensorFlow")
    layers = keras.layers
    codes, amounts = layers.Input((4,), dtype="int64"), layers.Input((12,))
    places = layers.IntegerLookup(vocabulary=CODES.tolist())(codes)
    known = layers.Flatten()(layers.Embedding(len(CODES) + 1, 8)(places))
    x = layers.Concatenate()([known, layers.Normalization(mean=50.0, variance=81.0)(amounts)])
    for _ in range(2):
        x = layers.Dense(64, activation="relu")(x)
    return keras.Model([codes, amounts], layers.Dense(1, activation="sigmoid")(x))


def make_segmentation(keras: Any) -> Any:
    """Return a small U-Net."""
    layers = keras.layers

    def convolve(x: Any, filters: int) -> Any:
        for _ in range(2):
            x = layers.Conv2D(filters, 3, **SAME)(x)
        return x

    inputs = layers.Input((64, 64, 3))
    first = convolve(inputs, 16)
    second = convolve(layers.MaxPooling2D()(first), 32)
    x = convolve(layers.MaxPooling2D()(second), 64)
    x = convolve(layers.Concatenate()([layers.UpSampling2D()(x), second]), 32)
    x = convolve(layers.Concatenate()([layers.UpSampling2D()(x), first]), 16)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def make_heads(keras: Any) -> Any:
    """Return a model of three outputs."""
    layers = keras.layers
    x = inputs = layers.Input((64,))
    for _ in range(2):
        x = layers.Dense(128, activation="relu")(x)
    heads = [layers.Dense(1), layers.Dense(10), layers.Dense(1, activation="sigmoid")]
    return keras.Model(inputs, [head(x) for head in heads])


def make_own_step(keras: Any) -> Any:
    """Return a model that also compares its outputs for inputs and for these made smaller."""
    require_backend(keras, "torch", "the step is written for torch")
    import torch

    class Consistent(keras.Model):  # type: ignore[misc]
        def train_step(self, data: Any) -> Any:
            x, y = data[:2]
            self.zero_grad()
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
            loss = loss + 0.1 * (self(0.9 * x, training=True) - y_pred).square().mean()
            loss.backward()
            weights = list(self.trainable_weights)
            with torch.no_grad():
                self.optimizer.apply([each.value.grad for each in weights], weights)
            for metric in self.metrics:
                values = (loss,) if metric.name == "loss" else (y, y_pred)
                metric.update_state(*values)
            return {metric.name: metric.result() for metric in self.metrics}

    layers = keras.layers
    x = inputs = layers.Input((64,))
    for _ in range(2):
        x = layers.Dense(128, activation="relu")(x)
    return Consistent(inputs, layers.Dense(1)(x))


CODES = np.random.default_rng(2).choice(10_000, 500, replace=False)
CASES: dict[str, Case] = {
    "small MLP": Case(mlp(20, 64, 64, 1), numbers(20), named(MSE), 32, 400),
    "wide MLP": Case(
        mlp(784, 512, 512, 10), numbers(784, classes=10), from_logits, 128, 50, (("accuracy",),)
    ),
    "CNN 28": Case(
        chain(
            ("Input", (28, 28, 1)),
            ("Conv2D", 32, 3, RELU),
            ("Conv2D", 64, 3, RELU),
            ("MaxPooling2D",),
            ("Flatten",),
            ("Dense", 128, RELU),
            ("Dense", 10),
        ),
        numbers(28, 28, 1, classes=10),
        from_logits,
        128,
        8,
    ),
    "CNN 64": Case(
        chain(
            ("Input", (64, 64, 3)),
            *(
                entry
                for filters in (32, 64, 128)
                for entry in (("Conv2D", filters, 3, SAME), ("MaxPooling2D",))
            ),
            ("Flatten",),
            ("Dense", 128, RELU),
            ("Dense", 10),
        ),
        numbers(64, 64, 3, classes=10),
        from_logits,
        32,
        8,
    ),
    "ResNet-18": Case(make_resnet, numbers(32, 32, 3, classes=10), from_logits, 16, 2),
    "LSTM": Case(
        chain(("Input", (50, 32)), ("LSTM", 64), ("Dense", 10)),
        numbers(50, 32, classes=10),
        from_logits,
        32,
        25,
    ),
    "GRU with masks": Case(
        chain(
            ("Input", (40,)),
            ("Embedding", 2000, 64, {"mask_zero": True}),
            ("GRU", 64),
            ("Dense", 1, {"activation": "sigmoid"}),
        ),
        words(40, 2000, 5),
        named(BINARY),
        32,
        20,
        (("binary_accuracy",),),
    ),
    "encoder": Case(make_encoder, numbers(64, 128, classes=10), from_logits, 32, 8),
    "text, 100,000 words": Case(
        chain(
            ("Input", (100,)),
            ("Embedding", 100_000, 64),
            ("GlobalAveragePooling1D",),
            ("Dense", 64, RELU),
            ("Dense", 1, {"activation": "sigmoid"}),
        ),
        words(100, 100_000, 100),
        named(BINARY),
        64,
        20,
        (("binary_accuracy",),),
    ),
    "tabular": Case(make_tabular, make_table, named(BINARY), 64, 50, (("binary_accuracy",),)),
    "segmentation": Case(make_segmentation, make_masks, dice, 16, 6),
    "3 losses, 8 metrics": Case(
        make_heads,
        make_targets,
        three,
        64,
        50,
        (
            ("mae", "mse", "mean_squared_logarithmic_error"),
            (SPARSE.replace("crossentropy", "accuracy"), "sparse_top_k_categorical_accuracy"),
            ("binary_accuracy", "mae", "mse"),
        ),
    ),
    "own train_step": Case(make_own_step, numbers(64), named(MSE), 64, 50, (("mae",),)),
    f"chain of {CHAIN} layers": Case(mlp(16, *[16] * CHAIN, 1), numbers(16), named(MSE), 32, 12),
}
