"""Accuracy on held-out images after training in float32 and in bfloat16.

Run it by path: ``python tests/benchmarks/accuracy.py``; two minutes. The data are scikit-learn's digits. Each
model trains for 15 epochs from 5 seeds; numbers are mean and standard deviation.
"""

from __future__ import annotations

import statistics
from typing import Any

from cases import RELU, SAME, chain, from_logits
from sklearn.datasets import load_digits

import kplug
from kplug.utils import set_random_seed

SEEDS, EPOCHS, HELD_OUT = 5, 15, 500


def make_encoder(library: Any) -> Any:
    """Return two blocks of attention over the rows of an image."""
    layers = library.layers
    inputs = layers.Input((8, 8))
    x = layers.Dense(32)(inputs)
    for _ in range(2):
        x = layers.LayerNormalization()(layers.add([x, layers.MultiHeadAttention(4, 8)(x, x)]))
        y = layers.Dense(64, activation="relu")(x)
        x = layers.LayerNormalization()(layers.add([x, layers.Dense(32)(y)]))
    return library.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


IMAGES = ("Reshape", (8, 8, 1))
MODELS = {
    "MLP 64-128-128-10": chain(
        *(("Input", (8, 8)), ("Flatten",)),
        *(("Dense", 128, RELU), ("Dense", 128, RELU), ("Dense", 10)),
    ),
    "CNN, 32 and 64 filters": chain(
        *(("Input", (8, 8)), IMAGES, ("Conv2D", 32, 3, SAME), ("Conv2D", 64, 3, SAME)),
        *(("MaxPooling2D",), ("Flatten",), ("Dense", 10)),
    ),
    "LSTM, rows as steps": chain(("Input", (8, 8)), ("LSTM", 64), ("Dense", 10)),
    "encoder, 2 blocks of 8 by 32": make_encoder,
}


def measure(make: Any, precision: str | None) -> str:
    """Return the accuracy on held-out images."""
    digits = load_digits()
    x, y = digits.images.astype("float32") / 16, digits.target
    found = []
    for seed in range(SEEDS):
        set_random_seed(seed)
        model = make(kplug)
        model.compile("adam", *from_logits(kplug), metrics=["accuracy"], precision=precision)
        model.fit(x[HELD_OUT:], y[HELD_OUT:], batch_size=32, epochs=EPOCHS, verbose=0)
        found.append(model.evaluate(x[:HELD_OUT], y[:HELD_OUT], verbose=0)[1])
    return f"{statistics.mean(found):.3f} ± {statistics.stdev(found):.3f}"


def main() -> None:
    """Print the table."""
    print("| | float32 | bfloat16 |\n|---|---|---|")
    for name, make in MODELS.items():
        print(f"| {name} | {measure(make, None)} | {measure(make, 'bf16')} |")


if __name__ == "__main__":
    main()
