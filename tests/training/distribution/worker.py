"""Trains one of several models and writes what came out; run alone or by torchrun.

worker.py CASE FOLDER
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

import kplug
from kplug.backend.processes import find_rank, is_group_joined, is_main_process
from kplug.layers import BatchNormalization, Dense, Dropout, Embedding, Flatten
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


def train_with_closures() -> dict[str, Any]:
    """Train with an optimizer that computes the loss itself; few times, as it makes rounding grow."""
    x, y, weights = make_data()
    model = make_model(kernel_regularizer="l2(1e-2)")
    model.compile(functools.partial(torch.optim.LBFGS, lr=0.1, max_iter=2), "mse")
    history = model.fit(x, y, 10, 2, verbose=0, sample_weight=weights)
    return {
        "history": history.history,
        "weights": [weight.tolist() for weight in model.get_weights()],
    }


def train_on_loader() -> dict[str, Any]:
    """Train on a loader of batches and steps_per_epoch."""
    x, y, _ = make_data()
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    loader = torch.utils.data.DataLoader(dataset, batch_size=9, shuffle=True)
    model = make_model()
    model.compile("sgd(learning_rate=0.1, momentum=0.9)", "mse")
    history = model.fit(loader, epochs=2, steps_per_epoch=4, verbose=0)
    return {"history": history.history}


def train_on_generator() -> dict[str, Any]:
    """Train on a generator that shuffles by torch's global random numbers."""
    x, y, _ = make_data()

    def generate() -> Iterator[Any]:
        for _ in range(3):
            order = torch.randperm(ROWS).numpy()
            for start in range(0, ROWS, 10):
                rows = order[start : start + 10]
                yield x[rows], y[rows]

    model = make_model()
    model.compile("sgd(learning_rate=0.1, momentum=0.9)", "mse")
    history = model.fit(generate(), epochs=3, steps_per_epoch=5, verbose=0)
    return {"history": history.history}


def train_on_counted() -> dict[str, Any]:
    """Train and validate on generators that are read in parts; note how far, and what is left."""
    x, y, _ = make_data()
    given = {"data": 0, "validation": 0}

    def generate(name: str) -> Iterator[Any]:
        for start in range(30):
            given[name] += 1
            rows = slice(start, start + 9)
            yield x[rows], y[rows]

    data, validation = generate("data"), generate("validation")
    model = make_model()
    model.compile("sgd(learning_rate=0.1)", "mse")
    options: dict[str, Any] = {"steps_per_epoch": 3, "validation_steps": 2, "verbose": 0}
    histories = [
        model.fit(data, epochs=epochs, initial_epoch=start, validation_data=validation, **options)
        for start, epochs in ((0, 2), (2, 5))
    ]
    evaluated = model.evaluate(validation, steps=4, verbose=0)
    return {
        "first": histories[0].history,
        "second": histories[1].history,
        "evaluate": evaluated,
        "given": given,
        "next": [next(each)[0].tolist() for each in (data, validation)],
    }


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
    return {
        "first": first,
        "second": second,
        "weights": [each.tolist() for each in model.get_weights()],
    }


def train_on_sums(**compiling: Any) -> dict[str, Any]:
    """Train on a loss that is a sum over the batch."""
    x, y, _ = make_data()
    model = make_model()
    model.compile("sgd(learning_rate=0.01)", "mean_squared_error(reduction='sum')", **compiling)
    history = model.fit(x, y, 10, 2, verbose=0)
    return {"history": history.history, "weights": [each.tolist() for each in model.get_weights()]}


def train_batch_by_batch(**compiling: Any) -> dict[str, Any]:
    """Train on the same batch several times."""
    x, y, _ = make_data()
    model = make_model()
    model.compile("sgd(learning_rate=0.1, momentum=0.9)", "mse", **compiling)
    losses = [model.train_on_batch(x[:8], y[:8]) for _ in range(3)]
    return {"losses": losses, "predict": model.predict(x, verbose=0).tolist()}


def train_normalized(**compiling: Any) -> dict[str, Any]:
    """Train with moving averages of what each process has seen."""
    x, y, _ = make_data()
    model = kplug.Sequential([Dense(4, input_shape=(6,)), BatchNormalization(), Dense(1)])
    model.compile("sgd", "mse", **compiling)
    history = model.fit(x[:40], y[:40], 10, 2, verbose=0, validation_data=(x[:8], y[:8]))
    return {"history": history.history, "predict": model.predict(x, verbose=0).tolist()}


