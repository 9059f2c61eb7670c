"""Layers that bring data into a range."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import kplug
from kplug.errors import ArgumentError, ArgumentValueError, DataError
from kplug.layers import Dense, Normalization, Rescaling

AXES: list[Any] = [-1, None, 1, [1, 2], [-1, 1], [2]]


def _draw(*shape: int) -> Any:
    return np.random.default_rng(4).normal(3.0, 2.0, size=shape).astype("float32")


@pytest.mark.parametrize(
    ("scale", "offset"), [(2.0, 0.0), (1 / 255, -1.0), ([1.0, 2.0, 3.0], 0.5), (2, [1.0, 0.0, 3.0])]
)
def test_rescaling(compare: Any, scale: Any, offset: Any) -> None:
    compare("Rescaling", torch.from_numpy(_draw(2, 4, 3)), scale=scale, offset=offset)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("invert", [True, False])
def test_adapted_normalization(axis: Any, invert: bool) -> None:
    data, x = _draw(20, 4, 3), _draw(2, 4, 3)
    theirs = keras.layers.Normalization(axis=axis, invert=invert)
    ours = Normalization(axis, invert=invert)
    theirs.adapt(data)
    ours.adapt(data)
    expected = theirs(x).detach().numpy()
    made = ours(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-5)
    for one, other in zip(ours.get_weights(), theirs.weights, strict=True):
        np.testing.assert_allclose(one, other.value.detach().numpy(), rtol=1e-5)


@pytest.mark.parametrize(
    ("axis", "mean", "variance"),
    [
        (-1, 3.0, 4.0),
        (-1, [1.0, 2.0, 3.0], [4.0, 0.0, 1.0]),
        (None, 3.0, 4.0),
        ([1, 2], [1.0, 2.0, 3.0], [1.0, 4.0, 9.0]),
        (1, np.arange(4.0), np.arange(1.0, 5.0)),
    ],
)
@pytest.mark.parametrize("invert", [True, False])
def test_given_normalization(axis: Any, mean: Any, variance: Any, invert: bool) -> None:
    x = _draw(2, 4, 3)
    arguments = {"axis": axis, "mean": mean, "variance": variance, "invert": invert}
    expected = keras.layers.Normalization(**arguments)(x).detach().numpy()
    layer = Normalization(**arguments)
    np.testing.assert_allclose(layer(torch.from_numpy(x)).numpy(), expected, rtol=1e-4)
    assert layer.get_weights() == []
    again = Normalization.from_config(layer.get_config())
    np.testing.assert_allclose(again(torch.from_numpy(x)).numpy(), expected, rtol=1e-4)


def test_given_numbers_follow_the_type_of_the_layer() -> None:
    layer, x = Normalization(mean=0.1, variance=0.3), torch.from_numpy(_draw(4, 3))
    expected = (x.double() - 0.1) / 0.3**0.5
    torch.testing.assert_close(layer(x), expected.float())
    torch.testing.assert_close(layer.double()(x.double()), expected)  # not of rounded numbers


def _as_loader(data: Any) -> Any:
    return DataLoader(TensorDataset(torch.from_numpy(data), torch.zeros(len(data))), batch_size=7)


@pytest.mark.parametrize(
    "give",
    [
        torch.from_numpy,
        lambda data: data.tolist(),
        lambda data: [data[:5], data[5:]],
        lambda data: (data[start : start + 3] for start in range(0, 20, 3)),
        lambda data: [(data, None)],
        _as_loader,
    ],
)
def test_data_of_any_kind(give: Any) -> None:
    data = _draw(20, 3)
    layer = Normalization()
    layer.adapt(give(data))
    mean, variance, _ = layer.get_weights()
    np.testing.assert_allclose(mean, data.astype("float64").mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(variance, data.astype("float64").var(axis=0), rtol=1e-6)


def test_adapting_again_forgets() -> None:
    layer = Normalization()
    layer.adapt(_draw(20, 3))
    layer.adapt(np.array([[0.0, 0.0, 0.0], [2.0, 2.0, 2.0]]))
    assert [array.tolist() for array in layer.get_weights()] == [[1.0] * 3, [1.0] * 3, 0]


def test_training_leaves_it_alone() -> None:
    layer = Normalization(input_shape=(3,))
    layer.adapt(_draw(20, 3))
    before = layer.get_weights()
    model = kplug.Sequential([layer, Dense(1)])
    model.compile("sgd", "mse")
    model.fit(_draw(12, 3), _draw(12, 1), verbose=0)
    for one, other in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert layer.trainable_weights == []


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning", "ignore:You are saving")
def test_keras_reads_our_file(tmp_path: Path) -> None:
    ours = kplug.Sequential([Normalization(input_shape=(3,), name="norm"), Dense(1, name="out")])
    norm: Any = ours.layers[0]
    norm.adapt(_draw(20, 3))
    theirs = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Normalization(name="norm"),
            keras.layers.Dense(1, name="out"),
        ]
    )
    ours.save_weights(tmp_path / "a.h5")
    theirs.load_weights(tmp_path / "a.h5")
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("layer", [Normalization(None), Rescaling(np.float32(0.5), [1.0, 2.0])])
def test_config_makes_the_layer_again(layer: Any) -> None:
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config


def test_config_of_keras_is_taken() -> None:
    theirs = keras.layers.Normalization(axis=-1, mean=[1.0, 2.0], variance=[1.0, 4.0])
    layer = Normalization.from_config(theirs.get_config())
    assert layer(torch.tensor([[2.0, 6.0]])).tolist() == [[1.0, 2.0]]
    assert Rescaling.from_config(keras.layers.Rescaling(0.5).get_config()).scale == 0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rescaling("x"), "argument 'scale' is 'x'; allowed: a finite number, or an array"),
        (lambda: Rescaling(float("nan")), "argument 'scale' is nan; allowed: a finite number"),
        (lambda: Normalization("last"), "allowed: None, an integer, or a list of them"),  # type: ignore[arg-type]
        (lambda: Normalization(mean=0, variance=-1), "argument 'variance' is -1; allowed: numbers"),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


def test_mean_without_variance() -> None:
    with pytest.raises(ArgumentError, match="takes mean and variance together"):
        Normalization(mean=1.0)


def test_adapting_what_was_given() -> None:
    with pytest.raises(ArgumentError, match="was given its mean and variance"):
        Normalization(mean=1.0, variance=1.0).adapt(_draw(3, 3))


def test_wrong_data() -> None:
    layer = Normalization()
    layer.adapt(_draw(20, 3))
    before = layer.get_weights()
    with pytest.raises(DataError, match=r"got shape \(4, 2\)"):
        layer.adapt([_draw(4, 3), _draw(4, 2)])
    with pytest.raises(DataError, match="cannot adapt to data without samples"):
        layer.adapt([])
    with pytest.raises(DataError, match="has a mean along axis"):
        Normalization(3).adapt(_draw(4, 3))
    with pytest.raises(DataError, match="does not broadcast with the sizes"):
        Normalization(mean=[1.0, 2.0], variance=[1.0, 2.0])(torch.ones(2, 3))
    for one, other in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("columns", [["a", "b"], [0, 1]])
def test_a_table_is_adapted_to_like_the_array_of_its_columns(columns: list[Any]) -> None:
    rows = np.array([[1.0, 2.0], [2.0, 4.0], [6.0, 9.0]])
    of_table, of_array = Normalization(), Normalization()
    of_table.adapt(pd.DataFrame(rows, columns=columns))
    of_array.adapt(rows)
    torch.testing.assert_close(of_table.mean, of_array.mean)
    torch.testing.assert_close(of_table.variance, of_array.variance)
