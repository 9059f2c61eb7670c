"""Arguments that Keras's classes do not have: a hindrance to Keras if they change outputs, and else none."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kplug import Model, Sequential, layers, load_model
from kplug.dialect.writing_models import KERAS_LACKS, KerasLacks
from kplug.models import model_from_json


def make(kind: str) -> Any:
    table = layers.Embedding(5, 2, sparse=True, name="table")
    if kind == "Functional":
        inputs = layers.Input((3,))
        model = Model(inputs, layers.Dense(1)(layers.Flatten()(table(inputs))))
    elif kind == "nested":
        inner = Sequential([layers.Embedding(5, 2, sparse=True, name="table", input_shape=(3,))])
        model = Sequential([inner, layers.Flatten(), layers.Dense(1)])
    else:
        wrapped = layers.TimeDistributed(table, input_shape=(3, 1))
        model = Sequential([wrapped, layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def find_table(model: Any) -> Any:
    return next(one for one in model.modules() if isinstance(one, layers.Embedding))


@pytest.mark.parametrize("kind", ["Functional", "nested", "wrapped"])
@pytest.mark.parametrize("extension", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore")
def test_sparse_tables_stay_sparse(kind: str, extension: str, tmp_path: Path) -> None:
    path, model = tmp_path / f"m.{extension}", make(kind)
    x = np.asarray([[1, 2, 4], [0, 0, 3]])
    x = x[..., None] if kind == "wrapped" else x
    model.save(path)
    theirs = keras.models.load_model(path, compile=False)
    np.testing.assert_allclose(
        theirs.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5, atol=1e-7
    )
    loaded = load_model(path)
    assert find_table(loaded).sparse
    loaded.train_on_batch(x, np.ones((2, 1)))
    assert find_table(loaded).embeddings.grad.is_sparse
    assert find_table(model_from_json(model.to_json())).sparse
    text = model.to_json()
    assert keras.models.model_from_json(text).count_params() == model.count_params()


def test_what_says_no_more_than_keras_is_not_written() -> None:
    model = Sequential([layers.Embedding(5, 2, input_shape=(3,)), layers.SpatialDropout1D(0.5)])
    assert '"kplug"' not in model.to_json()


NEEDED: dict[str, tuple[Any, ...]] = {"Dense": (1,), "Embedding": (5, 2)}


@pytest.mark.parametrize("name", KERAS_LACKS)
def test_the_value_that_files_leave_out_is_the_one_that_the_configuration_has(name: str) -> None:
    config = getattr(layers, name)(*NEEDED.get(name, (0.5,))).get_config()
    for argument, lacks in KERAS_LACKS[name].items():
        assert config[argument] == lacks.default
        assert argument not in inspect.signature(getattr(keras.layers, name).__init__).parameters


def make_dense(kind: str, **arguments: Any) -> Any:
    dense = layers.Dense(2, name="dense", **arguments)
    if kind == "Functional":
        inputs = layers.Input((3,))
        return Model(inputs, dense(inputs))
    if kind == "nested":
        return Sequential([layers.Input((3,)), Sequential([layers.Input((3,)), dense])])
    return Sequential([layers.Input((4, 3)), layers.TimeDistributed(dense)])


@pytest.mark.sampled
@pytest.mark.parametrize("kind", ["Functional", "nested", "wrapped"])
@pytest.mark.parametrize("extension", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore")
def test_keras_refuses_a_value_that_it_would_ignore_and_that_changes_outputs(
    kind: str, extension: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if Keras's Dense had neither: it computes what the defaults compute.
    lacks = {"use_bias": KerasLacks(True), "activation": KerasLacks("kplug/linear")}
    lacks |= KERAS_LACKS.get("Dense", {})
    monkeypatch.setitem(KERAS_LACKS, "Dense", lacks)
    x = np.linspace(-1, 1, 24, dtype="float32").reshape((2, 4, 3) if kind == "wrapped" else (8, 3))

    path, plain = tmp_path / f"plain.{extension}", make_dense(kind)
    plain.save(path)
    assert not {"use_bias", "activation"} & set(plain.to_json().replace('"', " ").split())
    theirs = keras.models.load_model(path, compile=False)
    np.testing.assert_allclose(theirs.predict(x, verbose=0), plain.predict(x, verbose=0), rtol=1e-5)

    for arguments in ({"use_bias": False}, {"activation": "relu"}):
        model = make_dense(kind, **arguments)
        model.save(path)
        with pytest.raises(Exception, match="kplug>Dense"):
            keras.models.load_model(path, compile=False)
        loaded = load_model(path)
        np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
        again = model_from_json(model.to_json())
        assert again.to_json() == model.to_json()
