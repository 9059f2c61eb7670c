from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug import backend, layers
from kplug.callbacks import Callback, LambdaCallback
from kplug.errors import (
    ArgumentValueError,
    ContractError,
    DataError,
    KplugWarning,
    LossWithoutGradientError,
    NonFiniteLossWarning,
    UnknownComponentError,
)
from kplug.models import Sequential

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(64, 3)).astype("float32")
Y = (X @ np.array([1.0, -2.0, 0.5], "float32"))[:, None] + 1


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    backend.clear_session()
    torch.manual_seed(0)


def make_model(loss: Any = "mse", optimizer: Any = "sgd(lr=0.1)", **options: Any) -> Sequential:
    model = Sequential([layers.Input((3,)), layers.Dense(1, **options)])
    model.compile(optimizer=optimizer, loss=loss)
    return model


def test_training_learns() -> None:
    model = make_model()
    history = model.fit(X, Y, epochs=30, verbose=0)
    assert history is model.history
    assert history.epoch == list(range(30))
    assert history.history["loss"][-1] < 1e-3 < history.history["loss"][0]
    assert model.evaluate(X, Y, verbose=0) < 1e-3


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X, Y[:, 0]),
        (X.tolist(), Y.tolist()),
        (torch.from_numpy(X), torch.from_numpy(Y)),
        (X.astype("float64"), Y.astype("float64")),
        ([X], [Y]),
    ],
)
def test_arrays_of_every_sort_give_the_same_losses(x: Any, y: Any) -> None:
    model = make_model(kernel_initializer="ones")
    reference = make_model(kernel_initializer="ones")
    options: dict[str, Any] = {"shuffle": False, "verbose": 0}
    assert model.fit(x, y, **options).history["loss"] == pytest.approx(
        reference.fit(X, Y, **options).history["loss"], rel=1e-6
    )


def test_batches_from_a_loader_and_a_generator_give_the_same_losses() -> None:
    data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    losses = []
    for source in (
        data,
        torch.utils.data.DataLoader(data, batch_size=32),
        ((X[i : i + 32], Y[i : i + 32]) for i in (0, 32)),
    ):
        model = Sequential([layers.Dense(1, kernel_initializer="ones")])
        model.compile(optimizer="sgd(lr=0.1)", loss="mse")
        losses.append(model.fit(source, verbose=0).history["loss"][0])
    model = make_model(kernel_initializer="ones")
    expected = model.fit(X, Y, shuffle=False, verbose=0).history["loss"][0]
    assert losses == pytest.approx([expected] * 3, rel=1e-6)


def test_integer_inputs_are_cast_for_a_dense_layer() -> None:
    model = make_model()
    pixels = np.arange(24, dtype="uint8").reshape(8, 3)
    model.fit(pixels, np.zeros(8), verbose=0)
    assert model.predict(pixels, verbose=0).dtype == np.float32


def test_shuffling_follows_the_global_seed() -> None:
    def train() -> list[float]:
        model = make_model(kernel_initializer="ones")
        torch.manual_seed(5)
        history = model.fit(X, Y, batch_size=8, epochs=3, verbose=0).history["loss"]
        return list(history)

    assert train() == train()


def test_a_constraint_holds_after_every_step() -> None:
    model = make_model(kernel_constraint="non_neg")
    model.fit(X, Y, epochs=3, verbose=0)
    assert (model.get_weights()[0] >= 0).all()


def test_a_frozen_model_does_not_change_and_says_so() -> None:
    model = make_model()
    model.layers[0].trainable = False
    model.compile(loss="mse")
    before = model.get_weights()
    with pytest.warns(KplugWarning) as caught:
        history = model.fit(X, Y, verbose=0)
    assert str(caught[0].message) == (
        "fit: model 'sequential' has no trainable weights, so nothing will change"
    )
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(before[0], model.get_weights()[0])
    assert history.history["loss"][0] > 0


@pytest.mark.parametrize("optimizer", ["sgd", "sgd(momentum=0.9)", "adam"])
def test_layer_that_is_frozen_later_stays_as_it_is(optimizer: str) -> None:
    model = Sequential([layers.Dense(2, input_shape=(3,)), layers.Dense(1)])
    model.compile(optimizer, "mse")
    model.fit(X, Y, verbose=0)
    frozen, trained = model.layers
    frozen.trainable = False
    before, others = frozen.get_weights(), trained.get_weights()
    model.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_array_equal(frozen.get_weights()[0], before[0])
    assert (trained.get_weights()[0] != others[0]).all()
    frozen.trainable = True
    freeze = LambdaCallback(on_epoch_begin=lambda *_: setattr(frozen, "trainable", False))
    model.fit(X, Y, verbose=0, callbacks=[freeze])
    np.testing.assert_array_equal(frozen.get_weights()[0], before[0])


