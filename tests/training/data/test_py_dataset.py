"""Datasets that make batches by their number: in order or shuffled, one by one, in threads, in processes."""

from __future__ import annotations

import math
import os
import random
import re
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError, DataError, KplugWarning, WorkerLostError
from kplug.registry import user_warnings
from kplug.training.allocator import Allocator
from kplug.training.data import workers as workers_module
from kplug.training.data.dataset_pass import DatasetPasses
from kplug.utils import PyDataset, set_random_seed
from tests.training.data.linear_task import X, Y, make_model

SIZE = 8


class Parts(PyDataset):
    """The samples of the linear task, in batches."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.calls: list[str] = []

    def __len__(self) -> int:
        return math.ceil(len(X) / SIZE)

    def __getitem__(self, index: int) -> Any:
        part = slice(index * SIZE, (index + 1) * SIZE)
        return X[part], Y[part]

    def on_epoch_begin(self) -> None:
        self.calls.append("begin")

    def on_epoch_end(self) -> None:
        self.calls.append("end")


class Numbers(PyDataset):
    """Six items; item 3 misbehaves as the test asks."""

    def __init__(self, event: str = "", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.event = event

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        if index == 3:
            _happen(self.event)
        return np.full((2, 1), index)


def _happen(event: str) -> None:
    if event == "raise":
        raise KeyError("no such file")
    if event == "exit":
        raise SystemExit(7)
    if event == "die":
        os._exit(3)
    if os.sep in event:  # the file that ends the wait
        while not Path(event).exists():
            time.sleep(0.01)


def read(dataset: PyDataset, **arguments: Any) -> list[int]:
    return [int(batch[0, 0]) for batch in DatasetPasses(dataset, **arguments)]


IN_THREADS: dict[str, Any] = {"workers": 3}
IN_PROCESSES: dict[str, Any] = {"workers": 2, "use_multiprocessing": True}
FORKED = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.mark.parametrize(
    "arguments", [{}, IN_THREADS, {"workers": 2, "max_queue_size": 1}], ids=str
)
def test_batches_come_in_their_order(arguments: dict[str, Any]) -> None:
    assert read(Numbers(**arguments)) == list(range(6))


@FORKED
def test_processes_give_the_same_batches() -> None:
    assert read(Numbers(**IN_PROCESSES)) == list(range(6))


def test_each_pass_is_shuffled_from_torchs_generator() -> None:
    passes = DatasetPasses(Numbers(), shuffle=True)

    def draw() -> list[int]:
        return [int(batch[0, 0]) for batch in passes]

    set_random_seed(3)
    first, second = draw(), draw()
    set_random_seed(3)
    assert [draw(), draw()] == [first, second]
    assert sorted(first) == sorted(second) == list(range(6))
    assert first != second


@pytest.mark.parametrize("arguments", [{}, IN_THREADS], ids=str)
def test_a_fit_is_that_of_arrays(arguments: dict[str, Any]) -> None:
    ours, theirs = make_model(), make_model()
    dataset = Parts(**arguments)
    found = ours.fit(dataset, epochs=2, verbose=0, shuffle=False)
    expected = theirs.fit(X, Y, batch_size=SIZE, epochs=2, verbose=0, shuffle=False)
    assert found.history["loss"] == pytest.approx(expected.history["loss"], rel=1e-6)
    assert dataset.calls == ["begin", "end"] * 2
    np.testing.assert_allclose(
        ours.predict(dataset, verbose=0), theirs.predict(X, verbose=0), rtol=1e-5
    )
    assert ours.evaluate(dataset, verbose=0) == pytest.approx(
        theirs.evaluate(X, Y, verbose=0), rel=1e-5
    )


def test_validation_data_may_be_a_dataset() -> None:
    model = make_model()
    history = model.fit(Parts(), validation_data=Parts(workers=2), verbose=0).history
    assert history["val_loss"] == [pytest.approx(model.evaluate(X, Y, verbose=0)[0], rel=1e-5)]


def test_class_weights_are_those_of_arrays() -> None:
    weight, classes = {0: 0.5, 1: 3.0}, (Y > 0).astype("float32")

    class Classes(Parts):
        def __getitem__(self, index: int) -> Any:
            part = slice(index * SIZE, (index + 1) * SIZE)
            return X[part], classes[part]

    arguments: dict[str, Any] = {"class_weight": weight, "shuffle": False, "verbose": 0}
    found = make_model().fit(Classes(), **arguments).history["loss"]
    expected = make_model().fit(X, classes, batch_size=SIZE, **arguments).history["loss"]
    assert found == pytest.approx(expected, rel=1e-6)


class Endless(PyDataset):
    num_batches = None

    def __getitem__(self, index: int) -> Any:
        return X[:SIZE] * (index + 1), Y[:SIZE]


def test_a_dataset_without_an_end_goes_on_in_the_next_epoch() -> None:
    seen: list[int] = []

    class Noted(Endless):
        def __getitem__(self, index: int) -> Any:
            seen.append(index)
            return super().__getitem__(index)

    make_model().fit(Noted(), steps_per_epoch=3, epochs=2, verbose=0)
    assert seen == list(range(6))


def test_a_subclass_need_not_call_the_constructor() -> None:
    class Bare(Numbers):
        def __init__(self) -> None:
            self.event = ""

    assert read(Bare()) == list(range(6))


def test_iterating_gives_the_batches_as_in_keras() -> None:
    class Theirs(keras.utils.PyDataset):  # type: ignore[misc]
        __len__, __getitem__ = Numbers.__len__, Numbers.__getitem__
        event = ""

    ours, theirs = list(Numbers()), list(Theirs())
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("arguments", [{}, IN_THREADS], ids=str)
def test_an_error_names_the_batch(arguments: dict[str, Any]) -> None:
    with pytest.raises(
        DataError, match=r"^batch 3 of Numbers raised KeyError: 'no such file'$"
    ) as caught:
        read(Numbers("raise", **arguments))
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_thread_that_ends_names_the_batch() -> None:
    with pytest.raises(DataError, match=r"^batch 3 of Numbers raised SystemExit: 7$"):
        read(Numbers("exit", **IN_THREADS))


@FORKED
def test_an_error_in_a_process_names_the_batch_and_the_line() -> None:
    with pytest.raises(DataError, match=r"^batch 3 of Numbers raised KeyError") as caught:
        read(Numbers("raise", **IN_PROCESSES))
    assert 'raise KeyError("no such file")' in str(caught.value.__cause__)


@FORKED
def test_a_process_that_dies_names_the_batch() -> None:
    with pytest.raises(WorkerLostError) as caught:
        read(Numbers("die", **IN_PROCESSES))
    assert str(caught.value) == (
        "batch 3 of Numbers is missing: the process that was to make it ended with exit status 3\n"
        "  A negative status is the signal that ended it; -9 often means that memory ran out. workers=1 "
        "makes the batches in this process, which shows where it happens."
    )


@FORKED
def test_a_batch_that_cannot_be_sent_is_named() -> None:
    class Functions(Numbers):
        def __getitem__(self, index: int) -> Any:
            return lambda: index

    with pytest.raises(
        DataError, match="batch 0 of Functions raised RuntimeError: it cannot be sent"
    ):
        list(DatasetPasses(Functions(**IN_PROCESSES)))


@FORKED
@pytest.mark.parametrize("arguments", [IN_THREADS, IN_PROCESSES], ids=str)
def test_a_batch_that_does_not_come_is_named_once(
    arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def warn(text: str) -> None:
        user_warnings.warn(text)
        if text.startswith("batch 3 "):
            (tmp_path / "warned").touch()

    monkeypatch.setattr(workers_module, "warn", warn)
    monkeypatch.setattr(workers_module, "PATIENCE_SECONDS", 0.05)
    text = r"batch 3 of Numbers has been waited for 0.05 seconds; its worker is blocked or slow"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", KplugWarning)
        assert read(Numbers(str(tmp_path / "warned"), **arguments)) == list(range(6))
    # On a busy machine other batches may be late too.
    assert len([one for one in caught if re.match(text, str(one.message))]) == 1


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((1, 2, 3, 4), "fit: a batch has 4 parts; it must be x, (x, y) or (x, y, sample_weight)"),
        (None, "fit: x is None"),
        ((X[:4], Y[:3]), "fit: the arrays have different numbers of samples: x has 4, y has 3"),
    ],
    ids=["four parts", "None", "other counts"],
)
def test_what_is_no_batch_is_named(given: Any, text: str) -> None:
    class Wrong(Parts):
        def __getitem__(self, index: int) -> Any:
            return given if index == 2 else super().__getitem__(index)

    with pytest.raises(DataError) as caught:
        make_model().fit(Wrong(), shuffle=False, verbose=0)
    assert str(caught.value).startswith(f"batch 2 of Wrong: {text}")


def test_what_a_generator_gives_wrongly_is_named() -> None:
    def generate() -> Iterator[Any]:
        yield X[:4], Y[:4]
        yield X[:4], Y[:3]

    with pytest.raises(DataError, match=r"^batch 1: fit: the arrays have different numbers"):
        make_model().fit(generate(), verbose=0)


@FORKED
def test_processes_draw_different_numbers_that_a_seed_repeats() -> None:
    class Drawn(Numbers):
        def __getitem__(self, index: int) -> Any:
            return np.array([random.random(), np.random.rand(), float(torch.rand(()))])

    def draw() -> Any:
        set_random_seed(5)
        return np.stack(list(DatasetPasses(Drawn(**IN_PROCESSES))))

    first = draw()
    np.testing.assert_array_equal(draw(), first)
    assert len(np.unique(first)) == first.size


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    for _ in DatasetPasses(Numbers(**IN_THREADS)):
        break
    deadline = time.monotonic() + 60
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("argument", "value"), [("workers", -1), ("max_queue_size", 0), ("use_multiprocessing", "yes")]
)
def test_arguments_out_of_their_range_are_refused(argument: str, value: Any) -> None:
    with pytest.raises(ArgumentValueError, match=f"argument '{argument}' is"):
        Numbers(**{argument: value})


@pytest.mark.parametrize(
    ("method", "text"),
    [
        ("num_batches", "PyDataset has neither __len__ nor"),
        ("__getitem__", "no method __getitem__"),
    ],
)
def test_what_a_subclass_leaves_out_is_named(method: str, text: str) -> None:
    with pytest.raises(NotImplementedError, match=text):
        PyDataset()[0] if method == "__getitem__" else PyDataset().num_batches


@pytest.mark.parametrize("length", [4.0, np.float64(4.0), None, "4", -1, True])
@pytest.mark.parametrize("place", ["__len__", "num_batches"])
def test_a_length_that_is_no_integer_is_named(length: Any, place: str) -> None:
    if length is None and place == "num_batches":
        return  # there is no end then
    given = (lambda _: length) if place == "__len__" else property(lambda _: length)
    dataset = type("Halves", (PyDataset,), {place: given, "__getitem__": lambda *_: (X, Y)})()
    with pytest.raises(DataError) as caught:
        make_model().fit(dataset, verbose=0)
    assert str(caught.value) == (
        f"the length of Halves is {length!r}; it is the number of batches, an integer >= 0\n"
        "  Let __len__ round up: math.ceil(samples / batch_size)."
    )


def test_the_length_of_torchs_dataset_is_checked_too() -> None:
    class Halves(torch.utils.data.Dataset[Any]):
        def __len__(self) -> int:
            return 4.0  # type: ignore[return-value]

        def __getitem__(self, index: int) -> Any:
            return X[index], Y[index]

    with pytest.raises(
        DataError, match=r"the length of Halves is 4\.0; it is the number of samples"
    ):
        make_model().fit(Halves(), verbose=0)


def test_a_length_may_be_an_integer_of_numpy() -> None:
    class Whole(PyDataset):
        def __len__(self) -> int:
            return np.int64(2)  # type: ignore[no-any-return]

        def __getitem__(self, index: int) -> Any:
            return X, Y

    assert Whole().num_batches == 2


class Keeping(Numbers):
    """Whether the process that makes a batch keeps the memory that it frees."""

    def __getitem__(self, index: int) -> Any:
        return np.full((2, 1), vars(workers_module)["ALLOCATOR"]._is_keeping)


def test_a_process_that_makes_batches_keeps_the_memory_of_the_last_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers_module, "ALLOCATOR", Allocator())  # a fork inherits this one
    dataset = Keeping(workers=2, use_multiprocessing=True)
    answers = [answer for _, answer in workers_module.read_ahead(dataset, range(3))]
    assert all(np.all(answer.batch) for answer in answers)
