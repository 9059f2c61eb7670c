"""Trains one of several models and writes what came out; run alone or by torchrun.

worker.py CASE FOLDER
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

import kplug
from kplug.backend.processes import find_rank, is_main_process
from kplug.layers import Dense, Dropout
from kplug.utils import set_random_seed

torch.set_num_threads(1)
ROWS = 41  # batches of 10 and one row more: one process gets nothing of the last batch


def make_data(columns: int = 1) -> tuple[Any, Any, Any]:
    """Return inputs (41, 6), targets (41, columns) and sample weights (41,)."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 6)).astype("float32")
    y = (x[:, :columns] * 2 + x[:, 1 : columns + 1] > 0).astype("float32")
    return x, y, rng.uniform(0.5, 2, size=ROWS).astype("float32")


def make_model(**penalties: Any) -> kplug.Sequential:
    """Return a small classifier."""
    return kplug.Sequential(
        [
            Dense(8, activation="tanh", input_shape=(6,), **penalties),
            Dense(1, activation="sigmoid"),
        ]
    )


def train_with(optimizer: str, **compiling: Any) -> dict[str, Any]:
    """Train with penalties, weights, metrics and a validation split; return all numbers."""
    x, y, weights = make_data()
    model = make_model(kernel_regularizer="l2(1e-2)", activity_regularizer="l1(1e-2)")
    model.compile(
        optimizer=optimizer,
        loss="binary_crossentropy",
        metrics=["accuracy", "auc"],
        weighted_metrics=["mse"],
        **compiling,
    )
    history = model.fit(
        x, y, 10, 3, verbose=2, validation_data=(x[:7], y[:7]), sample_weight=weights
    )
    return {
        "history": history.history,
        "evaluate": model.evaluate(x, y, verbose=0, return_dict=True),
        "predict": model.predict(x, verbose=0).tolist(),
        "weights": [weight.tolist() for weight in model.get_weights()],
    }


def train_on_loader() -> dict[str, Any]:
    """Train on a loader of batches and steps_per_epoch."""
    x, y, _ = make_data()
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    loader = torch.utils.data.DataLoader(dataset, batch_size=9)
    model = make_model()
    model.compile("sgd(learning_rate=0.1, momentum=0.9)", "mse")
    history = model.fit(loader, epochs=2, steps_per_epoch=4, verbose=0)
    return {"history": history.history}


def train_with_constraint(**compiling: Any) -> dict[str, Any]:
    """Train with constrained and frozen weights."""
    x, y, _ = make_data()
    model = make_model(kernel_constraint="max_norm(0.5)")
    model.layers[1].trainable = False
    model.compile("adam(learning_rate=0.1)", "mse", **compiling)
    history = model.fit(x, y, 10, 2, verbose=0)
    return {"history": history.history, "weights": [each.tolist() for each in model.get_weights()]}


def train_twice(**compiling: Any) -> dict[str, Any]:
    """Train, lower the rate on the way, and go on in a second call."""
    x, y, _ = make_data()
    model = make_model()
    model.compile("sgd(learning_rate=0.5, momentum=0.9)", "mse", **compiling)
    lower = kplug.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    first, second = (model.fit(x, y, 10, 2, verbose=0, callbacks=[lower]).history for _ in "12")
    return {"first": first, "second": second, "weights": [each.tolist() for each in model.get_weights()]}


def refuse_whole_weights() -> dict[str, Any]:
    """Return why an optimizer cannot be used on parts of weights."""
    errors = []
    for optimizer in ("lamb", "adam(clipnorm=1.0)", "torch/adafactor"):
        model = make_model()
        model.compile(optimizer, "mse", distribution="fsdp")
        try:
            model.fit(*make_data()[:2], 10, 1, verbose=0)
        except kplug.errors.ContractError as error:
            errors.append(str(error))
    return {"errors": errors}


def draw_dropout() -> dict[str, Any]:
    """Return what dropout drew in this process during a step."""
    seen: list[list[float]] = []

    class Watched(Dropout):
        def call(self, inputs: Any) -> Any:
            outputs = super().call(inputs)
            if not outputs.is_meta:
                seen.append(outputs.flatten().tolist())
            return outputs

    model = kplug.Sequential([Dense(1, input_shape=(6,)), Watched(0.5), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((40, 6)), np.ones((40, 1)), 40, 1, verbose=0)
    return {"zeros": [value == 0 for value in seen[-1]]}


def train_on_too_little() -> dict[str, Any]:
    """Train with fewer samples in a batch than there are processes."""
    model = make_model()
    model.compile("sgd", "mse")
    try:
        model.fit(*make_data()[:2], 1, 1, verbose=0)
    except kplug.errors.KplugError as error:
        return {"error": str(error)}
    return {}


class Killer(kplug.callbacks.Callback):
    """Kills process 1 without a word, in the middle of the second epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 1 and find_rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def lose_a_process() -> dict[str, Any]:
    """Train until one process is killed."""
    model = make_model()
    model.compile("sgd", "mse")
    model.fit(*make_data()[:2], 10, 3, verbose=0, callbacks=[Killer()])
    return {}


def train_to_the_end(is_killed: bool, distribution: str | None) -> dict[str, Any]:
    """Train with a backup of every epoch, whole or until a process is killed."""
    x, y, _ = make_data()
    model = make_model()
    model.compile("adam(learning_rate=0.05)", "mse", distribution=distribution)
    watchers = [Killer()] if is_killed else []
    backup = kplug.callbacks.BackupAndRestore(Path(sys.argv[2]) / "backup")
    model.fit(x, y, 10, 4, verbose=0, callbacks=[backup, *watchers])
    return {"weights": [each.tolist() for each in model.get_weights()]}


CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "adam": lambda: train_with("adam(learning_rate=0.05)"),
    "clipped": lambda: train_with("sgd(learning_rate=0.5, momentum=0.9, global_clipnorm=0.1)"),
    "averaged": lambda: train_with("nadam(use_ema=True, ema_momentum=0.5)"),
    "accumulated": lambda: train_with("rmsprop(gradient_accumulation_steps=2)"),
    "twice": train_twice,
    "loader": train_on_loader,
    "fsdp_adam": lambda: train_with("adam(learning_rate=0.05)", distribution="fsdp"),
    "fsdp_averaged": lambda: train_with(
        "nadam(use_ema=True, ema_momentum=0.5)", distribution="fsdp"
    ),
    "fsdp_twice": lambda: train_twice(distribution="fsdp"),
    "fsdp_constraint": lambda: train_with_constraint(distribution="fsdp"),
    "refused": refuse_whole_weights,
    "constraint": train_with_constraint,
    "dropout": draw_dropout,
    "little": train_on_too_little,
    "killed": lose_a_process,
    "interrupted": lambda: train_to_the_end(is_killed=True, distribution=None),
    "fsdp_interrupted": lambda: train_to_the_end(is_killed=True, distribution="fsdp"),
    "resumed": lambda: train_to_the_end(is_killed=False, distribution=None),
}


if __name__ == "__main__":
    names, folder = sys.argv[1].split(","), Path(sys.argv[2])
    for name in names:
        set_random_seed(3)
        kplug.backend.clear_session()
        found = CASES[name]()
        if is_main_process() or name == "dropout":
            (folder / f"{name}{find_rank()}.json").write_text(json.dumps(found))
