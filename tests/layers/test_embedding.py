"""The table of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

import kplug
from kplug import Sequential
from kplug.errors import ArgumentValueError, DataError
from kplug.layers import Dense, Embedding, Flatten, GlobalAveragePooling1D

TABLE = np.arange(8.0, dtype="float32").reshape(4, 2)


@given(
    sizes=st.lists(st.integers(1, 4), max_size=2),
    rows=st.integers(1, 5),
    length=st.integers(1, 4),
)
@settings(max_examples=25, deadline=None)
def test_against_keras(compare: Any, sizes: list[int], rows: int, length: int) -> None:
    ids = torch.randint(rows, (3, *sizes), generator=torch.Generator().manual_seed(0))
    compare("Embedding", ids, input_dim=rows, output_dim=length)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int32, torch.int64, torch.float32])
def test_numbers_of_any_type(dtype: torch.dtype) -> None:
    layer = Embedding(4, 2, weights=[TABLE])
    made = layer(torch.tensor([[3, 0]], dtype=dtype))
    np.testing.assert_array_equal(made.detach().numpy(), TABLE[[3, 0]][None])


def test_small_float_types_do_not_round_the_numbers() -> None:
    layer = Embedding(1000, 1, dtype="bfloat16")
    layer.build_for((None, 1))
    layer.set_weights([np.arange(1000.0).reshape(-1, 1) % 7])
    made = layer(torch.tensor([[997.0], [513.0]]))
    assert made.dtype is torch.bfloat16
    assert made.flatten().tolist() == [997 % 7, 513 % 7]


def test_first_values_are_uniform() -> None:
    layer = Embedding(100, 50)
    layer(torch.zeros(1, 1, dtype=torch.int64))
    (table,) = layer.get_weights()
    assert np.abs(table).max() <= 0.05
    assert table.std() == pytest.approx(0.1 / 12**0.5, rel=0.05)


@pytest.mark.parametrize("weights", [TABLE, [TABLE], (TABLE,)])
def test_weights_may_be_given(weights: Any) -> None:
    layer = Embedding(4, 2, weights=weights, input_length=3)
    np.testing.assert_array_equal(layer.get_weights()[0], TABLE)


def test_input_length_is_the_input_shape() -> None:
    model = kplug.Sequential([Embedding(4, 2, input_length=3), Flatten(), Dense(1)])
    assert model.output_shape == (None, 1)
    assert [weight.shape for weight in model.get_weights()] == [(4, 2), (6, 1), (1,)]


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning", "ignore:You are saving")
def test_fit_and_files_as_keras(tmp_path: Path) -> None:
    theirs = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Embedding(5, 2, name="table", embeddings_regularizer="l2"),
            keras.layers.Flatten(),
            keras.layers.Dense(1, name="out"),
        ]
    )
    ours = kplug.Sequential(
        [
            Embedding(5, 2, name="table", embeddings_regularizer="l2", input_length=3),
            Flatten(),
            Dense(1, name="out"),
        ]
    )
    ours.set_weights(theirs.get_weights())
    ids = np.random.default_rng(0).integers(0, 5, size=(12, 3))
    y = ids.sum(axis=1, keepdims=True).astype("float32")
    theirs.compile(keras.optimizers.SGD(0.01), "mse")
    ours.compile("sgd(lr=0.01)", "mse")
    options: dict[str, Any] = {"epochs": 3, "batch_size": 4, "shuffle": False, "verbose": 0}
    expected = theirs.fit(ids, y, **options).history["loss"]
    np.testing.assert_allclose(ours.fit(ids, y, **options).history["loss"], expected, rtol=1e-4)
    ours.save_weights(tmp_path / "a.h5")
    theirs.load_weights(tmp_path / "a.h5")
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_config_is_read_from_both_libraries() -> None:
    config = Embedding(4, 2, embeddings_constraint="non_neg", input_length=3).get_config()
    assert Embedding.from_config(config).get_config() == config
    theirs = keras.layers.Embedding(4, 2, embeddings_constraint="non_neg").get_config()
    assert Embedding.from_config(theirs).input_dim == 4


@pytest.mark.parametrize("ids", [[[4]], [[0, -1]], [[float("nan")]], [[float("inf")]]])
def test_rows_that_there_are_not(ids: Any) -> None:
    layer = Embedding(4, 2)
    layer(torch.tensor([[1]]))
    with pytest.raises(DataError, match=r"has 4 rows and expects integers in \[0, 4\), got some"):
        layer(torch.tensor(ids))


@pytest.mark.parametrize("wrong", [1.7, -0.5, float("nan"), float("inf")])
def test_rows_between_two_are_refused(wrong: float) -> None:
    layer = Embedding(4, 2, name="words")
    with pytest.raises(DataError) as caught:
        layer([[1.0, wrong]])
    assert str(caught.value) == (
        f"layer 'words' picks by whole numbers, got {wrong}\n"
        "  Round the numbers, or cast them to integers, if that is what you want."
    )


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_rows_between_two_are_refused_in_training(jit_compile: bool) -> None:
    model = Sequential([Embedding(4, 2, input_length=3), Flatten(), Dense(1)])
    model.compile("sgd", "mse", jit_compile=jit_compile)
    x = np.array([[0.0, 1.0, 3.0]] * 4)
    model.fit(x, np.ones(4), verbose=0)
    again = Sequential([Embedding(4, 2, input_length=3), Flatten(), Dense(1)])
    again.compile("sgd", "mse", jit_compile=jit_compile)
    with pytest.raises(DataError, match=r"picks by whole numbers, got 0\.25"):
        again.fit(x + 0.25, np.ones(4), verbose=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Embedding(0, 2), "argument 'input_dim' is 0; allowed: an integer >= 1"),
        (lambda: Embedding(2, 2.5), "argument 'output_dim' is 2.5; allowed: an integer"),  # type: ignore[arg-type]
        (lambda: Embedding(2, 2, mask_zero="no"), "'mask_zero' is 'no'; allowed: True or False"),  # type: ignore[arg-type]
        (lambda: Embedding(2, 2, sparse="no"), "'sparse' is 'no'; allowed: True or False"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        make()


# ---------------------------------------------------------------- sparse gradients


@pytest.mark.parametrize(
    "optimizer", ["sgd(lr=0.1)", "adagrad(lr=0.1)", "adam", "sgd(momentum=0.9)"]
)
@pytest.mark.parametrize("options", [{}, {"embeddings_regularizer": "l2"}, {"mask_zero": True}])
def test_sparse_gradients_train_as_dense_ones(optimizer: str, options: dict[str, Any]) -> None:
    ids = np.random.default_rng(0).integers(0, 9, (40, 3))
    weights = []
    for sparse in (False, True):
        torch.manual_seed(0)
        layer = Embedding(9, 4, sparse=sparse, input_length=3, **options)
        model = kplug.models.Sequential([layer, GlobalAveragePooling1D(), Dense(1)])
        model.compile(optimizer=optimizer, loss="mse")
        model.fit(ids, ids.sum(1, keepdims=True) / 9.0, batch_size=8, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    for dense, row_wise in zip(*weights, strict=True):
        np.testing.assert_allclose(row_wise, dense, rtol=1e-5, atol=1e-6)


def test_the_gradient_of_a_sparse_table_has_the_rows_that_were_looked_up() -> None:
    layer = Embedding(1000, 2, sparse=True)
    layer(torch.tensor([[7, 3, 7]])).sum().backward()
    gradient = layer.embeddings.grad
    assert gradient is not None
    assert gradient.is_sparse
    assert gradient.coalesce().indices().tolist() == [[3, 7]]
    assert gradient.coalesce().values().tolist() == [[1.0, 1.0], [2.0, 2.0]]
