"""Sums of losses in a model: training, logs, provenance, files, refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug.errors import ContractError, KplugError
from kplug.layers import Dense, Input, Masking
from kplug.models import Model, Sequential

SUM = "0.5*dice_loss(smooth=1, thresh=None) + binary_crossentropy"
_DRAWS = np.random.default_rng(0)
X = _DRAWS.normal(size=(24, 3)).astype("float32")
Y = (_DRAWS.random((24, 2)) > 0.5).astype("float32")
W = _DRAWS.random(24).astype("float32")


def _make(loss: Any = SUM, **more: Any) -> Sequential:
    torch.manual_seed(0)
    model = Sequential([Input((3,)), Dense(2, activation="sigmoid")])
    model.compile("sgd(lr=0.1)", loss, jit_compile=False, **more)
    return model


def _two_outputs(loss: Any, **more: Any) -> Model:
    torch.manual_seed(0)
    inputs = Input((3,))
    one = Dense(2, activation="sigmoid", name="one")(inputs)
    two = Dense(2, activation="sigmoid", name="two")(inputs)
    model = Model(inputs, [one, two])
    model.compile("sgd(lr=0.1)", loss, jit_compile=False, **more)
    return model


def test_logs_have_each_term_without_its_factor() -> None:
    model = _make()
    history = model.fit(
        X, Y, batch_size=8, validation_data=(X, Y), shuffle=False, verbose=0
    ).history
    assert list(history) == [  # in Keras's order, by name
        "binary_crossentropy", "dice_loss", "loss",
        "val_binary_crossentropy", "val_dice_loss", "val_loss",
    ]  # fmt: skip
    for at in ("", "val_"):
        total = 0.5 * history[f"{at}dice_loss"][0] + history[f"{at}binary_crossentropy"][0]
        assert history[f"{at}loss"][0] == pytest.approx(total, rel=1e-5)
    assert model.metrics_names == ["loss", "dice_loss", "binary_crossentropy"]
    assert list(model.evaluate(X, Y, verbose=0, return_dict=True)) == sorted(model.metrics_names)


def test_it_trains_as_the_terms_of_two_outputs_that_are_one() -> None:
    model = _make("0.5*mse + mae")
    torch.manual_seed(0)
    inputs = Input((3,))
    output = Dense(2, activation="sigmoid")(inputs)
    other = Model(inputs, [output, output])
    other.compile("sgd(lr=0.1)", ["mse", "mae"], loss_weights=[0.5, 1.0], jit_compile=False)
    model.fit(X, Y, sample_weight=W, batch_size=8, shuffle=False, verbose=0)
    other.fit(X, [Y, Y], sample_weight=[W, W], batch_size=8, shuffle=False, verbose=0)
    for mine, others in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(mine, others, rtol=1e-6, atol=1e-7)


def test_a_custom_step_has_the_same_logs() -> None:
    class Own(Sequential):
        def compute_loss(self, *given: Any, **named: Any) -> Any:
            return super().compute_loss(*given, **named)

    torch.manual_seed(0)
    model = Own([Input((3,)), Dense(2, activation="sigmoid")])
    model.compile("sgd(lr=0.1)", SUM)
    own = model.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history
    plain = _make().fit(X, Y, batch_size=8, shuffle=False, verbose=0).history
    assert own.keys() == plain.keys()
    for name, values in plain.items():
        assert own[name] == pytest.approx(values, rel=1e-5)


def test_several_outputs() -> None:
    model = _two_outputs({"one": "0.5*mse + mae", "two": "mse"}, loss_weights=[2.0, 3.0])
    logs = model.evaluate(X, [Y, Y], verbose=0, return_dict=True)
    assert model.metrics_names == [
        "loss", "one_loss", "one_mean_squared_error", "one_mean_absolute_error", "two_loss",
    ]  # fmt: skip
    one = 0.5 * logs["one_mean_squared_error"] + logs["one_mean_absolute_error"]
    assert logs["one_loss"] == pytest.approx(one, rel=1e-5)
    assert logs["loss"] == pytest.approx(2 * one + 3 * logs["two_loss"], rel=1e-5)


def test_names_that_are_taken_get_a_number() -> None:
    model = _make("mse + 0.5*mse", metrics=["mean_squared_error", "mae"])
    assert model.metrics_names == [
        "loss", "mean_squared_error", "mean_squared_error_1", "mean_squared_error_2", "mae",
    ]  # fmt: skip


def test_one_term_has_no_log_of_its_own() -> None:
    assert _make("0.5*mse", metrics=["mean_squared_error"]).metrics_names == [
        "loss",
        "mean_squared_error",
    ]


def test_logs_have_the_names_of_the_losses() -> None:
    model = _make("dice(name='overlap') + huber + 2*dice_loss(smooth=1, thresh=None)")
    assert model.metrics_names == ["loss", "overlap", "huber_loss", "dice_loss"]


def test_sums_in_sums_are_split() -> None:
    inner = kplug.losses.WeightedSum(["mse(reduction='sum')", "mae"], [1.0, 2.0])
    model = _make(kplug.losses.WeightedSum([inner, "huber"], [0.5, 1.0]))
    assert model.metrics_names == [
        "loss",
        "mean_squared_error",
        "mean_absolute_error",
        "huber_loss",
    ]
    logs = model.evaluate(X, Y, batch_size=8, verbose=0, return_dict=True)
    total = 0.5 * logs["mean_squared_error"] + logs["mean_absolute_error"] + logs["huber_loss"]
    assert logs["loss"] == pytest.approx(total, rel=1e-5)
    whole = _make("0.5*mse(reduction='sum') + mae + huber")
    assert whole.evaluate(X, Y, batch_size=8, verbose=0)[0] == pytest.approx(logs["loss"], rel=1e-6)


def test_masks_and_weights_reach_each_term() -> None:
    def make(loss: str) -> Sequential:
        torch.manual_seed(0)
        model = Sequential([Input((4, 3)), Masking(0.0), Dense(2, activation="sigmoid")])
        model.compile("sgd", loss, jit_compile=False)
        return model

    x = _DRAWS.normal(size=(8, 4, 3)).astype("float32")
    x[:, 2:] = 0.0
    y = (_DRAWS.random((8, 4, 2)) > 0.5).astype("float32")
    weights = _DRAWS.random((8, 4)).astype("float32")
    for given in (None, weights):
        of_sum = make("0.5*mse + mae").evaluate(
            x, y, sample_weight=given, verbose=0, return_dict=True
        )
        for loss, name in (("mse", "mean_squared_error"), ("mae", "mean_absolute_error")):
            alone = make(loss).evaluate(x, y, sample_weight=given, verbose=0)
            assert of_sum[name] == pytest.approx(alone, rel=1e-6)


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_reduced_types_are_computed_in_float32(precision: str) -> None:
    model = _make("1e4*mse + bce", precision=precision)
    model.fit(X, Y, verbose=0)
    logs = model.evaluate(X, Y, verbose=0, return_dict=True)
    total = 1e4 * logs["mean_squared_error"] + logs["binary_crossentropy"]
    assert logs["loss"] == pytest.approx(total, rel=1e-5)


@pytest.mark.filterwarnings("ignore:.*__array__ implementation:DeprecationWarning")
def test_keras_opens_the_model_without_its_loss(tmp_path: Path) -> None:
    import keras

    model = _make("0.5*mse + huber")
    model.save(tmp_path / "model.keras")
    with pytest.raises(TypeError, match="Could not locate class 'weighted_sum'"):
        keras.saving.load_model(tmp_path / "model.keras")
    theirs = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(
        theirs.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_callbacks_monitor_a_term() -> None:
    stop = kplug.callbacks.EarlyStopping("val_dice_loss", patience=0, min_delta=10.0)
    history = _make().fit(X, Y, validation_data=(X, Y), epochs=5, callbacks=[stop], verbose=0)
    assert len(history.history["val_dice_loss"]) == 2


def test_each_term_has_its_row() -> None:
    rows = {row.slot: row for row in _make().components}
    assert rows["loss"].name == "kplug/weighted_sum"
    assert rows["loss"].written.startswith("0.5*kplug-segmentation/dice_loss(smooth=1, thresh=None")
    assert rows["loss.terms/0"].name == "kplug-segmentation/dice_loss"
    assert rows["loss.terms/0"].arguments.items() >= {"smooth": 1, "thresh": None}.items()
    assert rows["loss.terms/1"].name == "kplug/binary_crossentropy"


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
@pytest.mark.parametrize("loss", [SUM, "mse + 2*huber(delta=0.5)", "0.5*mse"])
def test_files_keep_it(tmp_path: Path, name: str, loss: str) -> None:
    model = _make(loss)
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / name)
    again = kplug.models.load_model(tmp_path / name)
    assert [row.slot for row in again.components] == [row.slot for row in model.components]
    assert [row.name for row in again.components] == [row.name for row in model.components]
    assert again.metrics_names == model.metrics_names
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_an_object_is_kept_as_well(tmp_path: Path) -> None:
    model = _make(kplug.losses.WeightedSum(["mse", kplug.losses.Huber(0.5)], [1.0, 2.0]))
    model.save(tmp_path / "model.keras")
    again = kplug.models.load_model(tmp_path / "model.keras")
    assert (
        again.metrics_names == model.metrics_names == ["loss", "mean_squared_error", "huber_loss"]
    )
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_the_users_own_functions() -> None:
    def off(y_true: Any, y_pred: Any) -> Any:
        return (y_true - y_pred).abs().mean(-1)

    with kplug.scope(losses={"off": off}):
        model = _make("off + mse")
    assert model.metrics_names == ["loss", "off", "mean_squared_error"]
    model.fit(X, Y, verbose=0)


@pytest.mark.slow
def test_compiled_steps_have_the_same_numbers() -> None:
    histories = []
    for jit in (False, True):
        torch.manual_seed(0)
        model = Sequential([Input((3,)), Dense(2, activation="sigmoid")])
        model.compile("sgd(lr=0.1)", SUM, jit_compile=jit)
        histories.append(model.fit(X, Y, batch_size=8, shuffle=False, verbose=0).history)
    for name, values in histories[0].items():
        assert histories[1][name] == pytest.approx(values, rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("mse + adam", "loss.terms[1]: 'adam' is an optimizer, not a loss"),
        ("mse + no_such", "loss.terms[1]: no loss is named 'no_such'"),
        ("mse + huber(dleta=1)", "loss.terms[1]: huber has no argument 'dleta'"),
        ("mse + acc", "loss.terms[1]: 'acc' is a metric, not a loss"),
        ("1 + 2", "loss: cannot read the spec '1 + 2': a sum needs a component"),
    ],
)
def test_refuses(loss: str, message: str) -> None:
    with pytest.raises(KplugError) as caught:
        _make(loss)
    assert str(caught.value).startswith(message)


def test_terms_without_a_reduction_are_refused() -> None:
    with pytest.raises(ContractError, match=r"^loss.terms\[0\]: the loss 'mean_squared_error' has"):
        _make("mse(reduction='none') + mae")


def test_an_error_in_a_term_names_it() -> None:
    def broken(y_true: Any, y_pred: Any) -> Any:
        return "no tensor"

    with kplug.scope(losses={"broken": broken}):
        model = _make("mse + broken")
    with pytest.raises(ContractError, match=r"loss.terms\[1\]: broken returned str"):
        model.fit(X, Y, verbose=0)