def test_weights_that_became_trainable_too_late_are_pointed_out() -> None:
    model = Sequential([layers.Dense(3, input_shape=(3,)), layers.Dense(1)])
    model.layers[0].trainable = False
    model.compile(loss="mse")
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = True
    with pytest.warns(KplugWarning) as caught:
        model.fit(X, Y, verbose=0)
    assert str(caught[0].message) == (
        "fit: 2 weights of model 'sequential' became trainable after it was compiled, and the "
        "optimizer does not train them; call compile again"
    )
    model.compile(loss="mse")
    before = model.get_weights()[0]
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(before, model.get_weights()[0])


def test_penalties_alone_can_be_trained() -> None:
    model = Sequential([layers.Dense(1, input_shape=(3,), kernel_regularizer="l2(0.5)")])
    model.compile(optimizer="sgd(lr=0.1)")
    before = np.abs(model.get_weights()[0]).sum()
    model.fit(X, epochs=5, verbose=0)
    assert np.abs(model.get_weights()[0]).sum() < before


def test_torch_optimizers_train() -> None:
    made = []

    def make(params: Any) -> torch.optim.Optimizer:
        made.append(torch.optim.SGD(params, lr=0.1))
        return made[-1]

    for optimizer in (torch.optim.AdamW, make):
        model = make_model(optimizer=optimizer)
        before = model.get_weights()[0]
        model.fit(X, Y, verbose=0)
        assert not np.array_equal(before, model.get_weights()[0])
    assert model.optimizer is made[0]
    model = make_model()
    model.compile(optimizer=torch.optim.SGD(model.parameters(), lr=0.1), loss="mse")
    model.fit(X, Y, verbose=0)


def test_optimizer_state_goes_on_from_fit_to_fit() -> None:
    once, twice = (make_model(optimizer="adam", kernel_initializer="ones") for _ in range(2))
    options: dict[str, Any] = {"shuffle": False, "verbose": 0}
    once.fit(X, Y, epochs=4, **options)
    twice.fit(X, Y, epochs=2, **options)
    twice.fit(X, Y, epochs=4, initial_epoch=2, **options)
    np.testing.assert_array_equal(once.get_weights()[0], twice.get_weights()[0])


# ---------------------------------------------------------------- losses that cannot train


def thresholded_dice(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """The guide's literal dice: the comparison has no gradient."""
    y_pred = (y_pred > 0.5).float()
    return -(2 * (y_true * y_pred).sum() + 1e-5) / (y_true.sum() + y_pred.sum() + 1e-5)


@pytest.mark.parametrize("options", [{}, {"kernel_regularizer": "l2"}])
def test_a_loss_without_gradient_is_refused_at_the_first_step(options: dict[str, Any]) -> None:
    model = make_model(loss=thresholded_dice, **options)
    before = model.get_weights()
    with pytest.raises(LossWithoutGradientError) as caught:
        model.fit(X, Y, verbose=0)
    assert str(caught.value) == (
        "loss: the loss 'thresholded_dice' has no gradient\n"
        "  No gradient reaches the model's weights. A comparison such as `y_pred > thresh`, "
        "rounding and argmax are constant almost everywhere, and detach(), .numpy() or no_grad() "
        "cut the connection. Make the loss differentiable (keep y_pred as it is, or let the "
        "gradient pass straight through the threshold), or pass the function as one of "
        "metrics=[…] and train on another loss."
    )
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_the_same_function_works_as_a_metric() -> None:
    model = make_model()
    model.compile(optimizer="sgd", loss="mse", metrics=[thresholded_dice])
    assert "thresholded_dice" in model.fit(X, Y, verbose=0).history


def test_no_loss_at_all_is_refused() -> None:
    model = make_model(loss=None)
    with pytest.raises(ContractError) as caught:
        model.fit(X, Y, verbose=0)
    assert str(caught.value) == (
        "there is nothing to minimise: the model was compiled without a loss and has no "
        "penalties\n  Give one: compile(loss='mean_squared_error')."
    )


def test_an_unreduced_loss_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        make_model(loss="mean_squared_error(reduction='none')").fit(X, Y, verbose=0)
    assert str(caught.value) == (
        "the loss 'mean_squared_error' returned a tensor of shape (32,); training needs one "
        "number per batch\n  Use a reduction other than 'none'."
    )


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
        "kplug.training.reports.progress_bar.Console",
        lambda: console.Console(file=file, force_terminal=True, width=100),
    )
    make_model().fit(X, Y, epochs=2, verbose=1)
    assert "Epoch 2/2" in file.getvalue()
    assert "2/2" in file.getvalue()


