"""Processes that were given something else than the others; run by torchrun.

disagreeing.py CASES FOLDER: what each process says is written to FOLDER.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

import kplug
from kplug.backend.processes import find_rank
from kplug.errors import ProcessMismatchError
from kplug.layers import Dense
from kplug.utils import set_random_seed

torch.set_num_threads(1)
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 6)).astype("float32"), RNG.normal(size=(40, 1)).astype("float32")


def choose(of_the_first: Any, of_the_second: Any) -> Any:
    """Return what this process is given."""
    return (of_the_first, of_the_second)[find_rank()]


def compile_model(
    units: int = 8, activation: str = "tanh", optimizer: Any = "sgd", loss: Any = "mse"
) -> kplug.Sequential:
    """Return a compiled model of two layers."""
    model = kplug.Sequential([Dense(units, activation, input_shape=(6,)), Dense(1)])
    model.compile(optimizer, loss, metrics=["mae"])
    return model


def generate(batches: int) -> Iterator[Any]:
    """Yield batches of 10."""
    for index in range(batches):
        rows = slice(index % 4 * 10, index % 4 * 10 + 10)
        yield X[rows], Y[rows]


def load(seed: int) -> torch.utils.data.DataLoader[Any]:
    """Return a loader that draws its order from a generator of its own."""
    data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    generator = torch.Generator().manual_seed(seed)
    return torch.utils.data.DataLoader(data, batch_size=10, shuffle=True, generator=generator)


def fit(x: Any = X, y: Any = Y, model: Any = None, **settings: Any) -> Any:
    """Train, for two epochs in batches of 10 unless something else is said."""
    settings = {"batch_size": 10, "epochs": 2, "verbose": 0, **settings}
    return (compile_model() if model is None else model).fit(x, y, **settings).history


def evaluate(x: Any, y: Any) -> Any:
    """Evaluate."""
    return compile_model().evaluate(x, y, 10, verbose=0, return_dict=True)


def train_again(rate: float, iterations: int) -> Any:
    """Train, then set the rate and the number of updates, and go on."""
    model = compile_model(optimizer="sgd(learning_rate=0.1)")
    fit(model=model, epochs=1)
    model.optimizer.learning_rate, model.optimizer.iterations = rate, iterations
    return fit(model=model)


def end_early(**settings: Any) -> Any:
    """Train on generators, of which the second ends in the second epoch."""
    counted: list[int] = []
    count = kplug.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, _: counted.append(batch)
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = fit(generate(choose(8, 6)), None, callbacks=[count], **settings)
    texts = [str(each.message) for each in caught]
    return {"history": history, "warnings": texts, "batches": len(counted)}


def fail_early(method: str, **settings: Any) -> Any:
    """Train or evaluate on generators, of which the second fails instead of its third batch."""
    counted: list[int] = []
    count = kplug.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, _: counted.append(batch),
        on_test_batch_end=lambda batch, _: counted.append(batch),
    )

    def generate_until_error() -> Iterator[Any]:
        yield from generate(2)
        if find_rank() == 1:
            raise ValueError("the disk is gone")
        yield from generate(2)

    try:
        getattr(compile_model(), method)(
            generate_until_error(), callbacks=[count], verbose=0, **settings
        )
    except Exception as error:  # noqa: BLE001 - looked at
        return {"raised": f"{type(error).__name__}: {error}", "batches": len(counted)}
    return None


def evaluate_until_one_ends() -> Any:
    """Evaluate on generators, of which the second ends first."""
    model = compile_model()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = model.evaluate(generate(choose(4, 2)), verbose=0)
    expected = model.evaluate(X[:20], Y[:20], 10, verbose=0)
    texts = [str(each.message) for each in caught]
    return {"found": found, "expected": expected, "warnings": texts}


def die_while_evaluating() -> Any:
    """Evaluate on a generator that kills the second process."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun's, before this process has told

    def generate_until_death() -> Iterator[Any]:
        yield from generate(2)
        if find_rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        yield from generate(2)

    return compile_model().evaluate(generate_until_death(), verbose=0)


CASES: dict[str, Callable[[], Any]] = {
    "agreed": fit,
    "samples": lambda: fit(X[: choose(40, 39)], Y[: choose(40, 39)]),
    "batch_size": lambda: fit(batch_size=choose(10, 20)),
    "epochs": lambda: fit(epochs=choose(2, 3)),
    "steps": lambda: fit(steps_per_epoch=choose(None, 2)),
    "shards": lambda: fit(X[choose(0, 20) : choose(20, 40)], Y[choose(0, 20) : choose(20, 40)]),
    "loaders": lambda: fit(load(choose(0, 1)), None),
    "validation": lambda: fit(load(0), None, validation_data=choose(None, load(0))),
    "optimizers": lambda: fit(model=compile_model(optimizer=choose("sgd", "adam"))),
    "torch_optimizers": lambda: fit(
        model=compile_model(optimizer=lambda w: torch.optim.SGD(w, choose(0.1, 0.2)))
    ),
    "rates": lambda: train_again(choose(0.1, 0.2), 4),
    "iterations": lambda: train_again(0.1, choose(4, 5)),
    "models": lambda: fit(model=compile_model(units=choose(8, 16))),
    "activations": lambda: fit(model=compile_model(activation=choose("tanh", "relu"))),
    "losses": lambda: fit(model=compile_model(loss=choose("mse", "huber(delta=2.0)"))),
    "checkpoints": lambda: fit(
        callbacks=choose([kplug.callbacks.ModelCheckpoint(Path(sys.argv[2]) / "best.h5")], None)
    ),
    "methods": lambda: choose(fit, lambda: evaluate(X, Y))(),
    "evaluations": lambda: evaluate(X[: choose(40, 30)], Y[: choose(40, 30)]),
    "ended": end_early,
    "ended_by_steps": lambda: end_early(steps_per_epoch=4),
    "failed": lambda: fail_early("fit"),
    "failed_by_steps": lambda: fail_early("fit", steps_per_epoch=2, epochs=2),
    "failed_evaluation": lambda: fail_early("evaluate"),
    "ended_evaluation": evaluate_until_one_ends,
    "killed": die_while_evaluating,
}

if __name__ == "__main__":
    for name in sys.argv[1].split(","):
        set_random_seed(3)
        kplug.backend.clear_session()
        try:
            found = {"result": CASES[name]()}
        except ProcessMismatchError as error:
            found = {"error": str(error)}
        Path(sys.argv[2], f"{name}{find_rank()}.json").write_text(json.dumps(found))
