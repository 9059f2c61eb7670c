"""The methods of TensorFlow's datasets, of what ``*_dataset_from_*`` returns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from kplug_preprocessing import text_dataset_from_directory, timeseries_dataset_from_array

import kplug
from kplug.layers import Dense


@pytest.fixture
def windows() -> Any:
    """Return four batches of windows of two numbers: (0, 1), (1, 2) and (2, 3), (3, 4) and so on."""
    numbers = np.arange(8.0)
    return timeseries_dataset_from_array(numbers, numbers, sequence_length=2, batch_size=2)


def read(dataset: Any) -> list[Any]:
    """Return the targets."""
    return [y.tolist() for _, y in dataset]


def test_batches_are_taken_and_left_out(windows: Any) -> None:
    all_of_them = [[0, 1], [2, 3], [4, 5], [6]]
    for count, wanted in ((1, all_of_them[:1]), (9, all_of_them), (-1, all_of_them), (0, [])):
        taken = windows.take(count)
        assert read(taken) == read(taken) == wanted
        assert len(taken) == taken.cardinality() == len(wanted)
    assert read(windows.skip(3)) == [[6]]
    assert (len(windows.skip(3)), len(windows.skip(9)), read(windows.skip(-1))) == (1, 0, [])
    assert read(windows.skip(3).concatenate(windows.take(1))) == [[6], [0, 1]]
    assert len(windows.skip(3).concatenate(windows.take(1))) == 2


def test_elements_are_changed_and_chosen(windows: Any) -> None:
    changed = windows.map(lambda x, y: (x, 10 * y), num_parallel_calls=-1)
    assert read(changed) == [[0, 10], [20, 30], [40, 50], [60]]
    assert read(changed.map(lambda x, y: x[:, 0]).map(lambda x: (x, x)).take(1)) == [[0, 1]]
    large = windows.filter(lambda x, y: y[0] > 3)
    assert read(large) == [[4, 5], [6]]
    assert large.cardinality() == -2
    with pytest.raises(TypeError, match="known after a pass"):
        len(large)
    assert [number for number, _ in windows.enumerate(5)] == [5, 6, 7, 8]
    assert read(windows.apply(lambda one: one.take(1))) == [[0, 1]]


def test_batches_become_samples_and_other_batches(windows: Any) -> None:
    samples = windows.unbatch()
    assert [float(y) for _, y in samples] == list(range(7))
    assert read(samples.batch(3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert read(samples.batch(3, drop_remainder=True)) == [[0, 1, 2], [3, 4, 5]]
    (x, _), *_ = samples.batch(3)
    assert x.shape == (3, 2)
    named = samples.map(lambda x, y: {"x": x, "y": y}).batch(2)
    assert next(iter(named))["y"].tolist() == [0, 1]
    assert [float(one["y"]) for one in named.unbatch().take(3)] == [0, 1, 2]
    assert len(windows.batch(3)) == 2


def test_passes_are_repeated_and_kept(windows: Any) -> None:
    assert read(windows.take(1).repeat(2)) == [[0, 1], [0, 1]]
    assert len(windows.repeat(2)) == 8
    assert read(windows.repeat().take(9))[-1] == [0, 1]
    calls: list[int] = []

    def note(x: Any, y: Any) -> Any:
        calls.append(1)
        return x, y

    kept = windows.map(note).cache().prefetch(buffer_size=-1)
    assert read(kept) == read(kept)
    assert len(calls) == 4
    assert len(kept) == 4


def test_shuffling_draws_every_element_once(windows: Any) -> None:
    samples = windows.unbatch()

    def read_samples(dataset: Any) -> list[float]:
        return [float(y) for _, y in dataset]

    mixed = samples.shuffle(7, seed=1)
    first, second = read_samples(mixed), read_samples(mixed)
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second
    assert read_samples(samples.shuffle(7, seed=1)) == first
    same = samples.shuffle(7, seed=1, reshuffle_each_iteration=False)
    assert read_samples(same) == read_samples(same) == first
    assert read_samples(samples.shuffle(1)) == list(range(7))


@pytest.mark.parametrize("method", ["batch", "shuffle"])
def test_a_size_of_nothing_is_refused(windows: Any, method: str) -> None:
    with pytest.raises(kplug.ArgumentValueError, match=f"{method}.*0"):
        getattr(windows, method)(0)


def test_arrays_and_texts(windows: Any, tmp_path: Path) -> None:
    x, y = next(windows.as_numpy_iterator())
    assert isinstance(x, np.ndarray)
    assert isinstance(y, np.ndarray)
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.txt").write_text(f"text {name}")
    texts = text_dataset_from_directory(tmp_path, batch_size=None, shuffle=False, verbose=False)
    upper = texts.map(lambda text, label: (text.upper(), label)).batch(2)
    assert upper.class_names == ["a", "b"]
    ((found, labels),) = list(upper)
    assert found.tolist() == ["TEXT A", "TEXT B"]
    assert labels.tolist() == [0, 1]


def test_models_train_on_what_the_steps_make(windows: Any) -> None:
    model = kplug.Sequential([Dense(1, input_shape=(2,), kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    data = windows.map(lambda x, y: (x, y[:, None])).prefetch(1)
    wanted = float(torch.arange(7.0).square().mean())
    assert model.evaluate(data, verbose=0) == pytest.approx(wanted, rel=1e-6)
    history = model.fit(data, validation_data=data.take(1), epochs=2, verbose=0).history
    assert len(history["val_loss"]) == 2
    assert model.predict(data.map(lambda x, y: x), verbose=0).shape == (7, 1)
