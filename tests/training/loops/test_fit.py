"""The loop of ``fit``: epochs, callbacks, and data that end early."""

from __future__ import annotations

import io
import warnings
from typing import Any

import keras
import numpy as np
import pytest
from torch import Tensor

import kplug
from kplug.callbacks import Callback, LambdaCallback
from kplug.errors import (
    DataError,
    KplugWarning,
    NonFiniteLossWarning,
    UnknownComponentError,
)
from tests.training.linear_regression import X, Y, make_model


def test_training_learns() -> None:
    model = make_model()
    history = model.fit(X, Y, epochs=30, verbose=0)
    assert history is model.history
    assert history.epoch == list(range(30))
    assert history.history["loss"][-1] < 1e-3 < history.history["loss"][0]
    assert model.evaluate(X, Y, verbose=0) < 1e-3


def test_a_constraint_holds_after_every_step() -> None:
    model = make_model(kernel_constraint="non_neg")
    model.fit(X, Y, epochs=3, verbose=0)
    assert (model.get_weights()[0] >= 0).all()


# ---------------------------------------------------------------- losses that cannot train


@pytest.mark.parametrize("device_reads", [1, 300])
def test_a_loss_that_becomes_nan_is_reported_once_with_its_step(device_reads: int) -> None:
    x = np.ones((device_reads * 4, 3), "float32")
    x[8 if device_reads > 2 else 0 :] = np.nan
    model = make_model()
    with pytest.warns(NonFiniteLossWarning) as caught:
        history = model.fit(x, np.ones(len(x)), epochs=2, batch_size=4, shuffle=False, verbose=0)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    step = 3 if device_reads > 2 else 1
    assert str(caught[0].message) == (
        f"the loss 'mean_squared_error' was not finite for the first time in epoch 1, step {step}. "
        "Training goes on as in Keras, but weights that became NaN stay so. Try a smaller learning "
        "rate, clipnorm=1.0 in the optimizer, inputs scaled to about 1, and look for NaN in the "
        "data; callbacks=['terminate_on_nan'] stops at the first such step."
    )
    assert len(history.epoch) == 2


@pytest.mark.parametrize(
    "loss", ["categorical_generalized_cross_entropy", "sparse_categorical_crossentropy", "circle"]
)
def test_training_stops_at_the_first_step_of_weights_that_are_nan(loss: str) -> None:
    model = kplug.Sequential([kplug.layers.Dense(3, activation="softmax", input_dim=2)])
    model.compile("sgd", loss)
    model.set_weights([weight * np.nan for weight in model.get_weights()])
    with pytest.warns(NonFiniteLossWarning):
        history = model.fit(
            np.ones((6, 2), "float32"),
            np.arange(6) % 3,
            batch_size=3,
            epochs=3,
            verbose=0,
            callbacks=["terminate_on_nan"],
        )
    assert history.epoch == [0]


def test_training_stops_at_nan_if_asked(capsys: Any) -> None:
    x = np.ones((40, 3), "float32")
    x[8:] = np.nan
    model = make_model()
    with pytest.warns(NonFiniteLossWarning) as caught:
        history = model.fit(
            x,
            np.ones(40),
            batch_size=4,
            epochs=5,
            shuffle=False,
            verbose=0,
            callbacks=["terminate_on_nan"],
        )
    assert capsys.readouterr().out == "Batch 2: the loss is nan; training stops\n"
    assert history.epoch == [0]
    assert str(caught[0].message) == (
        "the loss 'mean_squared_error' was not finite for the first time in epoch 1, step 3. "
        "Try a smaller learning rate, clipnorm=1.0 in the optimizer, inputs scaled to about 1, and "
        "look for NaN in the data."
    )


# ---------------------------------------------------------------- callbacks


def test_callbacks_are_given_by_spec() -> None:
    model = make_model(optimizer="sgd(lr=0.0)")
    history = model.fit(
        X,
        Y,
        epochs=10,
        verbose=0,
        validation_split=0.25,
        callbacks=["early_stopping(patience=2)", "reduce_lr_on_plateau(patience=1)"],
    )
    assert len(history.epoch) == 3
    assert list(history.history) == ["loss", "val_loss", "learning_rate"]


