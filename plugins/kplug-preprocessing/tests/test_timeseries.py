"""Windows of a series, against what Keras computes with a stand-in for Grain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from keras.src.utils import timeseries_dataset_utils
from kplug_preprocessing import timeseries_dataset_from_array

from kplug import layers
from kplug.errors import ArgumentValueError, DataError
from kplug.models import Sequential

SERIES = np.arange(60.0).reshape(30, 2)


class _Grain:
    """Stands in for Grain, which is not installed: the parts that Keras uses, as lists."""

    class MapDataset(list[Any]):
        source = classmethod(lambda cls, values: cls(values))
        to_iter_dataset = lambda self: self  # noqa: E731

    class experimental:  # noqa: N801
        ZipMapDataset = staticmethod(lambda parts: _Grain.MapDataset(zip(*parts, strict=True)))


def _read_with_keras(monkeypatch: pytest.MonkeyPatch, *args: Any, **arguments: Any) -> list[Any]:
    monkeypatch.setattr(timeseries_dataset_utils, "grain", _Grain)
    make = timeseries_dataset_utils.timeseries_dataset_from_array
    return list(make(*args, batch_size=None, format="grain", **arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        {"sequence_length": 4},
        {"sequence_length": 5, "sequence_stride": 3, "sampling_rate": 2},
        {"sequence_length": 3, "start_index": 5, "end_index": 20},
        {"sequence_length": 1, "start_index": 7},
    ],
    ids=str,
)
def test_windows_and_targets_are_those_of_keras(
    arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = np.arange(30)
    made = list(timeseries_dataset_from_array(SERIES, targets, batch_size=None, **arguments))
    expected = _read_with_keras(monkeypatch, SERIES, targets, **arguments)
    assert len(made) == len(expected) > 1
    for (window, target), (other, its_target) in zip(made, expected, strict=True):
        np.testing.assert_array_equal(window, other)
        assert target == its_target


def test_there_are_no_more_windows_than_targets() -> None:
    loader = timeseries_dataset_from_array(SERIES, np.arange(6), 2, batch_size=4)
    assert [targets.tolist() for _, targets in loader] == [[0, 1, 2, 3], [4, 5]]


def test_windows_come_alone_without_targets() -> None:
    (windows,) = timeseries_dataset_from_array(SERIES, None, 10)
    np.testing.assert_array_equal(windows[3], SERIES[3:13])


def test_a_seed_repeats_the_order_and_each_pass_has_another() -> None:
    def read(loader: Any) -> list[int]:
        return [int(target) for _, targets in loader for target in targets]

    def make() -> Any:
        return timeseries_dataset_from_array(SERIES, np.arange(30), 3, shuffle=True, seed=5)

    one, other = make(), make()
    first = read(one)
    assert first == read(other)
    assert sorted(first) == list(range(28)) != first
    assert read(one) != first


def test_a_model_trains_on_windows() -> None:
    loader = timeseries_dataset_from_array(SERIES[:-1] / 60, SERIES[1:, 0] / 60, 4, batch_size=8)
    model = Sequential([layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(loader, epochs=2, verbose=0).history["loss"]
    assert history[1] < history[0]
    assert model.predict(timeseries_dataset_from_array(SERIES, None, 4), verbose=0).shape == (27, 1)


@pytest.mark.parametrize(
    ("argument", "value", "allowed"),
    [
        ("sequence_length", 0, "an integer from 1 to 30"),
        ("sequence_stride", 30, "an integer from 1 to 29"),
        ("sampling_rate", 0, "an integer from 1 to 29"),
        ("start_index", -1, "an integer from 0 to 29"),
        ("end_index", 31, "an integer from 1 to 30"),
    ],
)
def test_numbers_out_of_their_range_are_refused(argument: str, value: int, allowed: str) -> None:
    arguments: dict[str, Any] = {"sequence_length": 3, argument: value}
    with pytest.raises(ArgumentValueError, match=f"'{argument}' is {value}; allowed: {allowed}"):
        timeseries_dataset_from_array(SERIES, None, **arguments)


def test_a_series_without_a_window_is_refused() -> None:
    text = "5 steps, from 10 to 15, have no window of 3 steps, 4 apart, that has a target"
    with pytest.raises(DataError, match=text):
        timeseries_dataset_from_array(
            SERIES, None, 3, sampling_rate=4, start_index=10, end_index=15
        )


def test_windows_keep_the_type_of_the_series() -> None:
    (windows,) = timeseries_dataset_from_array(np.arange(6, dtype="int16"), None, 2)
    assert windows.dtype == torch.int16
