"""Numbers and vectors of texts, against what Keras 3.15 makes of them with TensorFlow 2.21."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from kplug_preprocessing.layers import TextVectorization

import kplug
from kplug.errors import ArgumentError, ArgumentValueError, ContractError, DataError, NotBuiltError

TEXTS = ["The cat sat on the mat.", "the DOG, the cat!", "Über  \tStraße"]
QUESTIONS = ["a cat; the dog", "Straße über the", ""]
# Arguments, the vocabulary after adapting to TEXTS, and what becomes of QUESTIONS.
KERAS: list[tuple[dict[str, Any], list[str], Any]] = [
    (
        {},
        ["", "[UNK]", "the", "cat", "Über", "straße", "sat", "on", "mat", "dog"],
        [[1, 3, 2, 9], [5, 1, 2, 0], [0, 0, 0, 0]],
    ),
    (
        {"output_sequence_length": 2},
        ["", "[UNK]", "the", "cat", "Über", "straße", "sat", "on", "mat", "dog"],
        [[1, 3], [5, 1], [0, 0]],
    ),
    (
        {"standardize": None},
        ["", "[UNK]", "the", "Über", "sat", "on", "mat.", "cat!", "cat", "The", "Straße", "DOG,"],
        [[1, 1, 2, 1], [10, 1, 2, 0], [0, 0, 0, 0]],
    ),
    (
        {"standardize": "strip_punctuation", "max_tokens": 5},
        ["", "[UNK]", "the", "cat", "Über"],
        [[1, 3, 2, 1], [1, 1, 2, 0], [0, 0, 0, 0]],
    ),
    (
        {"split": "character", "output_sequence_length": 5, "max_tokens": 8},
        ["", "[UNK]", " ", "t", "e", "a", "h", "s"],
        [[5, 2, 1, 5, 3], [7, 3, 1, 5, 1], [0, 0, 0, 0, 0]],
    ),
    (
        {"ngrams": 2, "max_tokens": 7},
        ["", "[UNK]", "the", "the cat", "cat", "Über straße", "Über"],
        [[1, 4, 2, 1, 1, 1, 1], [1, 1, 2, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0, 0]],
    ),
    (
        {"ngrams": (2,), "output_sequence_length": 3},
        [
            "",
            "[UNK]",
            "the cat",
            "Über straße",
            "the mat",
            "the dog",
            "sat on",
            "on the",
            "dog the",
            "cat sat",
        ],
        [[1, 1, 5], [1, 1, 0], [0, 0, 0]],
    ),
    (
        {"output_mode": "multi_hot"},
        ["[UNK]", "the", "cat", "Über", "straße", "sat", "on", "mat", "dog"],
        [[1, 1, 1, 0, 0, 0, 0, 0, 1], [1, 1, 0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ),
    (
        {"output_mode": "count", "max_tokens": 5},
        ["[UNK]", "the", "cat", "Über", "straße"],
        [[2, 1, 1, 0, 0], [1, 1, 0, 0, 1], [0, 0, 0, 0, 0]],
    ),
    (
        {"output_mode": "tf_idf", "max_tokens": 6, "pad_to_max_tokens": True},
        ["[UNK]", "the", "cat", "Über", "straße", "sat"],
        [
            [1.65407, 0.69315, 0.69315, 0.0, 0.0, 0.0],
            [0.82703, 0.69315, 0.0, 0.0, 0.91629, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ],
    ),
    (
        {"output_mode": "count", "max_tokens": 12, "pad_to_max_tokens": True},
        ["[UNK]", "the", "cat", "Über", "straße", "sat", "on", "mat", "dog"],
        [
            [1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0],
            [1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ],
    ),
]


@pytest.mark.parametrize(("arguments", "vocabulary", "expected"), KERAS)
def test_adapted(arguments: dict[str, Any], vocabulary: list[str], expected: Any) -> None:
    layer = TextVectorization(**arguments)
    layer.adapt(TEXTS)
    assert layer.get_vocabulary() == vocabulary
    assert layer.vocabulary_size() == len(vocabulary)
    np.testing.assert_allclose(layer(QUESTIONS).numpy(), expected, atol=1e-5)
    again = TextVectorization.from_config(json.loads(json.dumps(layer.get_config())))
    assert torch.equal(again(QUESTIONS), layer(QUESTIONS))
    again.adapt(["one two"])  # it was adapted, not given its vocabulary
    assert again.get_vocabulary() != vocabulary


@pytest.mark.parametrize(
    "data",
    [
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        [[text] for text in TEXTS],
        [text.encode() for text in TEXTS],
        (batch for batch in (TEXTS[:1], TEXTS[1:])),
        tuple(TEXTS),
    ],
)
def test_data_of_any_kind(data: Any) -> None:
    layer = TextVectorization()
    layer.adapt(data)
    assert layer.get_vocabulary() == KERAS[0][1]


def test_steps_end_what_has_no_end() -> None:
    def batches() -> Any:
        while True:
            yield ["one two"]

    layer = TextVectorization()
    layer.adapt(batches(), steps=2)
    assert layer.get_vocabulary() == ["", "[UNK]", "two", "one"]


def test_functions() -> None:
    layer = TextVectorization(
        standardize=np.char.upper,
        split=lambda texts: [text.split("-") for text in texts],
        vocabulary=["A", "B"],
    )
    assert layer(["a-b-c", "b"]).tolist() == [[2, 3, 1], [3, 0, 0]]
    with pytest.raises(ContractError, match="cannot be described: its standardize is a function"):
        layer.get_config()


def test_tokens_that_are_split_already() -> None:
    layer = TextVectorization(split=None, vocabulary=["a b", "c"], output_sequence_length=3)
    assert layer([["A b", "c"], ["C", "d"]]).tolist() == [[2, 3, 0], [3, 1, 0]]


def test_one_text() -> None:
    assert TextVectorization(vocabulary=["a"])("a b").tolist() == [[2, 1]]


def test_a_config_of_keras_is_taken() -> None:
    config = {
        "name": "words",
        "trainable": True,
        "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}},
        "max_tokens": None,
        "standardize": "lower",
        "split": "whitespace",
        "ngrams": [1, 2],
        "output_mode": "int",
        "output_sequence_length": None,
        "pad_to_max_tokens": False,
        "sparse": False,
        "ragged": False,
        "vocabulary": ["a", "b a"],
        "idf_weights": None,
        "encoding": "utf-8",
        "vocabulary_size": 4,
    }
    layer: Any = kplug.layers.deserialize({"class_name": "TextVectorization", "config": config})
    assert layer(["B a"]).tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"standardize": "upper"}, "'standardize' is 'upper'; allowed: None, 'lower', "),
        ({"split": "words"}, "'split' is 'words'; allowed: 'whitespace', 'character', None, or"),
        ({"ngrams": 0}, "'ngrams' is 0; allowed: an integer >= 1, a tuple of them, or None"),
        ({"output_mode": "ints"}, "'output_mode' is 'ints'; allowed"),
        ({"ragged": True}, "'ragged' is True; allowed: False: outputs are dense tensors"),
        ({"sparse": True}, "'sparse' is True; allowed: False: outputs are dense tensors"),
        ({"max_tokens": 1}, "'max_tokens' is 1; allowed: an integer >= 2, or None"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        TextVectorization(**arguments)


def test_arguments_that_do_not_go_together() -> None:
    with pytest.raises(ArgumentError, match="takes output_sequence_length with output_mode='int'"):
        TextVectorization(output_mode="count", output_sequence_length=3)
    with pytest.raises(ArgumentError, match="needs idf_weights for its vocabulary"):
        TextVectorization(output_mode="tf_idf", vocabulary=["a"])


def test_bad_data() -> None:
    layer = TextVectorization()
    with pytest.raises(NotBuiltError, match=r"has no vocabulary yet\n.*Call adapt\(data\)"):
        layer(["a"])
    with pytest.raises(DataError, match="takes strings, got int among them"):
        layer.adapt([1, 2])
    with pytest.raises(DataError, match="cannot adapt to data without tokens"):
        layer.adapt(["", " "])
    with pytest.raises(
        DataError, match=r"splits texts of shape \(N,\) or \(N, 1\), got shape \(1, 2\)"
    ):
        layer.adapt([["a", "b"]])
    assert layer.get_vocabulary() == ["", "[UNK]"]