def test_an_unknown_callback_is_named_with_its_place() -> None:
    with pytest.raises(UnknownComponentError, match=r"callbacks\[0\]"):
        make_model().fit(X, Y, callbacks=["early_stoping"], verbose=0)


class Recorder(Callback):
    def __init__(self) -> None:
        self.calls: list[str] = []


def _record(name: str) -> Any:
    return lambda self, *arguments, **options: self.calls.append(name)


for _name in [name for name in vars(Callback) if name.startswith("on_")]:
    if not _name.startswith("on_batch"):
        setattr(Recorder, _name, _record(_name.removeprefix("on_")))


def test_hooks_come_in_keras_order() -> None:
    import keras

    class TheirRecorder(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.calls: list[str] = []

    for name in [name for name in vars(Recorder) if name.startswith("on_")]:
        setattr(TheirRecorder, name, _record(name.removeprefix("on_")))
    ours, theirs = Recorder(), TheirRecorder()
    options: dict[str, Any] = {"batch_size": 32, "epochs": 2, "verbose": 0, "validation_split": 0.5}
    make_model().fit(X, Y, callbacks=[ours], **options)
    keras_model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    keras_model.compile(optimizer="sgd", loss="mse")
    keras_model.fit(X, Y, callbacks=[theirs], **options)
    assert ours.calls == theirs.calls


def test_a_callback_can_stop_training_after_the_current_step() -> None:
    model = make_model()
    steps: list[int] = []

    def stop(batch: int, logs: Any) -> None:
        steps.append(batch)
        model.stop_training = True

    epochs = model.fit(
        X, Y, batch_size=8, epochs=3, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=stop)]
    ).epoch
    assert (steps, epochs) == ([0], [0])


def test_logs_that_a_callback_keeps_stay_those_of_their_step() -> None:
    kept: list[Any] = []
    keeper = LambdaCallback(on_train_batch_end=lambda batch, logs: kept.append(logs))
    make_model().fit(X, Y, batch_size=8, verbose=0, callbacks=[keeper])
    assert len({logs["loss"] for logs in kept}) == len(kept) == 8


def test_what_callbacks_add_to_the_logs_is_recorded() -> None:
    def add(epoch: int, logs: Any) -> None:
        logs["extra"] = epoch

    history = make_model().fit(
        X, Y, epochs=2, verbose=0, callbacks=[LambdaCallback(on_epoch_end=add)]
    )
    assert history.history["extra"] == [0, 1]


# ---------------------------------------------------------------- display, results, bad input


def test_each_epoch_prints_a_line_where_there_is_no_terminal(capsys: Any) -> None:
    make_model().fit(X, Y, epochs=2, validation_split=0.25)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("Epoch 1/2 - ")
    assert " - loss: " in lines[1]
    assert " - val_loss: " in lines[1]


def test_silence_is_silent(capsys: Any) -> None:
    model = make_model()
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert capsys.readouterr().out == ""


def test_a_bar_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich import console

    file = io.StringIO()
    monkeypatch.setattr(
        "kplug.training.reports.progress_bar._make_console",
        lambda: console.Console(file=file, force_terminal=True, width=100),
    )
    make_model().fit(X, Y, epochs=2, verbose=1)
    assert "Epoch 2/2" in file.getvalue()
    assert "2/2" in file.getvalue()


def test_fit_is_quiet_about_warnings_of_other_libraries() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_model().fit(X[::-1], Y[::-1], verbose=0)


def test_weights_of_a_loss_over_the_whole_batch_are_warned_about() -> None:
    def whole(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_true - y_pred).square().sum()

    with pytest.warns(KplugWarning, match="sample_weight cannot act on single samples"):
        make_model(loss=whole).fit(X, Y, sample_weight=np.ones(64), verbose=0)


def batches(count: int, *, have_targets: bool = True) -> Any:
    return ((X[:16], Y[:16]) if have_targets else X[:16] for _ in range(count))


