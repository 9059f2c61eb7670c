"""Models that are classes of the user's own, and files of weights."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kplug import backend, layers
from kplug.errors import DataError, KplugError, NotBuiltError, WeightsError
from kplug.models import Model, Sequential, model_from_config, model_from_json, save_model


class Residual(Model):
    """inputs + dense(dropout(inputs)), from layers and a torch module."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.first = layers.Dense(6, activation="relu", kernel_regularizer="l2")
        self.dropout = layers.Dropout(0.5)
        self.second = nn.Linear(6, 3)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the outputs."""
        outputs: Tensor = self.second(self.dropout(self.first(inputs)))
        return inputs + outputs


NONE: Any = None
X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")


def test_a_subclassed_model_trains() -> None:
    model = Residual()
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    history = model.fit(X, np.zeros((40, 3)), epochs=20, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert len(model.get_weights()) == 4
    assert [layer.name for layer in model.layers] == ["dense", "dropout"]
    assert "dense.kernel_regularizer" in {row.slot for row in model.components}


def test_a_subclassed_model_knows_its_shape_from_the_data() -> None:
    model = Residual()
    assert not model.built
    assert model.predict(X, verbose=0).shape == (40, 3)
    with pytest.raises(DataError) as caught:
        model.predict(np.zeros((2, 4)), verbose=0)
    assert str(caught.value) == (
        "layer 'dense' expects inputs of shape (None, 3), got shape (2, 4)"
    )


def test_a_subclassed_model_can_be_told_its_shape() -> None:
    model = Residual(input_shape=(3,))
    assert [weight.shape for weight in model.get_weights()] == [(3, 6), (6,), (3, 6), (3,)]


def test_a_subclassed_model_fits_into_a_chain() -> None:
    model = Sequential([layers.Input((3,)), Residual(), layers.Dense(2)])
    assert model.output_shape == (None, 2)
    model.compile(loss="mse")
    model.fit(X, np.zeros((40, 2)), verbose=0)


def test_weights_go_through_a_file(tmp_path: Path) -> None:
    def make() -> Sequential:
        backend.clear_session()
        return Sequential([layers.Dense(4, input_shape=(3,)), layers.Dense(2)])

    model, other = make(), make()
    path = tmp_path / "weights.h5"
    model.save_weights(path)
    other.load_weights(path)
    np.testing.assert_array_equal(model.predict(X, verbose=0), other.predict(X, verbose=0))


def test_weights_of_a_part_are_loaded_by_name(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(4, input_shape=(3,), name="shared"), layers.Dense(2)])
    path = tmp_path / "weights.h5"
    model.save_weights(path)
    other = Sequential([layers.Dense(4, input_shape=(3,), name="shared"), layers.Dense(7)])
    before = other.get_weights()
    other.load_weights(path, by_name=True)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    np.testing.assert_array_equal(other.get_weights()[2], before[2])


def test_a_model_without_input_shape_has_no_weights_to_save(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError) as caught:
        Sequential([layers.Dense(2)]).save_weights(tmp_path / "weights.h5")
    assert str(caught.value) == (
        "model 'sequential' has no weights yet: its input shape is unknown\n"
        "  Give the first layer an input_shape, or call the model on data once."
    )


def test_checkpoints_are_written_while_training(tmp_path: Path) -> None:
    model = Sequential([layers.Dense(3, input_shape=(3,))])
    model.compile(loss="mse")
    path = str(tmp_path / "w{epoch}.h5")
    model.fit(
        X,
        X,
        epochs=2,
        verbose=0,
        callbacks=[f"model_checkpoint({path!r}, save_weights_only=True)"],
    )
    assert sorted(file.name for file in tmp_path.iterdir()) == ["w1.h5", "w2.h5"]
    after = model.get_weights()[0]
    model.load_weights(tmp_path / "w1.h5")
    assert not np.array_equal(after, model.get_weights()[0])


def test_the_best_weights_come_back() -> None:
    model = Sequential([layers.Dense(3, input_shape=(3,))])
    model.compile(optimizer="sgd(lr=3.0)", loss="mse")
    early = "early_stopping(monitor='loss', patience=1, restore_best_weights=True)"
    history = model.fit(X, X, epochs=9, verbose=0, shuffle=False, callbacks=[early]).history
    assert len(history["loss"]) < 9
    assert torch.isfinite(torch.tensor(model.evaluate(X, X, verbose=0)))


@pytest.mark.parametrize(
    "copy_model", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
@pytest.mark.parametrize("is_functional", [False, True])
def test_a_copy_has_the_weights_that_the_model_will_have(
    copy_model: Callable[[Any], Any], is_functional: bool
) -> None:
    """Weights are drawn when they are first needed, and a copy needs them."""
    model: Model = Sequential([layers.Dense(4, input_shape=(3,)), layers.Dense(2)])
    if is_functional:
        inputs = layers.Input((3,))
        model = Model(inputs, layers.Dense(2)(inputs))
    copied = copy_model(model)
    np.testing.assert_array_equal(copied.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize("given", [None, 3, layers.Dense(1)])
def test_weights_that_are_no_list_are_refused(given: Any) -> None:
    model = Sequential([layers.Dense(2, input_dim=3, name="dense")], name="chain")
    before = model.get_weights()
    for owner in (model, model.layers[0]):
        with pytest.raises(
            WeightsError, match=r"weights are a list of arrays, got .*; nothing was assigned"
        ):
            owner.set_weights(given)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (
            lambda model: save_model(model.layers[0], "x.keras"),
            "^save_model: model is .*, no model",
        ),
        (lambda _: model_from_json(NONE), "the text is None, no JSON text"),
        (lambda _: model_from_config(NONE), "^None does not describe a layer"),
        (
            lambda model: model.summary(line_length="abc"),
            "'line_length' is 'abc'; allowed: a number",
        ),
        (lambda model: model.get_layer(index=1.5), "'index' is 1.5; allowed: the place of a layer"),
        (
            lambda model: model.compute_output_shape("abc"),
            "'input_shape' is 'abc'; allowed: a shape",
        ),
        (lambda model: model.compute_output_shape(3), "'input_shape' is 3; allowed: a shape"),
    ],
)
def test_what_a_model_is_asked_wrongly_is_said(ask: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(KplugError, match=text):
        ask(Sequential([layers.Dense(2, input_dim=3)]))