def take_up(**compiling: Any) -> dict[str, Any]:
    """Train for two epochs with a backup, and go on from it with another model."""
    x, y, _ = make_data()
    folder = Path(sys.argv[2]) / f"backup_{compiling.get('distribution')}"
    for epochs in (2, 4):
        set_random_seed(epochs)
        model = make_model()
        model.compile("adam(learning_rate=0.05)", "mse", **compiling)
        backup = kplug.callbacks.BackupAndRestore(folder, delete_checkpoint=epochs == 4)
        history = model.fit(x, y, 10, epochs, verbose=0, callbacks=[backup])
    return {"epochs": history.epoch, "weights": [each.tolist() for each in model.get_weights()]}


def make_for_parts(seed: int, distribution: str | None) -> kplug.Sequential:
    """Return a compiled model with moving averages, and layers of fewer units than there are processes."""
    set_random_seed(seed)
    layers = [Dense(7, "tanh", input_shape=(6,)), BatchNormalization(), Dense(1)]
    model = kplug.Sequential(layers)
    model.compile("adam(learning_rate=0.05)", "mse", distribution=distribution)
    return model


def go_on_from_parts(model: kplug.Sequential) -> dict[str, Any]:
    """Return the weights and the moments, and the weights after two epochs more."""
    x, y, _ = make_data()
    before = [each.tolist() for each in model.get_weights()]
    state = model.optimizer.state_dict()["state"]
    moments = [each[name].tolist() for each in state.values() for name in ("exp_avg", "exp_avg_sq")]
    model.layers[1].trainable = False  # it normalizes each process's samples by themselves
    model.fit(x, y, 10, 4, initial_epoch=2, verbose=0)
    after = [each.tolist() for each in model.get_weights()]
    return {"before": before, "moments": moments, "after": after}


def save_parts(distribution: str | None = None) -> dict[str, Any]:
    """Train for two epochs, save a part in each process, and go on."""
    x, y, _ = make_data()
    model = make_for_parts(1, distribution)
    model.fit(x, y, 10, 2, verbose=0)
    model.save_state(Path(sys.argv[2]) / f"parts_{distribution}", epoch=2, sharded=True)
    return go_on_from_parts(model)


def load_parts(source: str | None, distribution: str | None = None) -> dict[str, Any]:
    """Load what any number of processes has saved, and go on."""
    model = make_for_parts(2, distribution)
    model.load_state(Path(sys.argv[2]) / f"parts_{source}")
    return go_on_from_parts(model)


