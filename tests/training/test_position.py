"""A run that was interrupted within an epoch goes on there, with the numbers of one that was not."""

from __future__ import annotations

import copy
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from scipy import sparse
from torch.utils.data import DataLoader, Dataset, IterableDataset, RandomSampler, TensorDataset

import kplug
from kplug.callbacks import BackupAndRestore, LambdaCallback
from kplug.errors import DataError, WeightsError
from kplug.layers import LSTM, BatchNormalization, Dense, Dropout, GaussianNoise
from kplug.saving.json_text import encode, parse_json
from kplug.training.data import lazy_arrays, lazy_batches, shuffling

ROWS, SIZE, EPOCHS = 44, 8, 4  # 6 steps an epoch, the last one smaller
X = np.random.default_rng(0).normal(size=(ROWS, 6)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


class Interruption(KeyboardInterrupt):
    """Ends a run in these tests."""


def make_model() -> Any:
    model = kplug.Sequential(
        [
            Dense(8, activation="relu", input_dim=6),
            BatchNormalization(),
            Dropout(0.5),
            GaussianNoise(0.1, seed=3),
            Dense(1),
        ]
    )
    model.compile("adam(learning_rate=0.01)", "mse", metrics=["mae", "r2_score"])
    return model


def seed() -> None:
    kplug.utils.set_random_seed(1)


def stop_at(epoch: int, step: int) -> LambdaCallback:
    """Return a callback that ends the run after a step, before it is saved; both count from 0."""
    running: list[int] = []

    def stop(batch: int, logs: Any) -> None:
        if running[-1] == epoch and batch >= step:
            raise Interruption

    return LambdaCallback(
        on_epoch_begin=lambda number, logs: running.append(number), on_train_batch_end=stop
    )


Fit = Callable[[Any, list[Any]], Any]


def check_resuming(
    tmp_path: Path,
    fit: Fit,
    epoch: int,
    step: int,
    make: Callable[[], Any] = make_model,
    tolerance: float = 0.0,
    save_freq: int | str | None = None,
) -> None:
    """Compare a run without interruption to one that is saved after ``step`` steps, and its continuation."""
    seed()
    whole, last = make(), []
    expected = fit(whole, [LambdaCallback(on_train_batch_end=lambda batch, _: last.append(batch))])
    save_freq = save_freq or epoch * (max(last) + 1) + step
    seed()
    with pytest.raises(Interruption):
        fit(make(), [BackupAndRestore(tmp_path / "b", save_freq), stop_at(epoch, step)])
    # Another program's: nothing but the seed of the script is the same.
    seed()
    model = make()
    torch.rand(7)
    np.random.random(7)
    random.random()
    history = fit(model, [BackupAndRestore(tmp_path / "b", save_freq)])
    first = epoch - (not step)  # after the last step of an epoch, its validation is left
    assert history.epoch == list(range(first, EPOCHS))
    for name, values in expected.history.items():
        np.testing.assert_allclose(
            history.history[name], values[first:], tolerance, tolerance, err_msg=name
        )
    for one, other in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, tolerance, tolerance)
    assert not (tmp_path / "b").exists()


def on_arrays(model: Any, callbacks: list[Any], **options: Any) -> Any:
    options = {"batch_size": SIZE, "epochs": EPOCHS, "verbose": 0, **options}
    return model.fit(X, Y, callbacks=callbacks, **options)


@pytest.mark.sampled
@pytest.mark.parametrize("place", [(2, 1), (2, 3), (0, 1), (3, 5), (2, 0)])
def test_arrays_go_on_in_the_order_of_the_epoch(tmp_path: Path, place: tuple[int, int]) -> None:
    check_resuming(tmp_path, on_arrays, *place)


class Rows(kplug.utils.PyDataset):
    """Batches with noise of several generators."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.rng = np.random.default_rng(4)
        self.asked: list[int] = []

    def __len__(self) -> int:
        return -(-ROWS // SIZE)

    def __getitem__(self, index: int) -> Any:
        self.asked.append(index)
        rows = slice(index * SIZE, (index + 1) * SIZE)
        noise = np.random.normal() + random.random() + torch.rand(()).item() + self.rng.normal()
        return X[rows] + np.float32(0.1 * noise), Y[rows]


class Noisy(Dataset[Any]):
    """Samples with noise of torch's generator."""

    def __len__(self) -> int:
        return ROWS

    def __getitem__(self, index: int) -> Any:
        return X[index] + 0.1 * torch.rand(6).numpy(), Y[index]


