"""Twenty steps of training in Keras and in kplug, from the same weights with the same batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import kplug

# Keras 3 calls `numpy.array` on its variables, which NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:.*__array__ implementation:DeprecationWarning")

_BATCH, _BATCHES, _EPOCHS = 4, 4, 5


@pytest.mark.sampled
@pytest.mark.parametrize("optimizer", ["adam", pytest.param("sgd", marks=pytest.mark.slow)])
def test_losses_are_equal(sampled_pair: Any, optimizer: str) -> None:
    pair = sampled_pair
    inputs = pair.architecture.draw_inputs(_BATCH * _BATCHES, seed=1)
    models = [pair.build_theirs(rate=0.0), pair.build_ours(rate=0.0)]
    losses = []
    for library, model in zip((keras, kplug), models, strict=True):
        model.set_weights(pair.weights)
        targets = _draw_targets(pair)
        count = len(targets)
        model.compile(_make(library, optimizer), ["mse"] * count if count > 1 else "mse")
        losses.append(_fit(library, model, inputs, targets))
    assert len(losses[0]) == _BATCHES * _EPOCHS
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5, atol=1e-5)
    if optimizer == "sgd":  # Adam takes whole steps along gradients that are 0 but for rounding
        for one, other in zip(models[1].get_weights(), models[0].weights, strict=True):
            np.testing.assert_allclose(one, other.value.detach().numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.sampled
def test_training_of_keras_goes_on(sampled_pair: Any, tmp_path: Path) -> None:
    pair = sampled_pair
    inputs, targets = pair.architecture.draw_inputs(_BATCH * _BATCHES, seed=1), _draw_targets(pair)
    theirs = pair.build_theirs(rate=0.0)
    theirs.set_weights(pair.weights)
    count = len(targets)
    theirs.compile(_make(keras, "adam"), ["mse"] * count if count > 1 else "mse")
    _fit(keras, theirs, inputs, targets)
    paths = [tmp_path / "model.keras", tmp_path / "model.h5"]
    for path in paths:
        theirs.save(path)
    expected = _fit(keras, theirs, inputs, targets)
    for path in paths:
        if path.suffix == ".keras" or "kplug" in pair.architecture.readers:
            made = _fit(kplug, kplug.load_model(path), inputs, targets)
            np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.sampled
def test_keras_goes_on_with_our_training(sampled_pair: Any, tmp_path: Path) -> None:
    pair = sampled_pair
    inputs, targets = pair.architecture.draw_inputs(_BATCH * _BATCHES, seed=1), _draw_targets(pair)
    ours = pair.build_ours(rate=0.0)
    ours.set_weights(pair.weights)
    count = len(targets)
    ours.compile(_make(kplug, "adam"), ["mse"] * count if count > 1 else "mse")
    _fit(kplug, ours, inputs, targets)
    # Not in HDF5: Keras 3.15 cannot read an optimizer's state there, not even its own.
    ours.save(tmp_path / "model.keras")
    expected = _fit(kplug, ours, inputs, targets)
    made = _fit(keras, keras.saving.load_model(tmp_path / "model.keras"), inputs, targets)
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.sampled
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(
    "settings",
    [{"momentum": 0.5}, {"centered": True}, {"momentum": 0.5, "centered": True}],
    ids=str,
)
def test_rmsprop_of_keras_goes_on(settings: dict[str, Any], suffix: str, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(_BATCH * _BATCHES, 3)).astype("float32")
    keras.utils.set_random_seed(0)
    theirs = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    theirs.compile(keras.optimizers.RMSprop(0.01, **settings), "mse")
    _fit(keras, theirs, [x], [x[:, :2]])
    path = tmp_path / f"model{suffix}"
    theirs.save(path)
    ours = kplug.load_model(path)
    expected = _fit(keras, theirs, [x], [x[:, :2]])
    np.testing.assert_allclose(_fit(kplug, ours, [x], [x[:, :2]]), expected, rtol=1e-5, atol=1e-9)
    ours.save(tmp_path / "again.keras")
    again = keras.saving.load_model(tmp_path / "again.keras")
    expected = _fit(kplug, ours, [x], [x[:, :2]])
    np.testing.assert_allclose(_fit(keras, again, [x], [x[:, :2]]), expected, rtol=1e-5, atol=1e-9)


def _draw_targets(pair: Any) -> list[Any]:
    generator = np.random.default_rng(3)
    shapes = [(_BATCH * _BATCHES, *output.shape[1:]) for output in pair.expected]
    return [generator.uniform(size=shape).astype("float32") for shape in shapes]


def _make(library: Any, name: str) -> Any:
    rate = {"sgd": 0.02, "adam": 0.002}[name]
    return {"sgd": library.optimizers.SGD, "adam": library.optimizers.Adam}[name](rate)


def _fit(library: Any, model: Any, inputs: list[Any], targets: list[Any]) -> list[float]:
    """Train; return the mean loss of the epoch after each of its batches."""
    seen: list[float] = []
    note = library.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(float(logs["loss"]))
    )
    model.fit(
        inputs if len(inputs) > 1 else inputs[0],
        targets if len(targets) > 1 else targets[0],
        batch_size=_BATCH,
        epochs=_EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=[note],
    )
    return seen
