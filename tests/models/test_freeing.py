"""Models that nobody holds any more are freed at once, not when the garbage collector runs."""

from __future__ import annotations

import gc
import itertools
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typing_extensions import Self

import kplug
from kplug.callbacks import Callback, EarlyStopping
from kplug.layers import LSTM, BatchNormalization, Dense, Dropout, Reshape

X, Y = np.zeros((8, 6), "float32"), np.zeros((8, 1), "float32")


class Subclassed(kplug.Model):
    """Has layers as attributes, in a list and in a dict."""

    def __init__(self) -> None:
        super().__init__(input_shape=(6,))
        self.blocks = [Dense(4), Dense(3)]
        self.heads = {"score": Dense(1)}
        self.notes: list[Any] = []

    def call(self, inputs: Any) -> Any:
        """Return one number for each sample."""
        for block in self.blocks:
            inputs = block(inputs)
        return self.heads["score"](inputs)

    def get_config(self) -> dict[str, Any]:
        """Return nothing: there are no arguments."""
        return {}

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Self:
        """Make one."""
        return cls()


def make_chain() -> kplug.Sequential:
    layers = [
        Reshape((3, 2), input_shape=(6,)),
        LSTM(3, kernel_regularizer="l2(0.1)"),
        BatchNormalization(),
        Dropout(0.1),
        Dense(1, activity_regularizer="l1(0.1)"),
    ]
    return kplug.Sequential(layers)


def make_graph() -> kplug.Model:
    inputs = kplug.Input((6,))
    shared = Dense(4)
    inner = kplug.Sequential([Dense(6, input_shape=(6,))])
    return kplug.Model(inputs, Dense(1)(shared(inputs) * 2 + shared(inner(inputs))))


def make_graph_with_loss() -> kplug.Model:
    model = make_graph()
    model.add_loss(kplug.ops.mean(model.output))
    return model


def leave(model: kplug.Model, folder: Path) -> kplug.Model:
    return model


def build(model: kplug.Model, folder: Path) -> kplug.Model:
    model.predict(X, verbose=0)
    model.summary(print_fn=lambda _: None)
    return model


def fit(model: kplug.Model, folder: Path) -> kplug.Model:
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(
        X, Y, verbose=0, validation_data=(X, Y), callbacks=[EarlyStopping("loss"), Callback()]
    )
    model.evaluate(X, Y, verbose=0)
    return model


def save(model: kplug.Model, folder: Path) -> kplug.Model:
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    model.save_weights(folder / "weights.h5")
    return model


def load(model: kplug.Model, folder: Path) -> kplug.Model:
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    model.save(folder / "model.keras")
    loaded: kplug.Model = kplug.models.load_model(
        folder / "model.keras", custom_objects={"Subclassed": Subclassed}
    )
    return loaded


@pytest.fixture
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.sampled
@pytest.mark.usefixtures("_without_collector")
@pytest.mark.parametrize(
    ("make", "do"),
    [
        *itertools.product([make_chain, make_graph, Subclassed], [leave, build, fit, save, load]),
        (make_graph_with_loss, fit),  # a file has no place for it
    ],
)
def test_a_model_that_nobody_holds_is_freed_with_all_it_has(
    make: Callable[[], kplug.Model], do: Callable[..., kplug.Model], tmp_path: Path
) -> None:
    model = do(make(), tmp_path)
    parts = {"model": model, "layer": model.layers[-1], "history": model.history}
    if model.compiled is not None:
        parts["optimizer"] = model.optimizer
        parts["weight"] = model.optimizer.param_groups[0]["params"][0]
    links = {name: weakref.ref(part) for name, part in parts.items() if part is not None}
    del model, parts
    assert [name for name, link in links.items() if link() is not None] == []


@pytest.mark.usefixtures("_without_collector")
def test_an_output_keeps_what_it_is_made_of() -> None:
    outputs = Dense(1)(Dense(4)(kplug.Input((6,))))
    model = kplug.Model(outputs.layer.input.layer.input, outputs)
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Dense", "Dense"]
    layer = Dense(2)
    layer(kplug.Input((6,)))
    assert layer.output.shape == (None, 2)
    assert layer.output.layer is layer


@pytest.mark.usefixtures("_without_collector")
def test_a_record_does_not_hold_the_model() -> None:
    model = make_chain()
    model.compile("sgd", "mse")
    history = model.fit(X, Y, verbose=0)
    assert history.model is model
    del model
    assert history.model is None
    assert len(history.history["loss"]) == 1


@pytest.mark.usefixtures("_without_collector")
def test_a_list_of_layers_may_outlive_its_model() -> None:
    model = Subclassed()
    blocks, heads = model.blocks, model.heads
    del model
    blocks.append(Dense(1))
    heads["other"] = blocks.pop()
    assert (len(blocks), list(heads)) == (2, ["score", "other"])