class Stream(IterableDataset[Any]):
    """Samples in order."""

    def __iter__(self) -> Iterator[Any]:
        yield from zip(X, Y, strict=True)


def generate(rng: Any = None) -> Iterator[Any]:
    """Yield batches without end, in an order of NumPy's global generator or another one."""
    while True:
        order = (rng or np.random).permutation(ROWS)
        for start in range(0, ROWS, SIZE):
            yield X[order[start : start + SIZE]], Y[order[start : start + SIZE]]


def make_loader(**options: Any) -> Any:
    dataset = TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    return DataLoader(dataset, **{"batch_size": SIZE, "shuffle": True, **options})


def make_own_loader() -> Any:
    return make_loader(generator=torch.Generator().manual_seed(5))


def make_loader_with_replacement() -> Any:
    own = torch.Generator().manual_seed(6)
    sampler = RandomSampler(Noisy(), replacement=True, num_samples=ROWS, generator=own)
    return make_loader(sampler=sampler, shuffle=False)


SOURCES: dict[str, Callable[[], dict[str, Any]]] = {
    "arrays, continued": lambda: {"x": X, "y": Y, "batch_size": SIZE, "steps_per_epoch": 4},
    "arrays, several passes": lambda: {"x": X, "y": Y, "batch_size": SIZE, "steps_per_epoch": 8},
    "sparse": lambda: {"x": sparse.csr_matrix(X), "y": Y, "batch_size": SIZE},
    "class weights": lambda: {
        "x": X,
        "y": (Y > 0).astype("int64"),
        "batch_size": SIZE,
        "class_weight": {0: 1.0, 1: 3.0},
    },
    "split": lambda: {"x": X, "y": Y, "batch_size": 6, "validation_split": 0.2},
    "validation": lambda: {
        "x": X,
        "y": Y,
        "batch_size": SIZE,
        "validation_data": make_own_loader(),
    },
    "validation generator": lambda: {
        "x": X,
        "y": Y,
        "batch_size": SIZE,
        "validation_data": generate(np.random.default_rng(2)),
        "validation_steps": 2,
    },
    "generator": lambda: {"x": generate(), "steps_per_epoch": 5},
    "generator of its own": lambda: {
        "x": generate(np.random.default_rng(1)),
        "steps_per_epoch": 5,
    },
    "dataset": lambda: {"x": Rows(), "shuffle": True},
    "dataset, continued": lambda: {"x": Rows(), "steps_per_epoch": 4},
    "samples": lambda: {"x": Noisy(), "batch_size": SIZE},
    "stream": lambda: {"x": Stream(), "batch_size": SIZE},
    "loader": lambda: {"x": make_loader()},
    "loader with noise": lambda: {"x": DataLoader(Noisy(), SIZE, shuffle=True)},
    "loader of its own": lambda: {"x": make_own_loader()},
    "loader, continued": lambda: {"x": make_own_loader(), "steps_per_epoch": 4},
    "loader with replacement": lambda: {"x": make_loader_with_replacement()},
}
WORKERS: dict[str, Callable[[], dict[str, Any]]] = {
    "threads": lambda: {"x": PlainRows(workers=2), "shuffle": True},
    "processes": lambda: {"x": Rows(workers=2, use_multiprocessing=True), "shuffle": True},
    "loader with workers": lambda: {
        "x": make_loader(num_workers=2, generator=torch.Generator().manual_seed(5))
    },
    "noise of workers": lambda: {"x": DataLoader(Noisy(), SIZE, shuffle=True, num_workers=2)},
}


class PlainRows(Rows):
    """Batches without noise: threads share generators, so their noise depends on timing."""

    def __getitem__(self, index: int) -> Any:
        return X[index * SIZE : (index + 1) * SIZE], Y[index * SIZE : (index + 1) * SIZE]


def on(make_source: Callable[[], dict[str, Any]]) -> Fit:
    def fit(model: Any, callbacks: list[Any]) -> Any:
        return model.fit(**make_source(), epochs=EPOCHS, verbose=0, callbacks=callbacks)

    return fit


