"""Files that ``ModelCheckpoint`` writes during training open in kplug and in Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import kplug
from kplug.layers import Dense

# Keras 3.15 itself triggers this one with NumPy 2 when it reads its own variables.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = X[:, :1]


def make_model() -> Any:
    return kplug.Sequential(
        [Dense(4, activation="relu", input_dim=3, name="hidden"), Dense(1, name="out")]
    )


def train(callback: Any) -> Any:
    model = make_model()
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=2, validation_data=(X, Y), callbacks=callback, verbose=0)
    return model


@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_a_whole_model_is_opened_here_and_in_keras(tmp_path: Path, extension: str) -> None:
    path = str(tmp_path / "deep" / ("{epoch:02d}-{val_loss:.2f}" + extension))
    model = train(f"model_checkpoint({path!r})")
    files = sorted((tmp_path / "deep").iterdir())
    assert [file.name[:3] for file in files] == ["01-", "02-"]
    expected = model.predict(X, verbose=0)
    ours = kplug.load_model(files[-1])
    np.testing.assert_array_equal(ours.predict(X, verbose=0), expected)
    theirs = keras.models.load_model(files[-1], compile=False)
    np.testing.assert_allclose(theirs.predict(X, verbose=0), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["best.weights.h5", "best.h5", "best.safetensors"])
def test_the_best_weights_are_read_back(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    model = train(f"model_checkpoint({path!r}, save_best_only=True, save_weights_only=True)")
    same = make_model()
    same.load_weights(path)
    np.testing.assert_array_equal(same.predict(X, verbose=0), model.predict(X, verbose=0))
