"""Keras 2's preprocessing of texts and time series."""

from __future__ import annotations

import random
from typing import Any

import keras_preprocessing.sequence
import numpy as np
import pytest
from kplug_keras2.keras.preprocessing import sequence, text

from kplug import layers
from kplug.models import Sequential
from kplug.utils import PyDataset

TEXTS = ["The cat sat on the mat.", "The dog, too!"]


def test_words_are_counted_from_the_most_frequent_one() -> None:
    tokenizer = text.Tokenizer(num_words=4, oov_token="?")
    tokenizer.fit_on_texts(TEXTS)
    assert list(tokenizer.word_index)[:3] == ["?", "the", "cat"]
    assert tokenizer.texts_to_sequences(["the cat ran"]) == [[2, 3, 1]]
    np.testing.assert_array_equal(
        tokenizer.texts_to_matrix(["the cat the"], mode="count"), [[0, 0, 2, 1]]
    )
    again = text.tokenizer_from_json(tokenizer.to_json())
    assert again.word_index == tokenizer.word_index


def test_texts_become_words_and_hashes() -> None:
    assert text.text_to_word_sequence(TEXTS[1]) == ["the", "dog", "too"]
    hashes = text.hashing_trick(TEXTS[0], 10, hash_function="md5")
    assert hashes[0] == hashes[4]
    assert all(1 <= number < 10 for number in hashes)
    assert len(text.one_hot(TEXTS[0], 10)) == 6


@pytest.mark.parametrize("seed", [0, None])
def test_skipgrams_are_pairs_of_neighbours_and_drawn_others(seed: int | None) -> None:
    pairs, labels = sequence.skipgrams([1, 2, 3], 10, window_size=1, seed=seed)
    positive = {tuple(pair) for pair, label in zip(pairs, labels, strict=True) if label}
    assert positive == {(1, 2), (2, 1), (2, 3), (3, 2)}
    assert labels.count(0) == 4


@pytest.mark.parametrize(
    "arguments", [{"seed": 4}, {"categorical": True, "seed": 1}, {"shuffle": False}], ids=str
)
def test_skipgrams_are_those_of_keras_preprocessing(arguments: dict[str, Any]) -> None:
    def draw(function: Any) -> Any:
        random.seed(3)
        return function([1, 2, 0, 3, 4], 12, window_size=2, negative_samples=0.5, **arguments)

    assert draw(sequence.skipgrams) == draw(keras_preprocessing.sequence.skipgrams)


def test_the_sampling_table_falls_with_frequency() -> None:
    table = sequence.make_sampling_table(5)
    assert table.shape == (5,)
    assert (np.diff(table[1:]) > 0).all()


def test_fit_reads_the_windows_of_a_series() -> None:
    series = np.arange(20.0)[:, None] / 20
    generator = sequence.TimeseriesGenerator(series, series, length=4, batch_size=8)
    assert isinstance(generator, PyDataset)
    assert len(generator) == 2
    windows, following = generator[0]
    np.testing.assert_array_equal(windows[3, :, 0], series[3:7, 0])
    np.testing.assert_array_equal(following[3], series[7])
    model = Sequential([layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    losses = model.fit(generator, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_sequences_are_padded_by_kplug() -> None:
    np.testing.assert_array_equal(sequence.pad_sequences([[1], [2, 3]]), [[0, 1], [2, 3]])


def test_a_tokenizer_refuses_a_mode_that_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="Unknown vectorization mode"):
        text.Tokenizer(num_words=3).sequences_to_matrix([[1]], mode="magic")