class InterruptValidation(kplug.callbacks.Callback):
    """Tells the run to end while it validates after the third epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.epoch == 2:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.sampled
@pytest.mark.parametrize(
    "name",
    [
        "arrays, continued",
        "sparse",
        "split",
        "validation",
        "validation generator",
        "generator",
        "dataset",
        "dataset, continued",
        "stream",
        "loader of its own",
    ],
)
def test_an_interrupted_validation_begins_again(tmp_path: Path, name: str) -> None:
    def fit(*callbacks: Any) -> tuple[Any, Any]:
        seed()
        model, source = make_model(), SOURCES[name]()
        options = {"validation_data": (X[:9], Y[:9]), **source, "verbose": 0}
        return model, model.fit(**options, epochs=EPOCHS, callbacks=list(callbacks))

    whole, expected = fit()
    with pytest.raises(KeyboardInterrupt):
        fit(InterruptValidation(), BackupAndRestore(tmp_path / "b", 1000))
    model, history = fit(BackupAndRestore(tmp_path / "b", 1000))
    assert history.history == {name: log[2:] for name, log in expected.history.items()}
    for one, other in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.sampled
@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize("source", SOURCES)
def test_each_source_goes_on_where_it_was(tmp_path: Path, source: str, step: int) -> None:
    check_resuming(tmp_path, on(SOURCES[source]), 2, step)


@pytest.mark.slow  # torchdata takes seconds to import
@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_of_torchdata_goes_on_where_it_was(tmp_path: Path, workers: int) -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader")

    def make_source() -> dict[str, Any]:
        return {"x": stateful.StatefulDataLoader(Noisy(), SIZE, shuffle=True, num_workers=workers)}

    check_resuming(tmp_path, on(make_source), 2, 3)


@pytest.mark.sampled
@pytest.mark.parametrize("source", WORKERS)
def test_workers_go_on_where_they_were(tmp_path: Path, source: str) -> None:
    check_resuming(tmp_path, on(WORKERS[source]), 2, 3)


@pytest.mark.parametrize("is_shuffled", [True, False])
def test_arrays_in_files_go_on_without_reading_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_shuffled: bool
) -> None:
    monkeypatch.setattr(lazy_arrays, "IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(shuffling, "BUFFER_BYTES", 2 * SIZE * 24)
    read: list[int] = []
    real = lazy_arrays.read_ranges

    def note(rows: Any, ranges: Any) -> Any:
        read.append(len(ranges))
        return real(rows, ranges)

    monkeypatch.setattr(lazy_batches, "read_ranges", note)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        rows = file.create_dataset("x", data=X, chunks=(4, 6))
        counts: list[int] = []

        def fit(model: Any, callbacks: list[Any]) -> Any:
            read.clear()
            try:
                options: Any = {"shuffle": is_shuffled, "callbacks": callbacks, "verbose": 0}
                return model.fit(rows, Y, SIZE, EPOCHS, **options)
            finally:
                counts.append(len(read))

        check_resuming(tmp_path, fit, 2, 5)
    buffers = 3  # of two batches each
    assert counts == [
        2 * each for each in (EPOCHS * buffers, 3 * buffers, 1 + buffers)
    ]  # inputs and targets


def test_a_dataset_is_not_asked_for_batches_again(tmp_path: Path) -> None:
    asked: list[list[int]] = []

    def fit(model: Any, callbacks: list[Any]) -> Any:
        data = Rows()
        try:
            return model.fit(data, epochs=EPOCHS, shuffle=False, callbacks=callbacks, verbose=0)
        finally:
            asked.append(data.asked)

    check_resuming(tmp_path, fit, 2, 4)
    assert asked[2] == [4, 5, 0, 1, 2, 3, 4, 5]


def compile_with(optimizer: str, loss: str = "mse", **options: Any) -> Any:
    model = kplug.Sequential([Dense(8, activation="relu", input_dim=6), Dropout(0.5), Dense(1)])
    model.compile(optimizer, loss, **options)
    return model


class Step(kplug.Model):
    """A model with a step and a metric of its own."""

    def __init__(self) -> None:
        super().__init__(input_shape=(6,))
        self.out, self.mean = Dense(1), kplug.metrics.Mean(name="mean")

    def call(self, inputs: Any) -> Any:
        return self.out(inputs)

    def train_step(self, data: Any) -> Any:
        x, y = data
        self.zero_grad()
        loss = self.compute_loss(y=y, y_pred=self(x))
        loss.backward()
        self.optimizer.step()
        self.mean.update_state(loss.detach())
        return {"loss": loss, "mean": self.mean.result()}


def make_with_step() -> Any:
    model = Step()
    model.compile("adam", "mse")
    return model


MODELS: dict[str, Callable[[], Any]] = {
    "accumulation": lambda: compile_with("adam(gradient_accumulation_steps=4)"),
    "accumulation of steps": lambda: compile_with(
        "sgd(momentum=0.9, gradient_accumulation_steps=5, gradient_accumulation_mean='steps')"
    ),
    "averages": lambda: compile_with("adam(use_ema=True, ema_overwrite_frequency=4)"),
    "a schedule": lambda: compile_with("sgd(learning_rate=cosine_decay(0.1, 20))"),
    "an optimizer of torch": lambda: compile_with("torch/adamw(lr=0.01)"),
    "metrics that learn their shape": lambda: compile_with(
        "sgd", metrics=["f1_score(threshold=0.5)", "r2_score"]
    ),
    "several losses": lambda: compile_with("sgd", "mse + 0.5*mae"),
    "several steps at once": lambda: compile_with("sgd", steps_per_execution=3),
    "a step of its own": make_with_step,
}


@pytest.mark.sampled
@pytest.mark.parametrize("name", MODELS)
def test_each_model_goes_on_where_it_was(tmp_path: Path, name: str) -> None:
    check_resuming(tmp_path, on_arrays, 1, 3, MODELS[name])


@pytest.mark.parametrize("save_freq", [None, "epoch"])
def test_a_stateful_layer_goes_on_with_its_states(tmp_path: Path, save_freq: str | None) -> None:
    def make() -> Any:
        model = kplug.Sequential([LSTM(4, stateful=True, input_shape=(3, 2)), Dense(1)])
        model.compile("sgd", "mse")
        return model

    def fit(model: Any, callbacks: list[Any]) -> Any:
        x, options = X[:40].reshape(40, 3, 2), {"shuffle": False, "callbacks": callbacks}
        return model.fit(x, Y[:40], SIZE, EPOCHS, verbose=0, **options)

    check_resuming(tmp_path, fit, 1, 3, make, save_freq=save_freq)


@pytest.mark.slow
def test_a_compiled_step_goes_on(tmp_path: Path) -> None:
    def make() -> Any:
        return compile_with("adam", jit_compile=True, metrics=["mae"])

    # The first steps of a program are not compiled, and round otherwise.
    check_resuming(tmp_path, on_arrays, 1, 3, make, tolerance=1e-5)


def test_an_end_of_an_epoch_within_a_pass_is_no_new_pass(tmp_path: Path) -> None:
    options = {"steps_per_epoch": 4}
    seed()
    expected = on_arrays(make_model(), [], **options)
    seed()
    with pytest.raises(Interruption):
        on_arrays(make_model(), [BackupAndRestore(tmp_path / "b"), stop_at(2, 1)], **options)
    history = on_arrays(make_model(), [BackupAndRestore(tmp_path / "b")], **options)
    assert history.history["loss"] == expected.history["loss"][2:]


def test_callbacks_see_the_numbers_of_the_steps_that_are_left(tmp_path: Path) -> None:
    with pytest.raises(Interruption):
        on_arrays(make_model(), [BackupAndRestore(tmp_path / "b", 8), stop_at(1, 3)])
    seen: list[int] = []
    note = LambdaCallback(on_train_batch_begin=lambda batch, _: seen.append(batch))
    on_arrays(make_model(), [note, BackupAndRestore(tmp_path / "b", 8)], epochs=2)
    assert seen == [2, 3, 4, 5]


def test_a_state_of_a_middle_needs_the_metrics_and_the_steps_that_it_had(tmp_path: Path) -> None:
    path = tmp_path / "b" / "training.state"
    with pytest.raises(Interruption):
        on_arrays(make_model(), [BackupAndRestore(tmp_path / "b", 4), stop_at(0, 4)])
    model = kplug.Sequential(make_model().layers)
    model.compile("adam", "mse", metrics=["mse"])
    before = model.get_weights()
    with pytest.raises(WeightsError) as caught:
        model.load_state(path)
    assert str(caught.value) == (
        f"{path}: the state was saved after step 4 of epoch 1, with the metrics mean_absolute_error, "
        "r2_score, and the model has mean_squared_error\n  Compile the model with the same metrics."
    )
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    with pytest.raises(DataError) as refused:
        on_arrays(make_model(), [BackupAndRestore(tmp_path / "b")], batch_size=22)
    assert str(refused.value) == (
        "fit: an epoch has 2 steps here, and the interrupted run that goes on had done 4 of one\n"
        "  Pass the data, batch_size and steps_per_epoch of the interrupted run, or remove its backup to "
        "start anew."
    )


def test_a_generator_that_ends_too_soon_is_refused(tmp_path: Path) -> None:
    def fit(count: int, *callbacks: Any) -> None:
        batches = (pair for _, pair in zip(range(count), generate(), strict=False))
        backup = BackupAndRestore(tmp_path / "b", 5)
        make_model().fit(
            batches, epochs=2, steps_per_epoch=6, verbose=0, callbacks=[backup, *callbacks]
        )

    with pytest.raises(Interruption):
        fit(12, stop_at(0, 5))
    with pytest.raises(DataError, match="the data ended after 3 batches, and the interrupted run"):
        fit(3)


def save_in_the_middle(tmp_path: Path) -> Path:
    with pytest.raises(Interruption):
        on_arrays(make_model(), [BackupAndRestore(tmp_path / "b", 4), stop_at(0, 4)])
    return tmp_path / "b" / "training.state"


def change(path: Path, how: Callable[[Any], None]) -> None:
    """Change the positions in a file."""
    with h5py.File(path, "r+") as file:
        attributes = file["kplug_state"].attrs
        content = parse_json(attributes["content"], "it")
        how(content["positions"]["list"])
        attributes["content"] = encode(content)


def find_item(position: Any, name: str) -> Any:
    return next(pair for pair in position["items"] if pair[0] == name)


def test_a_state_of_two_processes_is_refused_by_one(tmp_path: Path) -> None:
    path = save_in_the_middle(tmp_path)

    def add(positions: list[Any]) -> None:
        plain = copy.deepcopy(positions[0])
        for name in ("pass_start", "now"):
            find_item(plain, name)[1] = {"items": []}
        find_item(plain, "metrics")[1] = {"list": []}
        positions.append(plain)

    change(path, add)
    model = make_model()
    before = model.get_weights()
    with pytest.raises(WeightsError) as caught:
        model.fit(X, Y, callbacks=[BackupAndRestore(tmp_path / "b")], verbose=0)
    assert str(caught.value) == (
        f"{path}: the state was saved after step 4 of epoch 1 by 2 processes, each with random numbers and "
        "sums of its own, and 1 trains now\n  Start as many: torchrun --nproc-per-node 2. A state between "
        "two epochs goes on with any number."
    )
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", -1),
        ("steps", True),
        ("batches", 1.5),
        ("pass_start", 3),
        ("now", {"items": [["torch", "none"]]}),
        ("record", {"list": []}),
        ("metrics", {"list": [3]}),
        ("unknown", 0),
    ],
)
def test_a_damaged_position_is_refused(tmp_path: Path, name: str, value: Any) -> None:
    path = save_in_the_middle(tmp_path)

    def damage(positions: list[Any]) -> None:
        items = positions[0]["items"]
        items[:] = [[name, value], *(pair for pair in items if pair[0] != name)]

    change(path, damage)
    with pytest.raises(WeightsError, match=r"training\.state: the .* cannot be read"):
        make_model().load_state(path)


def test_a_state_of_other_metrics_with_the_same_names_is_refused(tmp_path: Path) -> None:
    path = save_in_the_middle(tmp_path)

    def damage(positions: list[Any]) -> None:
        for each in find_item(positions[0], "metrics")[1]["list"]:
            each["tuple"][1] = {"items": []}

    change(path, damage)
    model = make_model()
    model.load_state(path)
    with pytest.raises(
        WeightsError,
        match="does not fit the loss and the metrics mean_absolute_error, r2_score: KeyError",
    ):
        on_arrays(model, [])


def test_a_state_that_the_program_loads_goes_on_in_the_next_fit(tmp_path: Path) -> None:
    seed()
    expected = on_arrays(make_model(), [])
    seed()
    path = save_in_the_middle(tmp_path)
    model = make_model()
    assert model.load_state(path) == 0
    assert on_arrays(model, []).history == expected.history
    assert on_arrays(model, []).history != expected.history  # once
