"""Batches of loaders and generators, which a thread reads ahead."""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
import scipy.sparse
import torch

from kplug import layers
from kplug.callbacks import LambdaCallback
from kplug.errors import DataError
from kplug.models import Model, Sequential
from kplug.training.data.batch import Batch
from kplug.training.data.iterable_batches import IterableSource
from kplug.training.data.samples import as_samples
from tests.training.data.linear_task import X, Y, make_model

ANY = Model(name="any")  # knows no inputs, and has one output without a name


def test_a_loader_passes_through() -> None:
    data = torch.utils.data.TensorDataset(torch.zeros(10, 3), torch.zeros(10))
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    source = IterableSource(
        loader, "fit", lambda *parts: Batch(*as_samples(ANY, "fit", *parts).arrays)
    )
    assert source.steps == 3
    assert [len(batch.x) for batch in source.batches()] == [4, 4, 2]


class Squares(torch.utils.data.Dataset[tuple[torch.Tensor, torch.Tensor]]):
    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        worker = torch.utils.data.get_worker_info()
        assert worker is not None
        return torch.from_numpy(X[index]), torch.from_numpy(Y[index])


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # on a machine with one core
@pytest.mark.usefixtures("short_names_of_sockets")
def test_a_loader_with_workers_passes_through() -> None:
    loader = torch.utils.data.DataLoader(Squares(), batch_size=8, num_workers=2)
    ours, theirs = make_model(), make_model()
    found = ours.fit(loader, epochs=2, verbose=0).history["loss"]
    expected = theirs.fit(X[:40], Y[:40], epochs=2, batch_size=8, shuffle=False, verbose=0)
    assert found == pytest.approx(expected.history["loss"], rel=1e-6)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.skipif(os.name != "posix", reason="tensors are sent through sockets on POSIX alone")
def test_a_loader_that_would_wait_for_ever_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = f"/{'a-long-name' * 10}"
    monkeypatch.setattr("multiprocessing.util.get_temp_dir", lambda: folder)
    monkeypatch.setattr(torch.multiprocessing, "get_sharing_strategy", lambda: "file_descriptor")
    loader = torch.utils.data.DataLoader(Squares(), batch_size=8, num_workers=2)
    with pytest.raises(DataError, match="fit: the workers of the DataLoader cannot send tensors"):
        make_model().fit(loader, verbose=0)


def generate(steps: int) -> Iterator[Any]:
    for index in range(steps):
        yield X[index * 8 : index * 8 + 8], Y[index * 8 : index * 8 + 8]


class Repeating:
    """Goes on behind its length, as Keras 2's iterators of images do."""

    def __init__(self) -> None:
        self.given = 0

    def __len__(self) -> int:
        return 5

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        start = self.given % 20 * 8
        self.given += 1
        return X[start : start + 8], Y[start : start + 8]


def test_an_epoch_of_an_iterator_ends_at_its_length_and_the_next_goes_on_from_there() -> None:
    ours, theirs = make_model(), make_model()
    steps: list[int] = []
    count = LambdaCallback(on_train_batch_end=lambda step, _: steps.append(step))
    found = ours.fit(Repeating(), epochs=2, verbose=0, callbacks=[count]).history["loss"]
    assert steps == [*range(5)] * 2
    expected = [
        theirs.fit(X[rows], Y[rows], shuffle=False, verbose=0, batch_size=8).history["loss"][0]
        for rows in (slice(40), slice(40, 80))
    ]
    assert found == pytest.approx(expected, rel=1e-6)
    assert len(ours.predict(Repeating(), verbose=0)) == 40
    assert find_threads() == []


def find_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "kplug-prefetch"]


def test_a_generator_gives_its_batches_in_order() -> None:
    ours, theirs = make_model(), make_model()
    options: dict[str, Any] = {"shuffle": False, "verbose": 0, "batch_size": 8}
    found = ours.fit(generate(20), verbose=0).history["loss"]
    assert found == pytest.approx(theirs.fit(X[:160], Y[:160], **options).history["loss"], rel=1e-6)
    assert find_threads() == []


@pytest.mark.parametrize("has_shape", [True, False])
def test_a_generator_is_read_as_far_as_steps_ask(has_shape: bool) -> None:
    options: dict[str, Any] = {"input_shape": (6,)} if has_shape else {}
    model = Sequential([layers.Dense(1, **options)])
    model.compile(optimizer="sgd", loss="mse")
    training, validation = generate(25), generate(25)
    model.fit(
        training,
        epochs=3,
        steps_per_epoch=4,
        validation_data=validation,
        validation_steps=2,
        verbose=0,
    )
    assert len(list(training)) == 25 - 12
    assert len(list(validation)) == 25 - 6
    one = generate(25)
    model.evaluate(one, steps=3, verbose=0)
    model.predict((x for x, _ in one), steps=2, verbose=0)
    assert len(list(one)) == 20
    assert find_threads() == []


def test_sparse_batches_of_a_generator() -> None:
    ours, theirs = make_model(), make_model()
    batches = ((scipy.sparse.csr_matrix(x), y) for x, y in generate(20))
    found = ours.fit(batches, verbose=0).history["loss"]
    assert found == pytest.approx(theirs.fit(generate(20), verbose=0).history["loss"], rel=1e-6)


def test_an_error_in_a_generator_shows_where_it_was_raised() -> None:
    def read_files() -> Iterator[Any]:
        yield X[:8], Y[:8]
        raise OSError("no such file: 2.png")

    with pytest.raises(OSError, match=r"no such file: 2\.png") as caught:
        make_model().fit(read_files(), verbose=0)
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-1] == "read_files"
    assert find_threads() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_the_thread_ends_if_training_is_interrupted(error: type[BaseException]) -> None:
    def interrupt(batch: int, logs: Any) -> None:
        raise error

    def forever() -> Iterator[Any]:
        while True:
            yield X[:8], Y[:8]

    with pytest.raises(error):
        make_model().fit(
            forever(), callbacks=[LambdaCallback(on_train_batch_end=interrupt)], verbose=0
        )
    assert find_threads() == []
