"""Training from sparse matrices, from files, from loaders and from generators."""

from __future__ import annotations

import io
import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.sparse
import torch
from typing_extensions import override

from kplug import backend, layers
from kplug.errors import DataError
from kplug.models import Model, Sequential
from kplug.training.data import (
    lazy_arrays as rows_module,
    lazy_batches as source,
    shuffling,
)
from tests.training.data.linear_task import CLASSES, COUNT, X, Y, make_model


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    backend.clear_session()
    monkeypatch.setattr(rows_module, "IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(shuffling, "BUFFER_BYTES", 40 * X[0].nbytes)
    monkeypatch.setattr(source, "_SPARSE_BYTES", 40 * X[0].nbytes)


@pytest.fixture(params=["csr", "csc", "coo", "memmap", "h5py", "h5py in chunks"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """X in another form."""
    if request.param in ("csr", "csc", "coo"):
        return scipy.sparse.coo_matrix(X).asformat(request.param)
    if request.param == "memmap":
        np.save(tmp_path / "x.npy", X)
        return np.load(tmp_path / "x.npy", mmap_mode="r")
    file = h5py.File(tmp_path / "x.h5", "w")
    chunks = (7, 6) if "chunks" in request.param else None
    return file.create_dataset("x", data=X, chunks=chunks)


def test_without_shuffling_it_is_the_same_as_with_the_array(stored: Any) -> None:
    options: dict[str, Any] = {"epochs": 3, "shuffle": False, "verbose": 0, "batch_size": 8}
    options |= {"validation_split": 0.2, "sample_weight": np.linspace(0, 1, COUNT)}
    ours, theirs = make_model(), make_model()
    found = ours.fit(stored, Y, **options).history
    expected = theirs.fit(X, Y, **options).history
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, rel=1e-6)
    np.testing.assert_allclose(
        ours.predict(stored, verbose=0), theirs.predict(X, verbose=0), rtol=1e-6
    )
    assert ours.evaluate(stored, Y, verbose=0) == pytest.approx(theirs.evaluate(X, Y, verbose=0))


def collect_rows(given: Any, **options: Any) -> list[list[int]]:
    """Return the numbers of the rows in each batch of an epoch, from targets that count them."""
    batches: list[list[int]] = []

    def note(y_true: torch.Tensor, y_pred: torch.Tensor) -> torch.Tensor:
        batches.append(y_true.flatten().long().tolist())
        return (y_pred * 0).mean()

    model = Sequential([layers.Dense(1, input_shape=(6,))])
    model.compile(optimizer="sgd", loss=note)
    model.fit(given, np.arange(COUNT), verbose=0, batch_size=8, **options)
    return batches


def flatten(batches: list[list[int]]) -> list[int]:
    return list(itertools.chain(*batches))


def test_shuffling_gives_every_row_once_an_epoch_in_new_orders(stored: Any) -> None:
    batches = collect_rows(stored, epochs=2)
    steps = -(-COUNT // 8)
    assert [len(batch) for batch in batches[:steps]] == [8] * (steps - 1) + [COUNT % 8]
    epochs = [flatten(batches[:steps]), flatten(batches[steps:])]
    assert [sorted(epoch) for epoch in epochs] == [list(range(COUNT))] * 2
    assert epochs[0] != epochs[1]
    # Rows of a batch do not lie together: they span most of a buffer of 40 rows at least.
    spans = [max(batch) - min(batch) for batch in batches]
    assert sorted(spans)[len(spans) // 2] > 25


@pytest.mark.sampled
def test_shuffled_rows_keep_their_inputs(stored: Any) -> None:
    model = make_model()
    model.fit(stored, Y, epochs=40, batch_size=8, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0][:, 0], np.arange(6.0), atol=0.05)


def test_shuffling_follows_the_global_seed(stored: Any) -> None:
    orders = []
    for _ in range(2):
        torch.manual_seed(3)
        orders.append(collect_rows(stored))
    assert orders[0] == orders[1]


def test_rows_that_are_held_out_are_not_trained_on(stored: Any) -> None:
    batches = collect_rows(stored, validation_split=0.25)
    seen = flatten(batches[: -(-152 // 8)])
    assert sorted(seen) == list(range(152))


def test_class_weights_and_a_model_without_input_shape(stored: Any) -> None:
    losses = []
    for given in (stored, X):
        model = Sequential([layers.Dense(1, "sigmoid", kernel_initializer="ones")])
        model.compile(optimizer="sgd(lr=0.1)", loss="binary_crossentropy")
        options: dict[str, Any] = {"class_weight": {0: 0.2, 1: 3.0}, "shuffle": False, "verbose": 0}
        losses.append(model.fit(given, CLASSES, **options).history["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_several_inputs_of_different_kinds(stored: Any) -> None:
    ours, theirs = layers.Input((6,), name="ours"), layers.Input((6,), name="theirs")
    joined = layers.Concatenate()([ours, theirs])
    model = Model([ours, theirs], layers.Dense(1, kernel_initializer="ones")(joined))
    model.compile(optimizer="sgd(lr=0.1)", loss="mse")
    expected = model.evaluate({"ours": X, "theirs": -X}, Y, verbose=0)
    assert model.evaluate({"ours": stored, "theirs": -X}, Y, verbose=0) == pytest.approx(expected)
    assert model.fit([stored, -X], Y, verbose=0).history["loss"][0] == pytest.approx(
        expected, rel=0.9
    )


def test_targets_may_be_sparse_too() -> None:
    labels = (X > 0).astype("float32")
    losses = []
    for given in (labels, scipy.sparse.csr_matrix(labels)):
        model = Sequential(
            [layers.Dense(6, "sigmoid", kernel_initializer="ones", input_shape=(6,))]
        )
        model.compile(optimizer="sgd", loss="binary_crossentropy")
        losses.append(model.fit(X, given, shuffle=False, verbose=0).history["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_rows_of_another_shape_are_refused(stored: Any) -> None:
    model = Sequential([layers.Dense(1, input_shape=(5,))])
    model.compile(loss="mse")
    with pytest.raises(DataError, match=r"fit: x has samples of shape \(6,\), but model"):
        model.fit(stored, Y, verbose=0)


def test_one_batch_of_rows(stored: Any) -> None:
    ours, theirs = make_model(), make_model()
    assert ours.train_on_batch(stored, Y) == pytest.approx(theirs.train_on_batch(X, Y), rel=1e-6)
    assert ours.test_on_batch(stored, Y) == pytest.approx(theirs.test_on_batch(X, Y), rel=1e-6)
    np.testing.assert_allclose(ours.predict_on_batch(stored), theirs.predict_on_batch(X), rtol=1e-5)


class CountingFile(io.FileIO):
    """A file that counts the bytes that are read."""

    count = 0

    @override
    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        self.count += count
        return count


@pytest.mark.parametrize(
    "chunks",
    [(64, 6), (37, 6), (10, 6), (10, 2)],
    ids=["larger than a buffer", "almost a buffer", "small", "three beside each other"],
)
@pytest.mark.parametrize("shuffle", [True, False])
def test_each_chunk_is_unpacked_once_in_an_epoch(
    tmp_path: Path, chunks: tuple[int, int], shuffle: bool
) -> None:
    rows = np.random.default_rng(0).normal(size=(1000, 6))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=rows, chunks=chunks, compression=1)
    # Without a cache, as if a chunk were larger than that.
    with (
        CountingFile(tmp_path / "x.h5") as counting,
        h5py.File(counting, "r", rdcc_nbytes=0) as file,
    ):
        x = file["x"]
        stored = sum(x.id.get_chunk_info(place).size for place in range(x.id.get_num_chunks()))
        model = Sequential([layers.Dense(1, input_shape=(6,))])
        model.compile("sgd", "mse")
        model.fit(x, rows[:, 0], batch_size=8, shuffle=shuffle, verbose=0)
        first = counting.count
        model.fit(x, rows[:, 0], batch_size=8, shuffle=shuffle, verbose=0)
        again = counting.count - first
    assert stored <= again <= 1.02 * stored


_MEASURE = """
import sys
from pathlib import Path
import h5py, numpy as np, scipy.sparse, torch
from kplug import layers
from kplug.models import Sequential

def peak():  # MiB; on Linux that of this program alone
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

kind, folder = sys.argv[1], Path(sys.argv[2])
shape = (1 << 17, 1024)  # 512 MiB as float32, 256 MiB in the file
if kind == "sparse":
    x = scipy.sparse.random(*shape, density=1e-3, format="csr", dtype="float32")
elif kind == "memmap":
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", "float16", shape)
    del x
    x = np.load(folder / "x.npy", mmap_mode="r")
else:
    x = h5py.File(folder / "x.h5", "w").create_dataset("x", shape, "float16")
y = np.zeros(shape[0], "float32")
model = Sequential([layers.Dense(1, input_shape=shape[1:])])
model.compile(optimizer="sgd", loss="mse")
model.fit(np.zeros((8192, 1024), "float32"), y[:8192], batch_size=4096, verbose=0)
before = peak()
model.fit(x, y, batch_size=4096, validation_split=0.25, verbose=0)
model.predict(x, batch_size=4096, verbose=0)
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["memmap", "h5py", "sparse"])
def test_memory_stays_below_the_size_of_the_data(kind: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _MEASURE, kind, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) < 200.0