def test_a_generator_that_ends_early_stops_training_instead_of_reporting_nan() -> None:
    model = make_model()
    with pytest.warns(KplugWarning, match="ended in epoch 2, after 0 steps"):
        history = model.fit(batches(2), epochs=4, verbose=0)
    assert (history.epoch, len(history.history["loss"])) == ([0], 1)


def test_an_epoch_cut_short_by_its_generator_is_the_last_one() -> None:
    model = make_model()
    with pytest.warns(KplugWarning, match="ended in epoch 2, after 1 of 4 steps"):
        history = model.fit(batches(5), epochs=4, steps_per_epoch=4, verbose=0)
    assert history.epoch == [0, 1]
    assert np.isfinite(history.history["loss"]).all()


def test_a_generator_that_gives_exactly_what_is_asked_for_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = make_model().fit(batches(4), epochs=2, steps_per_epoch=2, verbose=0)
    assert history.epoch == [0, 1]


def note_sizes(library: Any, method: str, count: int, **arguments: Any) -> list[Any]:
    """Return the sizes of the batches that a model is given, "end" after each epoch."""
    sizes: list[Any] = []

    class Noting(library.layers.Layer):  # type: ignore[misc]  # of either library
        def call(self, inputs: Tensor) -> Tensor:
            sizes.append(inputs.shape[0])
            return inputs

    model = library.Sequential([library.layers.Input((1,)), Noting(), library.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.zeros((count, 1), "float32")
    ends = library.callbacks.LambdaCallback(
        on_train_begin=lambda logs=None: sizes.clear(),
        on_epoch_end=lambda epoch, logs=None: sizes.append("end"),
        on_test_begin=lambda logs=None: sizes.append("test"),
        on_predict_begin=lambda logs=None: sizes.clear(),
    )
    data = (x,) if method == "predict" else (x, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras's arrays and NumPy 2
        getattr(model, method)(*data, verbose=0, callbacks=[ends], **arguments)
    return sizes[sizes.index("test") :] if method == "evaluate" else sizes


@pytest.mark.parametrize(
    ("method", "count", "arguments"),
    [
        ("fit", 100, {"steps_per_epoch": 5, "epochs": 2}),
        ("fit", 100, {"steps_per_epoch": 3, "epochs": 2}),
        ("fit", 100, {"steps_per_epoch": 2, "validation_split": 0.5, "validation_steps": 4}),
        ("fit", 10, {"batch_size": 4, "steps_per_epoch": 3, "epochs": 2}),
        ("evaluate", 100, {"steps": 3}),
        ("predict", 100, {"steps": 3}),
        ("predict", 3, {"steps": 5}),
    ],
)
def test_arrays_without_a_batch_size_become_as_many_batches_as_there_are_steps(
    method: str, count: int, arguments: dict[str, Any]
) -> None:
    expected = note_sizes(keras, method, count, **arguments)
    assert note_sizes(kplug, method, count, **arguments) == expected


def test_an_epoch_goes_on_where_the_one_before_it_ended() -> None:
    """Keras ends the second epoch with the data, after one step, and warns that they ran out."""
    arguments = {"batch_size": 4, "steps_per_epoch": 2, "epochs": 3}
    assert note_sizes(keras, "fit", 10, **arguments) == [4, 4, "end", 2, "end", 4, 4, "end"]
    assert note_sizes(kplug, "fit", 10, **arguments) == [4, 4, "end", 2, 4, "end", 4, 2, "end"]


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_no_batch_at_all_is_refused(method: str) -> None:
    with pytest.raises(DataError, match=f"{method}: the iterable gave no batch"):
        getattr(make_model(), method)(batches(0), verbose=0)


def test_a_validation_generator_that_has_ended_costs_its_logs_and_not_the_training() -> None:
    with pytest.warns(KplugWarning, match=r"validation_data gave no batch in epoch 2"):
        history = make_model().fit(X, Y, validation_data=batches(1), epochs=2, verbose=0)
    assert (len(history.history["loss"]), len(history.history["val_loss"])) == (2, 1)


@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_batches_without_targets_are_named(method: str) -> None:
    model = make_model(kernel_regularizer="l2")
    with pytest.raises(DataError, match="a batch has no targets"):
        getattr(model, method)(batches(2, have_targets=False), verbose=0)
