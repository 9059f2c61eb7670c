"""Numbers and vectors of tokens, against what Keras 3.15 makes of them with TensorFlow 2.21."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from kplug_preprocessing.layers import IntegerLookup, StringLookup, TextVectorization

import kplug
from kplug import layers
from kplug.errors import ArgumentError, ArgumentValueError, DataError, NotBuiltError
from kplug.training.jit import torch_compiler

STRINGS = [["b", "a", "c"], ["a", "b", "z"], ["a", "", "[UNK]"]]
INTEGERS = [[2, 1, 3], [1, 2, 9], [1, 0, -1]]
# Arguments, the vocabulary after adapting, and what becomes of other tokens.
Row = tuple[dict[str, Any], list[Any], Any]
OF_STRINGS: list[Row] = [
    ({}, ["[UNK]", "a", "b", "z", "c", ""], [[1, 3], [0, 5], [5, 0]]),
    ({"mask_token": ""}, ["", "[UNK]", "a", "b", "z", "c"], [[2, 4], [1, 0], [0, 1]]),
    ({"max_tokens": 3}, ["[UNK]", "a", "b"], [[1, 0], [0, 0], [0, 0]]),
    (
        {"num_oov_indices": 3},
        ["[UNK]", "[UNK]", "[UNK]", "a", "b", "z", "c", ""],
        [[3, 5], [2, 7], [7, 2]],
    ),
    (
        {"num_oov_indices": 3, "salt": [1, 2]},
        ["[UNK]", "[UNK]", "[UNK]", "a", "b", "z", "c", ""],
        [[3, 5], [0, 7], [7, 0]],
    ),
    (
        {"output_mode": "multi_hot"},
        ["[UNK]", "a", "b", "z", "c", ""],
        [[0, 1, 0, 1, 0, 0], [1, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 1]],
    ),
    (
        {"output_mode": "multi_hot", "mask_token": ""},
        ["[UNK]", "a", "b", "z", "c"],
        [[0, 1, 0, 1, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]],
    ),
    (
        {"output_mode": "count", "num_oov_indices": 2},
        ["[UNK]", "[UNK]", "a", "b", "z", "c", ""],
        [[0, 0, 1, 0, 1, 0, 0], [0, 1, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 0, 1]],
    ),
    (
        {"output_mode": "tf_idf"},
        ["[UNK]", "a", "b", "z", "c", ""],
        [
            [0.0, 0.55962, 0.0, 0.91629, 0.0, 0.0],
            [0.80033, 0.0, 0.0, 0.0, 0.0, 0.91629],
            [0.80033, 0.0, 0.0, 0.0, 0.0, 0.91629],
        ],
    ),
    (
        {"output_mode": "tf_idf", "max_tokens": 9, "pad_to_max_tokens": True},
        ["[UNK]", "a", "b", "z", "c", ""],
        [
            [0.0, 0.55962, 0.0, 0.91629, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.80033, 0.0, 0.0, 0.0, 0.0, 0.91629, 0.0, 0.0, 0.0],
            [0.80033, 0.0, 0.0, 0.0, 0.0, 0.91629, 0.0, 0.0, 0.0],
        ],
    ),
    (
        {"output_mode": "one_hot", "max_tokens": 3},
        ["[UNK]", "a", "b"],
        [[[0, 1, 0], [1, 0, 0]], [[1, 0, 0], [1, 0, 0]], [[1, 0, 0], [1, 0, 0]]],
    ),
]
OF_INTEGERS: list[Row] = [
    ({}, [-1, 1, 2, 9, 3, 0], [[1, 3], [0, 5], [5, 0]]),
    ({"mask_token": 0}, [0, -1, 1, 2, 9, 3], [[2, 4], [1, 0], [0, 1]]),
    ({"max_tokens": 3}, [-1, 1, 2], [[1, 0], [0, 0], [0, 0]]),
    ({"num_oov_indices": 3}, [-1, -1, -1, 1, 2, 9, 3, 0], [[3, 5], [1, 7], [7, 2]]),
    (
        {"num_oov_indices": 3, "oov_method": "farmhash"},
        [-1, -1, -1, 1, 2, 9, 3, 0],
        [[3, 5], [1, 7], [7, 1]],
    ),
    (
        {"num_oov_indices": 3, "oov_method": "farmhash", "salt": 5},
        [-1, -1, -1, 1, 2, 9, 3, 0],
        [[3, 5], [1, 7], [7, 2]],
    ),
    (
        {"output_mode": "count", "mask_token": 0},
        [-1, 1, 2, 9, 3],
        [[0, 1, 0, 1, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]],
    ),
    (
        {"output_mode": "tf_idf", "num_oov_indices": 2},
        [-1, -1, 1, 2, 9, 3, 0],
        [
            [0.0, 0.0, 0.55962, 0.0, 0.91629, 0.0, 0.0],
            [0.0, 0.80033, 0.0, 0.0, 0.0, 0.0, 0.91629],
            [0.80033, 0.0, 0.0, 0.0, 0.0, 0.0, 0.91629],
        ],
    ),
]
ROWS = [
    *((StringLookup, STRINGS, [["a", "z"], ["q", ""], ["", "w"]], *row) for row in OF_STRINGS),
    *((IntegerLookup, INTEGERS, [[1, 9], [7, 0], [0, 8]], *row) for row in OF_INTEGERS),
]


@pytest.mark.parametrize(("make", "data", "asked", "arguments", "vocabulary", "expected"), ROWS)
def test_adapted(
    make: Any, data: Any, asked: Any, arguments: Any, vocabulary: Any, expected: Any
) -> None:
    layer = make(**arguments)
    layer.adapt(data)
    assert layer.get_vocabulary() == vocabulary
    made = layer(asked)
    np.testing.assert_allclose(made.numpy(), expected, atol=1e-5)
    assert made.dtype == (torch.int64 if layer.output_mode == "int" else torch.float32)
    assert layer.compute_output_shape((None, 2)) == (None, *made.shape[1:])
    config = json.loads(json.dumps(layer.get_config()))
    again = make.from_config(config)
    assert torch.equal(again(asked), made)
    assert json.loads(json.dumps(again.get_config())) == config


@pytest.mark.parametrize("give", [np.array, torch.tensor, tuple, lambda rows: iter([rows])])
def test_data_of_any_kind(give: Any) -> None:
    layer = IntegerLookup()
    layer.adapt(give(INTEGERS))
    assert layer.get_vocabulary() == OF_INTEGERS[0][1]


@pytest.mark.parametrize(
    ("layer", "numbers", "expected"),
    [
        (IntegerLookup(vocabulary=[5, 7], invert=True), [[0, 1, 2, 9]], [[-1, 5, 7, -1]]),
        (IntegerLookup(vocabulary=[5], invert=True, mask_token=0), [0, 1, 2], [0, -1, 5]),
        (StringLookup(vocabulary=["a"], invert=True), [[0, 1]], [["[UNK]", "a"]]),
        (StringLookup(vocabulary=["a"], invert=True, mask_token=""), [0, 1, 2], ["", "[UNK]", "a"]),
    ],
)
def test_numbers_become_tokens(layer: Any, numbers: Any, expected: Any) -> None:
    assert layer(torch.tensor(numbers)).tolist() == expected


def test_vocabularies_with_and_without_the_special_tokens() -> None:
    weights = [0.25, 0.75]
    bare = StringLookup(vocabulary=["a", "b"], idf_weights=weights, output_mode="tf_idf")
    whole = StringLookup(
        vocabulary=["[UNK]", "a", "b"], idf_weights=[0.9, *weights], output_mode="tf_idf"
    )
    np.testing.assert_allclose(bare([["b", "z"]]).numpy(), [[0.5, 0.0, 0.75]])
    np.testing.assert_allclose(whole([["b", "z"]]).numpy(), [[0.9, 0.0, 0.75]])


def test_vocabularies_in_files(tmp_path: Path) -> None:
    path = tmp_path / "tokens.txt"
    path.write_text("3\n1\n\n")
    layer = IntegerLookup(vocabulary=str(path))
    assert layer.get_vocabulary() == [-1, 3, 1]
    assert StringLookup(vocabulary=str(path)).get_vocabulary() == ["[UNK]", "3", "1"]
    assert IntegerLookup.from_config(layer.get_config()).get_vocabulary() == [-1, 3, 1]
    path.write_text("3\nx")
    with pytest.raises(DataError, match="has a vocabulary of integers, got the line 'x'"):
        IntegerLookup(vocabulary=str(path))
    with pytest.raises(DataError, match=r"cannot read its vocabulary from .*missing"):
        StringLookup(vocabulary=str(tmp_path / "missing"))


@pytest.mark.parametrize("name", ["StringLookup", "IntegerLookup", "TextVectorization"])
def test_a_configuration_reads_no_other_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("1")
    entry = {"class_name": name, "config": {"name": "words", "vocabulary": str(path)}}
    with pytest.raises(DataError, match=r"the vocabulary of layer 'words' is the path .*secret"):
        layers.deserialize(entry)


def test_in_a_model_of_integers() -> None:
    lookup = IntegerLookup(vocabulary=[12, 36, 1138])
    model = kplug.Sequential([kplug.Input((2,), dtype="int64"), lookup, layers.Embedding(4, 2)])
    x = np.array([[12, 5], [1138, 36]])
    expected = model.get_weights()[0][[[1, 0], [3, 2]]]
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
    assert model.output_shape == (None, 2, 2)


@pytest.mark.parametrize(
    ("arguments", "backend"),
    [
        ({}, "eager"),
        ({"mask_token": 0, "num_oov_indices": 3}, "eager"),
        pytest.param({"mask_token": 0}, "inductor", marks=pytest.mark.slow),
        ({"mask_token": 0, "output_mode": "count"}, "eager"),
        ({"output_mode": "tf_idf", "idf_weights": [0.5, 1.0, 1.5]}, "eager"),
        ({"invert": True}, "eager"),
    ],
)
def test_models_of_integers_are_compiled(
    arguments: dict[str, Any], backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_compiler, "BACKEND", backend)
    lookup = IntegerLookup(vocabulary=[36, 12, 1138], **arguments)
    x = np.tile([[12, 5], [0, 36], [1138, -7], [2, 3]], (4, 1))
    after = layers.Lambda(lambda found: found.float())
    model = kplug.Sequential([kplug.Input((2,), dtype="int64"), lookup, after, layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=True)
    model.fit(x, np.ones((16, 1)), batch_size=4, verbose=0)
    for vocabulary in ([36, 12, 1138], [3, 36, 2, 5]):  # the graph keeps no tokens
        if lookup.output_mode == "int":
            lookup.set_vocabulary(vocabulary)
        found = model.predict(x, batch_size=4, verbose=0)
        np.testing.assert_allclose(found, model(x).detach().numpy(), rtol=1e-5)


@pytest.mark.parametrize("vocabulary", [[2**63 - 1, -(2**63), 0], [4]])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"num_oov_indices": 3},
        {"mask_token": 5, "num_oov_indices": 2},
        {"num_oov_indices": 1, "oov_method": "farmhash"},
    ],
)
def test_integers_of_any_size_and_layout(vocabulary: list[int], arguments: dict[str, Any]) -> None:
    layer = IntegerLookup(vocabulary=vocabulary, **arguments)
    x = torch.tensor([[2**63 - 1, 0, 4, 5], [-(2**63), -1, 7, 2**62]]).T
    places = {token: place for place, token in enumerate(layer.get_vocabulary())}
    first = 0 if layer.mask_token is None else 1
    unknown = [[first + token % layer.num_oov_indices for token in row] for row in x.tolist()]
    known = {**{token: places[token] for token in vocabulary}, layer.mask_token: 0}
    expected = [
        [known.get(token, place) for token, place in zip(*rows, strict=True)]
        for rows in zip(x.tolist(), unknown, strict=True)
    ]
    assert layer(x).tolist() == expected
    assert layer(x[0, 0]).tolist() == expected[0][0]


def test_a_vocabulary_without_a_place_is_empty() -> None:
    layer = IntegerLookup(max_tokens=2, num_oov_indices=2)
    layer.adapt([[8, 9]])
    assert layer([[8, 9, 2**63 - 1]]).tolist() == [[0, 1, 1]]


def test_unknown_integers_without_a_place() -> None:
    layer = IntegerLookup(vocabulary=[4, 7], num_oov_indices=0)
    assert layer([[7, 4]]).tolist() == [[1, 0]]
    with pytest.raises(DataError, match=r"has no place for unknown tokens, got \[5\]"):
        layer([[4, 5]])


def test_places_become_integers_where_nothing_stands_for_unknown_ones() -> None:
    layer = IntegerLookup(vocabulary=[4, 7], invert=True, oov_token=None)
    assert layer([[2, 1]]).tolist() == [[7, 4]]


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
def test_vectors_in_a_model_that_learns(mode: str) -> None:
    kplug.utils.set_random_seed(0)
    lookup = IntegerLookup(output_mode=mode)
    x = np.random.default_rng(0).integers(0, 5, size=(64, 1)) * 7
    lookup.adapt(x)
    model = kplug.Sequential([kplug.Input((1,), dtype="int64"), lookup, layers.Dense(1)])
    model.compile(kplug.optimizers.Adam(0.1), "mse")
    y = (x == 14).astype("float32")
    assert model.fit(x, y, epochs=40, verbose=0).history["loss"][-1] < 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_oov_indices": -1}, "'num_oov_indices' is -1; allowed: an integer >= 0"),
        ({"output_mode": "both"}, "'output_mode' is 'both'; allowed"),
        ({"salt": [1]}, r"'salt' is \[1\]; allowed: an integer, two of them, or None"),
        ({"oov_method": "md5"}, "'oov_method' is 'md5'; allowed"),
        ({"sparse": True}, "'sparse' is True; allowed: False"),
        ({"vocabulary_dtype": "int32"}, "'vocabulary_dtype' is 'int32'; allowed: 'int64'"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        IntegerLookup(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"invert": True, "output_mode": "count"}, "takes invert=True with output_mode='int' only"),
        ({"pad_to_max_tokens": True}, "takes pad_to_max_tokens=True with max_tokens only"),
        ({"idf_weights": [1.0]}, "takes idf_weights with output_mode='tf_idf' only"),
        ({"vocabulary": [1], "output_mode": "tf_idf"}, "needs idf_weights for its vocabulary"),
    ],
)
def test_arguments_that_do_not_go_together(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        IntegerLookup(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vocabulary": ["a", 1]}, "has a vocabulary of str tokens, got 1 among them"),
        ({"vocabulary": []}, "was given an empty vocabulary"),
        ({"vocabulary": ["a", "b", "a"]}, r"with repeated tokens: \['a'\]"),
        (
            {"vocabulary": ["a", ""], "mask_token": ""},
            r"with '' in it, which it reserves\n.*begin with all of them: \['', '\[UNK\]'\]",
        ),
        (
            {"vocabulary": ["a", "b"], "max_tokens": 2},
            "has 2 places at most, the vocabulary needs 3",
        ),
        (
            {"vocabulary": ["a"], "idf_weights": [1.0, 2.0, 3.0], "output_mode": "tf_idf"},
            "needs idf_weights, one number for each of its 1 tokens, got 3 of them",
        ),
    ],
)
def test_wrong_vocabularies(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        StringLookup(**arguments)


def test_unknown_tokens_without_a_place() -> None:
    with pytest.raises(DataError, match=r"has no place for unknown tokens, got \['z'\]"):
        StringLookup(vocabulary=["a"], num_oov_indices=0)([["a", "z"]])


def test_what_is_refused_changes_nothing() -> None:
    layer = StringLookup(output_mode="count")
    with pytest.raises(NotBuiltError, match="has no vocabulary yet"):
        layer([["a"]])
    layer.adapt([["a"]])
    layer([["a"]])
    for vocabulary, message in ((["x", "x"], "repeated"), (["x", "y"], "made vectors of size 2")):
        with pytest.raises(DataError, match=message):
            layer.set_vocabulary(vocabulary)
    assert layer.get_vocabulary() == ["[UNK]", "a"]
    with pytest.raises(ArgumentError, match="was given its vocabulary; adapt"):
        StringLookup(vocabulary=["a"]).adapt([["b"]])
    with pytest.raises(DataError, match="takes strings, got int among them"):
        layer.adapt([[1]])
    with pytest.raises(DataError, match=r"looks up integers, got torch\.float32"):
        IntegerLookup(vocabulary=[1])(torch.ones(1, 1))


def test_a_table_is_its_values_and_not_the_names_of_its_columns() -> None:
    table = pd.DataFrame({"kind": ["x", "y", "y"]})
    for data in (table, table["kind"]):
        layer = StringLookup()
        layer.adapt(data)
        assert layer.get_vocabulary() == ["[UNK]", "y", "x"]
        assert layer(data).flatten().tolist() == [2, 1, 1]
        texts = TextVectorization()
        texts.adapt(data)
        assert texts.get_vocabulary() == ["", "[UNK]", "y", "x"]


@pytest.mark.parametrize("data", [None, 3, "abc", np.float32(3)])
@pytest.mark.parametrize("name", ["StringLookup", "IntegerLookup", "TextVectorization"])
def test_what_is_no_data_is_not_adapted_to(data: Any, name: str) -> None:
    with pytest.raises(DataError, match=r"cannot adapt to .*\n  Give an array, a list, a table"):
        getattr(layers, name)().adapt(data)
