"""Models of Keras 2's examples, cut down: seconds an epoch in kplug and in Keras 3, one run, alternated.

It compares kplug, eager and compiled, with Keras on torch. For Keras on JAX or TensorFlow name an interpreter
that has them: ``--python PATH --backends jax tensorflow``. Each library is a process that stays; every round
asks each of them for one epoch, and the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

SEQUENCES, IMAGES = 512, 512


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


CATEGORICAL, BINARY = "categorical_crossentropy", "binary_crossentropy"
CASES: dict[str, tuple[Any, Any, str]] = {
    "mnist_cnn": (
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
    ),
    "imdb_lstm": (
        make_chain(
            ("Input", ((40,),), {}),
            ("Embedding", (2000, 128), {}),
            ("LSTM", (128,), {}),
            ("Dense", (1,), {"activation": "sigmoid"}),
        ),
        lambda: make_words(40),
        BINARY,
    ),
    "imdb_cnn": (
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
    ),
    "addition_rnn": (
        make_chain(
            ("Input", ((7, 12),), {}),
            ("LSTM", (128,), {}),
            ("RepeatVector", (4,), {}),
            ("LSTM", (128,), {"return_sequences": True}),
            ("Dense", (12,), {"activation": "softmax"}),
        ),
        lambda: make_characters(7, 12, 4),
        CATEGORICAL,
    ),
    "cifar10_resnet": (make_residual, lambda: make_images(32, 3), CATEGORICAL),
    "lstm_text_generation": (
        make_chain(
            ("Input", ((40, 57),), {}),
            ("LSTM", (128,), {}),
            ("Dense", (57,), {"activation": "softmax"}),
        ),
        lambda: make_characters(40, 57),
        CATEGORICAL,
    ),
}


def serve(library: str, case: str, is_compiled: bool) -> None:
    """Train one epoch for each line that is read, and print its seconds."""
    keras: Any = importlib.import_module(library)
    make, make_data, loss = CASES[case]
    x, y = make_data()
    model = make(keras)
    options = {"jit_compile": True} if is_compiled else {}
    model.compile("adam", loss, metrics=["accuracy"], **options)
    model.fit(x, y, batch_size=32, epochs=2, verbose=0)
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        model.fit(x, y, batch_size=32, epochs=1, verbose=0)
        print(time.perf_counter() - start, flush=True)


def start(python: str, library: str, case: str, mode: str) -> subprocess.Popen[str]:
    """Start a process that trains a case."""
    environment = {**os.environ, "KERAS_BACKEND": mode, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(
        [python, __file__, "--serve", library, case, mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )


def ask(process: subprocess.Popen[str], line: str = "") -> str:
    """Send a line, if there is one, and return the answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        process.stdin.write(line)
        process.stdin.flush()
    return process.stdout.readline().strip()


def measure(case: str, columns: dict[str, tuple[str, str, str]], rounds: int) -> list[float]:
    """Return the median seconds an epoch of a case for each column."""
    processes = [start(python, library, case, mode) for python, library, mode in columns.values()]
    for name, process in zip(columns, processes, strict=True):
        if ask(process) != "ready":
            raise SystemExit(f"{case}: {name} has ended before its first epoch")
    seconds = [[float(ask(one, "go\n")) for one in processes] for _ in range(rounds)]
    for process in processes:
        process.communicate()
    return [statistics.median(column) for column in zip(*seconds, strict=True)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=3, metavar=("LIBRARY", "CASE", "MODE"))
    parser.add_argument("--python", default=sys.executable, help="for the other backends")
    parser.add_argument("--backends", nargs="*", default=[], help="jax, tensorflow")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    if options.serve:
        library, case, mode = options.serve
        serve(library, case, mode == "compiled")
        return
    columns = {
        "kplug": (sys.executable, "kplug", "eager"),
        "kplug, compiled": (sys.executable, "kplug", "compiled"),
        "Keras, torch": (sys.executable, "keras", "torch"),
        **{f"Keras, {one}": (options.python, "keras", one) for one in options.backends},
    }
    print("| seconds an epoch | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    for case in CASES:
        if options.only in case:
            found = measure(case, columns, options.rounds)
            print(f"| `{case}` | " + " | ".join(f"{one:.2f}" for one in found) + " |", flush=True)


if __name__ == "__main__":
    main()