def test_evaluate_returns_a_number_a_list_or_a_dict() -> None:
    model = make_model()
    assert isinstance(model.evaluate(X, Y, verbose=0), float)
    model.compile(loss="mse", metrics=["mae"])
    loss, error = model.evaluate(X, Y, verbose=0)
    named = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert named == {"loss": loss, "mae": error}
    assert model.test_on_batch(X, Y) == pytest.approx([loss, error], rel=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(X), model.predict(X, verbose=0), rtol=1e-5)


def test_dropout_is_off_after_training() -> None:
    model = Sequential([layers.Dense(5, input_shape=(3,)), layers.Dropout(0.5)])
    model.compile(loss="mse")
    model.fit(X, np.zeros((64, 5)), verbose=0)
    np.testing.assert_array_equal(model.predict(X, verbose=0), model.predict(X, verbose=0))
    x = torch.from_numpy(X)
    assert torch.equal(model(x), model(x))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"x": np.zeros((8, 5)), "y": np.zeros(8)},
            DataError,
            "fit: x has samples of shape (5,), but model 'sequential' takes samples of shape (3,)",
        ),
        (
            {"x": np.zeros((8, 3)), "y": np.zeros(7)},
            DataError,
            "fit: the arrays have different numbers of samples: x has 8, y has 7\n"
            "  The first axis of every array counts the samples.",
        ),
        (
            {"x": np.zeros((8, 3))},
            DataError,
            "fit: y is None, and the loss 'mean_squared_error' needs targets\n"
            "  Pass the targets as the second argument.",
        ),
        (
            {"x": X, "y": Y, "validation_data": (X[:, :2], Y)},
            DataError,
            "fit (validation_data): x has samples of shape (2,), but model 'sequential' takes "
            "samples of shape (3,)",
        ),
        (
            {"x": X, "y": Y, "validation_data": X},
            DataError,
            "fit: validation_data must be (x, y) or (x, y, sample_weight)\n"
            "  To hold out a part of the training data, use validation_split=0.2.",
        ),
        (
            {"x": iter([(X, Y)]), "validation_split": 0.5},
            DataError,
            "fit: validation_split needs arrays; an iterable of batches cannot be split\n"
            "  Pass validation_data.",
        ),
        (
            {"x": iter([(X, Y)]), "y": Y},
            DataError,
            "fit: y was given beside an iterable of batches, which holds it",
        ),
        (
            {"x": X, "y": Y, "epochs": 0},
            ArgumentValueError,
            "fit: argument 'epochs' is 0; allowed: an integer >= 1",
        ),
        (
            {"x": X, "y": Y, "validation_freq": 0},
            ArgumentValueError,
            "fit: argument 'validation_freq' is 0; allowed: an integer >= 1, or a list of epochs",
        ),
    ],
)
def test_bad_arguments_are_refused_before_anything_happens(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    model = make_model()
    before = model.get_weights()
    with pytest.raises(error) as caught:
        model.fit(verbose=0, **arguments)
    assert str(caught.value) == message
    np.testing.assert_array_equal(before[0], model.get_weights()[0])
    assert model.history is None


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


@pytest.mark.parametrize("method", ["fit", "evaluate"])
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


@pytest.mark.parametrize(
    ("method", "argument", "value"),
    [
        ("fit", "initial_epoch", "1"),
        ("fit", "initial_epoch", -1),
        ("fit", "validation_steps", 0),
        ("fit", "validation_freq", "2"),
        ("evaluate", "batch_size", 0),
        ("evaluate", "verbose", 7),
        ("evaluate", "steps", 0),
        ("predict", "batch_size", 2.5),
        ("predict", "verbose", "loud"),
        ("predict", "steps", "1"),
    ],
)
def test_arguments_outside_their_range_name_their_method(
    method: str, argument: str, value: Any
) -> None:
    arguments = (X,) if method == "predict" else (X, Y)
    with pytest.raises(ArgumentValueError, match=f"^{method}: argument '{argument}' is"):
        getattr(make_model(), method)(*arguments, **{"verbose": 0, argument: value})


@pytest.mark.parametrize("slot", ["kernel_regularizer", "bias_regularizer", "activity_regularizer"])
@pytest.mark.parametrize(
    ("regularizer", "what"),
    [(torch.abs, "a tensor of shape"), (lambda weight_matrix: None, "None")],
)
def test_a_regularizer_without_one_number_is_named(slot: str, regularizer: Any, what: str) -> None:
    model = make_model(name="hidden", **{slot: regularizer})
    with pytest.raises(ContractError, match=what) as caught:
        model.fit(X, Y, verbose=0)
    assert "K.sum" in str(caught.value)


def test_a_refused_batch_leaves_no_penalty_for_the_next_call() -> None:
    model = make_model(activity_regularizer="l2(1.0)")
    expected = model.evaluate(X, Y, verbose=0)
    with pytest.raises(DataError):
        model.evaluate(X, np.zeros((64, 3)), verbose=0)
    model(torch.ones(1, 3))
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected)