class FullDisk(kplug.callbacks.Callback):
    """Lets process 1 write nothing in the second epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch == 1 and find_rank() == 1:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def fail_to_save_parts() -> dict[str, Any]:
    """Return what is said where one process cannot write its part, and the epochs that were saved."""
    x, y, _ = make_data()
    model, folder = make_for_parts(1, "fsdp"), Path(sys.argv[2]) / "full"
    backup = kplug.callbacks.BackupAndRestore(folder, sharded=True)
    try:
        model.fit(x, y, 10, 4, verbose=0, callbacks=[FullDisk(), backup])
    except kplug.errors.WeightsError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return {"error": str(error), "epoch": model.load_state(folder / "training.state")}
    return {}


class Partial(kplug.Model):
    """Leaves a layer out of its call, and has masked outputs."""

    def __init__(self) -> None:
        super().__init__(input_shape=(6,))
        self.table = Embedding(5, 3, mask_zero=True)
        self.score, self.spare = Dense(1), Dense(1, input_shape=(3,))

    def call(self, inputs: Any) -> Any:
        """Return a number for each time, shape (N, 6, 1)."""
        return self.score(self.table(inputs))


def train_partly() -> dict[str, Any]:
    """Train a model of which one layer takes no part, with as many masked times in all samples."""
    rng = np.random.default_rng(1)
    x, y = rng.integers(1, 5, size=(40, 6)), rng.normal(size=(40, 6, 1)).astype("float32")
    x[:, 4:] = 0
    model = Partial()
    model.spare(torch.zeros(1, 3))
    model.compile("sgd(learning_rate=0.5)", "mse", metrics=["mae"])
    return {"history": model.fit(x, y, 10, 2, verbose=0).history}


class Aside(kplug.Model):
    """Has layers with penalties that its outputs do not depend on: one is called, one is not."""

    def __init__(self) -> None:
        super().__init__(input_shape=(6,))
        self.score = Dense(1)
        self.seen = Dense(2, activity_regularizer="l2(0.1)")
        self.spare = Dense(1, kernel_regularizer="l2(0.1)", input_shape=(6,))

    def call(self, inputs: Any) -> Any:
        """Return a number for each sample, shape (N, 1)."""
        self.seen(inputs)
        return self.score(inputs)


def train_penalties_aside(**compiling: Any) -> dict[str, Any]:
    """Train layers by their penalties alone."""
    x, y, _ = make_data()
    model = Aside()
    model.spare(torch.zeros(1, 6))
    model.compile("sgd(learning_rate=0.5)", "mse", **compiling)
    history = model.fit(x, y, 10, 2, verbose=0)
    return {"history": history.history, "weights": [each.tolist() for each in model.get_weights()]}


def train_one_of_two_outputs() -> dict[str, Any]:
    """Train a model whose second output has no loss, but a penalty on its weights."""
    x, y, _ = make_data()
    inputs = kplug.Input(shape=(6,))
    hidden = Dense(4)(inputs)
    outputs = [
        Dense(1, name="score")(hidden),
        Dense(1, name="spare", kernel_regularizer="l2(0.1)")(hidden),
    ]
    model = kplug.Model(inputs, outputs)
    model.compile("sgd(learning_rate=0.1)", {"score": "mse"})
    history = model.fit(x, {"score": y}, 10, 2, verbose=0)
    return {"history": history.history, "weights": [each.tolist() for each in model.get_weights()]}


def train_shared(**compiling: Any) -> dict[str, Any]:
    """Train a model with a layer that stands in two models inside as well, one more frozen later."""
    x, y, _ = make_data()
    shared, inputs = Dense(6, name="shared"), kplug.Input(shape=(6,))
    first = kplug.Model(inputs, Dense(6)(shared(inputs)), name="first")
    second = kplug.Sequential([shared, Dense(6, name="own")], name="second")
    model = kplug.Model(inputs, Dense(1)(shared(second(first(inputs)))))
    model.compile("sgd(learning_rate=0.01, momentum=0.9)", "mse", **compiling)
    before = model.fit(x, y, 10, 1, verbose=0).history
    second.get_layer("own").trainable = False
    after = model.fit(x, y, 10, 1, verbose=0).history
    weights = [each.tolist() for each in model.get_weights()]
    return {"before": before, "after": after, "weights": weights}


def save_the_best() -> dict[str, Any]:
    """Save within epochs, by logs that differ between processes; a save needs all of them."""
    x, y, _ = make_data()
    model = make_model()
    model.compile("sgd(learning_rate=0.5)", "mse")
    path = Path(sys.argv[2]) / "best.h5"
    best = kplug.callbacks.ModelCheckpoint(
        path, "loss", save_best_only=True, save_weights_only=True, save_freq=1
    )
    model.fit(x, y, 4, 3, verbose=0, callbacks=[best])
    return {"is_saved": path.is_file()}


def fail_to_save() -> dict[str, Any]:
    """Return what is said in each process where the main one cannot write a file."""
    model = make_model()
    model.compile("sgd", "mse")
    model.fit(*make_data()[:2], 10, 1, verbose=0)
    try:
        model.save_weights(Path(sys.argv[2]) / "missing" / "weights.h5")
    except kplug.errors.KplugError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {}


def refuse_sparse_gradients() -> dict[str, Any]:
    """Return what is said of sparse gradients, with whole weights and with parts."""
    errors = []
    for distribution in (None, "fsdp"):
        layers = [Embedding(5, 3, sparse=True, input_length=6, name="table"), Flatten(), Dense(1)]
        model = kplug.Sequential(layers)
        model.compile("sgd", "mse", distribution=distribution)
        try:
            model.fit(np.ones((8, 6), "int64"), np.ones((8, 1)), verbose=0)
        except kplug.errors.ContractError as error:
            errors.append(str(error))
    return {"errors": errors}


def refuse_whole_weights() -> dict[str, Any]:
    """Return why an optimizer cannot be used on parts of weights."""
    errors = []
    for optimizer in ("lamb", "adam(clipnorm=1.0)", "torch/adafactor", "adam"):
        model = make_model()
        precision = "fp16" if optimizer == "adam" else None
        model.compile(optimizer, "mse", distribution="fsdp", precision=precision)
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
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun's, before this process has told
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


class Stop(kplug.callbacks.Callback):
    """Ends a run in its third epoch: by an error after two steps, or by a signal to one process."""

    def __init__(self, is_signal: bool = False, in_validation: bool = False) -> None:
        self.epoch, self.is_signal, self.in_validation = 0, is_signal, in_validation

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) != (2, 1 if self.is_signal else 2) or self.in_validation:
            return
        if not self.is_signal:
            raise ZeroDivisionError
        if find_rank():
            os.kill(os.getpid(), signal.SIGTERM)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == (2, 0) and self.in_validation and find_rank():
            os.kill(os.getpid(), signal.SIGTERM)


def yield_batches() -> Iterator[Any]:
    """Yield batches in an order of NumPy's generator, which is ahead of the steps."""
    x, y, _ = make_data()
    while True:
        order = np.random.permutation(ROWS)
        for start in range(0, 40, 10):
            yield x[order[start : start + 10]] + np.float32(np.random.normal()), y[order][:10]


