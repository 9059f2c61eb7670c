"""Models whose first layer takes texts: they are read once, and become the numbers of the layer alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from kplug_preprocessing.layers import StringLookup, TextVectorization

import kplug
from kplug import layers
from kplug.errors import DataError

TEXTS = ["good film", "very bad film", "very good", "so bad"] * 8
LABELS = np.array([1, 0, 1, 0] * 8)


def _make(**arguments: Any) -> Any:
    vectorize = TextVectorization(**arguments)
    vectorize.adapt(TEXTS)
    after = (
        [layers.Embedding(20, 4), layers.GlobalAveragePooling1D()]
        if vectorize.output_mode == "int"
        else []
    )
    kplug.utils.set_random_seed(0)
    model = kplug.Sequential([vectorize, *after, layers.Dense(1, activation="sigmoid")])
    model.compile(kplug.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize(
    "arguments", [{}, {"output_sequence_length": 2}, {"output_mode": "tf_idf"}]
)
@pytest.mark.parametrize(
    "give",
    [list, np.array, lambda texts: [[text] for text in texts], lambda texts: np.array(texts, "S")],
)
def test_they_learn_from_texts(arguments: dict[str, Any], give: Any) -> None:
    model = _make(**arguments)
    texts = give(TEXTS)
    history = model.fit(texts, LABELS, epochs=20, verbose=0, validation_data=(texts, LABELS))
    assert history.history["val_accuracy"][-1] == 1.0
    assert model.evaluate(texts, LABELS, verbose=0)[1] == 1.0
    numbers = model.layers[0].read_texts(TEXTS)
    expected = model.predict(numbers, verbose=0)
    np.testing.assert_array_equal(model.predict(texts, verbose=0), expected)
    np.testing.assert_allclose(model(texts).detach().numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(texts), expected, rtol=1e-5)


def test_the_numbers_train_the_same_model() -> None:
    one, other = _make(output_sequence_length=3), _make(output_sequence_length=3)
    numbers = other.layers[0].read_texts(TEXTS)
    for model, x in ((one, TEXTS), (other, numbers)):
        kplug.utils.set_random_seed(0)
        model.fit(x, LABELS, epochs=2, verbose=0, shuffle=False)
    for first, second in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_strings_and_a_model_within(tmp_path: Path) -> None:
    lookup = StringLookup(vocabulary=["red", "blue"], output_mode="one_hot")
    inner = kplug.Sequential([lookup])
    model = kplug.Sequential([inner, layers.Dense(2, use_bias=False)])
    x = np.array([["blue"], ["green"], ["red"]])
    made = model.predict(x, verbose=0)
    np.testing.assert_array_equal(made, model.get_weights()[0][[2, 0, 1]])
    model.save(tmp_path / "model.keras")
    again = kplug.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), made)


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_files(tmp_path: Path, name: str) -> None:
    model = _make(ngrams=2)
    model.fit(TEXTS, LABELS, verbose=0)
    model.save(tmp_path / name)
    again = kplug.load_model(tmp_path / name)
    expected = model.predict(TEXTS[:3], verbose=0)
    np.testing.assert_array_equal(again.predict(TEXTS[:3], verbose=0), expected)
    # Longer texts than those that it was built with.
    longer = [" ".join(TEXTS[:3])]
    np.testing.assert_array_equal(
        again.predict(longer, verbose=0), model.predict(longer, verbose=0)
    )


def test_texts_elsewhere_are_refused() -> None:
    model = _make()
    with pytest.raises(DataError, match=r"fit: y holds <U1 values; numbers are needed"):
        model.fit(TEXTS, np.array(["a"] * 32), verbose=0)
    plain = kplug.Sequential([layers.Dense(1)])
    plain.compile("sgd", "mse")
    with pytest.raises(DataError, match="fit: x holds <U13 values; numbers are needed"):
        plain.fit(np.array(TEXTS), LABELS, verbose=0)
    with pytest.raises(DataError, match="takes strings, got int among them"):
        model.predict(["good", 3], verbose=0)
    assert isinstance(model(TEXTS[:1]), torch.Tensor)
