"""SwapEMAWeights: the same training in Keras and here, from the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import kplug
from kplug.callbacks import BackupAndRestore, Callback, EarlyStopping, SwapEMAWeights
from kplug.errors import ContractError
from kplug.layers import Dense

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(24, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]]).astype("float32")
START = [GENERATOR.normal(size=(3, 1)).astype("float32"), np.zeros(1, "float32")]
EPOCHS = 3

# Keras 3.15 itself triggers this one with NumPy 2 when it reads its own variables.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def train(library: Any, layer: Any, optimizer: Any, callbacks: list[Any]) -> Any:
    model = library.Sequential([layer(1)])
    model.build((None, 3))
    model.set_weights(START)
    model.compile(optimizer, "mse")
    history = model.fit(
        X,
        Y,
        batch_size=8,
        epochs=EPOCHS,
        shuffle=False,
        validation_data=(X, Y),
        callbacks=callbacks,
        verbose=0,
    )
    return model, history.history


def train_keras(**options: Any) -> tuple[Any, dict[str, list[float]], list[Any]]:
    seen: list[Any] = []

    class Record(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(self.model.get_weights())

    optimizer = keras.optimizers.SGD(0.1, momentum=0.5, use_ema=True, ema_momentum=0.75)
    callbacks = [keras.callbacks.SwapEMAWeights(**options), Record()]
    model, history = train(keras, keras.layers.Dense, optimizer, callbacks)
    return model, history, seen


class Record(Callback):
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seen.append(self.model.get_weights())


OPTIMIZER = "sgd(lr=0.1, momentum=0.5, use_ema=True, ema_momentum=0.75)"


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_validation_and_later_callbacks_see_what_they_see_in_keras(swap_on_epoch: bool) -> None:
    record = Record()
    callbacks = [SwapEMAWeights(swap_on_epoch), record]
    model, history = train(kplug, Dense, OPTIMIZER, callbacks)
    keras_model, keras_history, keras_seen = train_keras(swap_on_epoch=swap_on_epoch)
    assert history["val_loss"] == pytest.approx(keras_history["val_loss"], rel=1e-5)
    assert history["loss"] == pytest.approx(keras_history["loss"], rel=1e-5)
    for ours, theirs in zip(record.seen, keras_seen, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)
    for one, other in zip(model.get_weights(), keras_model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_a_run_that_is_ended_early_ends_with_the_averages() -> None:
    record = Record()
    stop = EarlyStopping("loss", mode="max", patience=0)
    callbacks = [SwapEMAWeights(swap_on_epoch=True), record, stop]
    model, history = train(kplug, Dense, OPTIMIZER, callbacks)
    assert len(history["loss"]) < EPOCHS
    for kept, seen in zip(model.get_weights(), record.seen[-1], strict=True):
        np.testing.assert_array_equal(kept, seen)
    before = model.get_weights()
    model.evaluate(X, Y, callbacks=callbacks[:1], verbose=0)
    for kept, seen in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(kept, seen)


def test_a_backup_leaves_the_averages_in_the_model(tmp_path: Path) -> None:
    record = Record()
    train(kplug, Dense, OPTIMIZER, [SwapEMAWeights(True), BackupAndRestore(tmp_path), record])
    for ours, theirs in zip(record.seen, train_keras(swap_on_epoch=True)[2], strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)


def test_predictions_are_made_with_the_averages() -> None:
    model, _ = train(kplug, Dense, OPTIMIZER, [])
    state = model.optimizer.state
    kernel, bias = (state[weight]["average"].clone() for weight in model.weights)
    model.set_weights(START)
    made = model.predict(X, callbacks=SwapEMAWeights(), verbose=0)
    np.testing.assert_allclose(made, X @ kernel.numpy() + bias.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.get_weights()[0], START[0])


def test_an_optimizer_inside_another_may_keep_them() -> None:
    optimizer = f"loss_scale_optimizer({OPTIMIZER}, initial_scale=1.0)"
    history = train(kplug, Dense, optimizer, [SwapEMAWeights()])[1]
    _, keras_history, _ = train_keras()
    assert history["val_loss"] == pytest.approx(keras_history["val_loss"], rel=1e-4)


@pytest.mark.parametrize("optimizer", ["adam", "torch/sgd(lr=0.1)"])
def test_an_optimizer_without_averages_is_refused_at_the_start(optimizer: str) -> None:
    with pytest.raises(ContractError) as caught:
        train(kplug, Dense, optimizer, [SwapEMAWeights()])
    assert str(caught.value) == (
        "SwapEMAWeights: the optimizer keeps no moving averages of the weights\n"
        "  Compile the model with use_ema, as in optimizer='adam(use_ema=True)'."
    )