def fit_saving(data: str, folder: Path | None, *callbacks: Any, **compiling: Any) -> dict[str, Any]:
    """Train with all that a state within an epoch has to hold; with a folder, save in the third one."""
    x, y, _ = make_data()
    set_random_seed(3)
    model = kplug.Sequential(
        [
            Dense(8, activation="tanh", input_shape=(6,)),
            BatchNormalization(),
            Dropout(0.5),
            Dropout(0.1, seed=2),
            Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam(learning_rate=0.05)", "mse", metrics=["mae"], **compiling)
    every = 12 if data == "arrays" else 10
    backups = [] if folder is None else [kplug.callbacks.BackupAndRestore(folder, every)]
    source: dict[str, Any] = {"x": x, "y": y, "batch_size": 10}
    if data == "generator":
        source = {"x": yield_batches()}
    elif data == "loader":
        dataset = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
        source = {"x": torch.utils.data.DataLoader(dataset, batch_size=10, shuffle=True)}
    steps = None if data == "arrays" else 4
    history = model.fit(
        **source,
        epochs=4,
        steps_per_epoch=steps,
        validation_data=(x[:9], y[:9]),
        validation_batch_size=3,
        verbose=0,
        callbacks=[*backups, *callbacks],
    )
    return {
        "epochs": history.epoch,
        "history": history.history,
        "weights": [each.tolist() for each in model.get_weights()],
    }


def go_on_within_an_epoch(data: str, **compiling: Any) -> dict[str, Any]:
    """Train without an interruption, and with one and again."""
    folder = Path(sys.argv[2]) / f"within_{data}_{compiling.get('distribution')}"
    whole = fit_saving(data, None, **compiling)
    try:
        fit_saving(data, folder, Stop(), **compiling)
    except ZeroDivisionError:
        return {"whole": whole, "resumed": fit_saving(data, folder, **compiling)}
    raise AssertionError


def go_on_after_signal(*callbacks: Any) -> dict[str, Any]:
    """Train until one process is told to end, or go on from there."""
    return fit_saving("arrays", Path(sys.argv[2]) / "backup", *callbacks)


def leave() -> dict[str, Any]:
    """Train, and say when Python exits whether the group, whose threads need Python, is still there."""
    found = Path(sys.argv[2]) / f"at_exit{os.environ['RANK']}.json"

    def look() -> None:
        threads = {task.joinpath("comm").read_text() for task in Path("/proc/self/task").iterdir()}
        gloo = [name for name in threads if "gloo" in name]
        found.write_text(json.dumps({"is_joined": is_group_joined(), "threads": gloo}))

    atexit.register(look)  # what is registered first is called last
    model = make_model()
    model.compile("sgd", "mse")
    model.fit(*make_data()[:2], 10, 1, verbose=0)
    return {}


class Failing(kplug.callbacks.Callback):
    """Raises an error in the second epoch."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.model.seen:
            error = ValueError("what a callback raises")
            raise error from error  # a circle of causes

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.seen = True


def fail() -> dict[str, Any]:
    """Train until an error that nobody catches."""
    model = make_model()
    model.seen = False
    model.compile("sgd", "mse")
    model.fit(*make_data()[:2], 10, 3, verbose=0, callbacks=[Failing()])
    return {}


CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "adam": lambda: train_with("adam(learning_rate=0.05)"),
    "clipped": lambda: train_with("sgd(learning_rate=0.5, momentum=0.9, global_clipnorm=0.1)"),
    "averaged": lambda: train_with("nadam(use_ema=True, ema_momentum=0.5)"),
    "accumulated": lambda: train_with("rmsprop(gradient_accumulation_steps=2)"),
    "closing": train_with_closures,
    "twice": train_twice,
    "loader": train_on_loader,
    "generator": train_on_generator,
    "validated": train_on_counted,
    "fsdp_adam": lambda: train_with("adam(learning_rate=0.05)", distribution="fsdp"),
    "fsdp_averaged": lambda: train_with(
        "nadam(use_ema=True, ema_momentum=0.5)", distribution="fsdp"
    ),
    "fsdp_twice": lambda: train_twice(distribution="fsdp"),
    "fsdp_constraint": lambda: train_with_constraint(distribution="fsdp"),
    "summed": train_on_sums,
    "fsdp_summed": lambda: train_on_sums(distribution="fsdp"),
    "scaled": lambda: train_with("sgd(learning_rate=0.5, loss_scale_factor=64.0)"),
    "fsdp_scaled": lambda: train_with(
        "sgd(learning_rate=0.5, loss_scale_factor=64.0)", distribution="fsdp"
    ),
    "by_batch": train_batch_by_batch,
    "fsdp_by_batch": lambda: train_batch_by_batch(distribution="fsdp"),
    "normalized": train_normalized,
    "fsdp_normalized": lambda: train_normalized(distribution="fsdp"),
    "shared": train_shared,
    "fsdp_shared": lambda: train_shared(distribution="fsdp"),
    "taken_up": take_up,
    "fsdp_taken_up": lambda: take_up(distribution="fsdp"),
    "saved_parts": save_parts,
    "fsdp_saved_parts": lambda: save_parts("fsdp"),
    "loaded_parts": lambda: load_parts(None),
    "fsdp_loaded_parts": lambda: load_parts("fsdp", "fsdp"),
    "fsdp_loaded_in_one": lambda: load_parts("fsdp"),
    "full_parts": fail_to_save_parts,
    "partly": train_partly,
    "aside": train_penalties_aside,
    "fsdp_aside": lambda: train_penalties_aside(distribution="fsdp"),
    "one_of_two": train_one_of_two_outputs,
    "best": save_the_best,
    "unsaved": fail_to_save,
    "sparse": refuse_sparse_gradients,
    "refused": refuse_whole_weights,
    "constraint": train_with_constraint,
    "dropout": draw_dropout,
    "little": train_on_too_little,
    "failed": fail,
    "left": leave,
    **{
        f"within_{data}": functools.partial(go_on_within_an_epoch, data)
        for data in ("arrays", "generator", "loader")
    },
    "fsdp_within_arrays": lambda: go_on_within_an_epoch("arrays", distribution="fsdp"),
    "told_to_end": lambda: go_on_after_signal(Stop(is_signal=True)),
    "told_in_validation": lambda: go_on_after_signal(Stop(is_signal=True, in_validation=True)),
    "gone_on": go_on_after_signal,
    "undisturbed": lambda: fit_saving("arrays", None),
    "killed": lose_a_process,
    "interrupted": lambda: train_to_the_end(is_killed=True, distribution=None),
    "fsdp_interrupted": lambda: train_to_the_end(is_killed=True, distribution="fsdp"),
    "resumed": lambda: train_to_the_end(is_killed=False, distribution=None),
}

SEEN_IN_ALL = ("dropout", "normalized", "fsdp_normalized", "unsaved", "full_parts")


def main() -> None:
    """Do what the module says, with each case in turn."""
    names, folder = sys.argv[1].split(","), Path(sys.argv[2])
    for name in names:
        set_random_seed(3)
        kplug.backend.clear_session()
        found = CASES[name]()
        if is_main_process() or name in SEEN_IN_ALL:
            (folder / f"{name}{find_rank()}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
