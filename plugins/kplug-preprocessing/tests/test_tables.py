"""Columns of pandas' tables in layers of categories and texts, and in models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from kplug_preprocessing.layers import (
    CategoryEncoding,
    Discretization,
    Hashing,
    IntegerLookup,
    StringLookup,
    TextVectorization,
)

import kplug
from kplug import layers
from kplug.errors import DataError

TEXTS = ["good film", "bad film", "very good", "so bad", "bad film"]
TYPES = [object, "str", "string[python]", "string[pyarrow]", "category"]
CITIES = pd.Series(["Rome", "Oslo", "Rome", "Bonn", "Rome"], dtype="category")


def _make_column(dtype: Any, texts: list[Any] = TEXTS) -> Any:
    if dtype == "string[pyarrow]":
        pytest.importorskip("pyarrow")
    return pd.Series(texts, dtype=dtype, index=range(7, 7 + len(texts)))


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_a_column_of_texts_is_read_as_a_list_of_them(dtype: Any) -> None:
    column = _make_column(dtype)
    for make in (TextVectorization, StringLookup):
        by_column, by_list = make(), make()
        by_column.adapt(column)
        by_list.adapt(TEXTS)
        assert by_column.get_vocabulary() == by_list.get_vocabulary()
        assert by_column(column).tolist() == by_list(TEXTS).tolist()
    assert Hashing(9)(column).tolist() == Hashing(9)(TEXTS).tolist()


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_a_column_is_a_vocabulary(dtype: Any) -> None:
    known = _make_column(dtype).drop_duplicates()
    # pandas numbers values in the order of their first appearance.
    expected = pd.factorize(np.array(TEXTS))[0] + 1
    assert StringLookup(vocabulary=known)(TEXTS).tolist() == expected.tolist()


def test_categories_are_a_vocabulary_whose_places_are_their_codes() -> None:
    lookup = StringLookup(vocabulary=CITIES.cat.categories, num_oov_indices=0)
    assert lookup(CITIES).tolist() == CITIES.cat.codes.tolist()
    vectors = CategoryEncoding(3, output_mode="one_hot")(CITIES.cat.codes)
    np.testing.assert_array_equal(vectors, pd.get_dummies(CITIES))
    years = pd.Series([2021, 2019, 2021], dtype="category")
    numbers = IntegerLookup(vocabulary=years.cat.categories, num_oov_indices=0)
    assert numbers(years).tolist() == years.cat.codes.tolist()


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_a_missing_text_is_named(dtype: Any) -> None:
    column = _make_column(dtype, [*TEXTS[:2], None, *TEXTS[2:]])
    with pytest.raises(
        DataError, match=r"layer 'one' takes strings, row 2 has .*, a missing value"
    ):
        StringLookup(name="one").adapt(column)


@pytest.mark.parametrize(
    "read",
    [
        lambda column: TextVectorization(name="one").adapt(column),
        lambda column: TextVectorization(vocabulary=["a"], name="one")(column),
        lambda column: StringLookup(name="one").adapt(column),
        lambda column: StringLookup(vocabulary=["a"], name="one")(column),
        lambda column: Hashing(4, name="one")(column),
        lambda column: kplug.Sequential([StringLookup(vocabulary=["a"], name="one")]).predict(
            column, verbose=0
        ),
    ],
    ids=["vectorize", "call", "adapt", "look up", "hash", "predict"],
)
def test_missing_texts_are_refused(read: Any) -> None:
    column = _make_column(object, [None, *TEXTS])
    with pytest.raises(DataError, match="layer 'one' takes strings, row 0 has None") as caught:
        read(column)
    assert "column.fillna('')" in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [pd.array([3, None, 3], dtype="Int64"), pd.Series([3.0, np.nan, 3.0])],
    ids=["nullable", "NaN"],
)
def test_missing_integers_are_refused(values: Any) -> None:
    lookup = IntegerLookup(vocabulary=[3], name="one")
    with pytest.raises(
        DataError, match=r"layer 'one' looks up integers, got torch\.float"
    ) as caught:
        lookup(pd.Series(values))
    assert "missing values" in str(caught.value)
    assert lookup(pd.Series(values).fillna(0).astype("Int64")).tolist() == [1, 0, 1]


@pytest.mark.parametrize("dtype", ["Int64", "Int8", "uint16", "int64", "category"])
def test_integers_of_any_type_are_looked_up(dtype: str) -> None:
    lookup = IntegerLookup()
    column = pd.Series([40, 7, 40], dtype=dtype)
    lookup.adapt(column)
    assert lookup(column).tolist() == [1, 2, 1]


def test_nullable_booleans_are_numbers() -> None:
    flags = pd.Series([True, False], dtype="boolean")
    assert CategoryEncoding(2, output_mode="one_hot")(flags).tolist() == [[0, 1], [1, 0]]
    assert IntegerLookup(vocabulary=[1])(flags).tolist() == [1, 0]


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [1.0, np.nan, np.nan]}),
        pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": pd.array([1, None, None], dtype="Int64")}),
    ],
    ids=["NaN", "nullable"],
)
def test_nothing_adapts_to_missing_numbers(table: Any) -> None:
    normalize = layers.Normalization(name="one")
    with pytest.raises(DataError, match="layer 'one' cannot adapt to NaN, got 2 of them"):
        normalize.adapt(table)
    bins = Discretization(num_bins=3, name="two")
    with pytest.raises(DataError, match="layer 'two' cannot adapt to NaN, got 2 of them") as caught:
        bins.adapt(table["b"])
    assert "table.fillna(table.median())" in str(caught.value)
    assert bins.bin_boundaries is None
    filled = table.astype("float64").fillna(table.astype("float64").median())
    normalize.adapt(filled)
    expected = (filled - filled.mean()) / filled.std(ddof=0).where(lambda one: one > 0, 1)
    np.testing.assert_allclose(normalize(filled), expected, rtol=1e-5, atol=1e-6)


def test_one_column_is_a_table_or_has_one_mean() -> None:
    ages = pd.Series([20.0, 30.0, 70.0], name="age")
    with pytest.raises(DataError, match=r"adapt\(table\[\['age'\]\]\)"):
        layers.Normalization().adapt(ages)
    expected = ((ages - ages.mean()) / ages.std(ddof=0)).to_numpy()
    for normalize, given in (
        (layers.Normalization(), ages.to_frame()),
        (layers.Normalization(axis=None), ages),
    ):
        normalize.adapt(given)
        np.testing.assert_allclose(normalize(given).reshape(-1), expected, rtol=1e-6)


def _make_mixed() -> tuple[Any, pd.DataFrame]:
    """A model of a text, a category and a number, and a table of them."""
    generator = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "review": pd.Series(TEXTS * 6, dtype="string[python]"),
            "city": pd.Series(list(CITIES) * 6, dtype="category"),
            "age": generator.normal(40, 10, 30),
        }
    ).set_index(pd.RangeIndex(100, 130))
    review = kplug.Input((3,), dtype="int64", name="review")
    city = kplug.Input((1,), dtype="int64", name="city")
    age = kplug.Input((1,), name="age")
    vectorize = TextVectorization(output_sequence_length=3)
    look_up = StringLookup(output_mode="one_hot")
    normalize = layers.Normalization()
    vectorize.adapt(table["review"])
    look_up.adapt(table["city"])
    normalize.adapt(table[["age"]])
    kplug.utils.set_random_seed(0)
    words = layers.GlobalAveragePooling1D()(layers.Embedding(9, 4)(vectorize(review)))
    joined = layers.Concatenate()([words, look_up(city), normalize(age)])
    model = kplug.Model([review, city, age], layers.Dense(1, activation="sigmoid")(joined))
    model.compile(kplug.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    return model, table


def _as_numbers(model: Any, table: pd.DataFrame) -> dict[str, Any]:
    """The same with the numbers that the layers read, which the model takes, too."""
    by_class = {type(layer): layer for layer in model.layers}
    return {
        "review": by_class[TextVectorization].read_texts(table["review"].tolist()),
        "city": by_class[StringLookup].read_texts(table["city"].tolist()),
        "age": table["age"].to_numpy(),
    }


GIVE = {
    "columns": dict,
    "list": lambda table: [table["review"], table["city"], table["age"]],
    "arrays": lambda table: {name: table[name].to_numpy() for name in table},
    "lists": lambda table: {name: table[name].tolist() for name in table},
}


@pytest.mark.parametrize("give", GIVE.values(), ids=GIVE)
def test_a_functional_model_reads_its_texts(give: Any) -> None:
    model, table = _make_mixed()
    x, numbers = give(table), _as_numbers(model, table)
    labels = (table["review"].str.contains("good")).astype(float)
    kplug.utils.set_random_seed(0)
    history = model.fit(x, labels, epochs=20, verbose=0, validation_data=(x, labels)).history
    assert history["val_accuracy"][-1] == 1.0
    other, _ = _make_mixed()
    kplug.utils.set_random_seed(0)
    other.fit(numbers, labels, epochs=20, verbose=0)
    for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    expected = model.predict(numbers, verbose=0)
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
    np.testing.assert_allclose(model.predict_on_batch(x), expected, rtol=1e-5)
    np.testing.assert_allclose(model(x).detach(), expected, rtol=1e-5)
    assert model.evaluate(x, labels, verbose=0)[1] == 1.0


def test_batches_of_a_loader_hold_texts() -> None:
    model, table = _make_mixed()
    rows: Any = [(row, float(row["age"] > 40)) for row in table.to_dict("records")]
    loader = torch.utils.data.DataLoader(rows, batch_size=8)  # it makes lists of texts
    assert model.evaluate(loader, verbose=0) == pytest.approx(
        model.evaluate(dict(table), np.array([label for _, label in rows]), verbose=0), rel=1e-5
    )


def test_a_saved_model_reads_its_texts(tmp_path: Any) -> None:
    model, table = _make_mixed()
    model.save(tmp_path / "model.keras")
    again = kplug.load_model(tmp_path / "model.keras")
    expected = model.predict(dict(table), verbose=0)
    np.testing.assert_array_equal(again.predict(dict(table), verbose=0), expected)


def test_a_table_for_several_inputs_is_given_by_columns() -> None:
    model, table = _make_mixed()
    with pytest.raises(
        DataError, match=r"predict: x is one table, but model .* has 3 inputs"
    ) as caught:
        model.predict(table, verbose=0)
    assert "predict(dict(table))" in str(caught.value)


def test_inputs_that_share_a_layer_and_models_within() -> None:
    vectorize = TextVectorization(output_sequence_length=2, vocabulary=["good", "bad", "film"])
    inner = kplug.Sequential([vectorize, layers.Embedding(5, 2), layers.Flatten()])
    first, second = (kplug.Input((2,), dtype="int64", name=name) for name in ("first", "second"))
    model = kplug.Model([first, second], layers.Subtract()([inner(first), inner(second)]))
    texts = ["good film", "bad film"]
    found = model.predict({"first": texts, "second": texts[::-1]}, verbose=0)
    table = inner.get_weights()[0]
    good_minus_bad = np.append(table[2] - table[3], [0, 0])
    np.testing.assert_allclose(found, [good_minus_bad, -good_minus_bad], rtol=1e-5, atol=1e-6)
    only = kplug.Model(first, inner(first))
    expected = only.predict(texts, verbose=0)
    np.testing.assert_array_equal(only(texts).detach(), expected)
    np.testing.assert_array_equal(only(texts[:1]).detach(), expected[:1])


def test_an_input_that_two_layers_read_takes_numbers() -> None:
    text = kplug.Input((1,), dtype="int64", name="text")
    one, other = (StringLookup(vocabulary=each) for each in (["a"], ["b"]))
    model = kplug.Model(text, layers.Add()([one(text), other(text)]))
    with pytest.raises(
        DataError, match="predict: x holds str values in a Series; numbers are needed"
    ):
        model.predict(pd.Series(["a", "b"]), verbose=0)


def test_categories_as_targets_say_how_they_become_numbers() -> None:
    model = kplug.Sequential([layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(DataError, match=r"column\.cat\.codes"):
        model.fit(np.zeros((5, 2)), CITIES, verbose=0)
    assert model.fit(np.zeros((5, 2)), CITIES.cat.codes, verbose=0).history["loss"][0] > 0
