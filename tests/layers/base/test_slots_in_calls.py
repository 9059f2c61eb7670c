"""Slots whose component a layer's ``call`` uses itself: shapes are found, models compute and train."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import kplug
from kplug import Model, Sequential
from kplug.errors import GraphError, KplugError, UnknownComponentError
from kplug.layers import Dense, Input, Layer

X = np.asarray([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]], "float32")

# For each kind of slot what a call does with its component.
USES: dict[str, Callable[[Any, Tensor], Any]] = {
    "initializer": lambda part, x: part(x.shape[1:], dtype=x.dtype),
    "regularizer": lambda part, x: part(x),
    "constraint": lambda part, x: part(x),
    "activation": lambda part, x: part(x),
    "loss": lambda part, x: part(x, 2 * x),
    "schedule": lambda part, x: part(3),
    "layer": lambda part, x: part(x),
}


class Using(Layer):
    def __init__(self, kind: str, part: object = None, default: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind
        self.add_slot("part", kind, part, default=default)

    def call(self, inputs: Tensor) -> Any:
        return inputs + USES[self.kind](self.part, inputs)


def _fill(shape: Any, dtype: Any = None) -> Tensor:
    return torch.full(tuple(shape), 0.25)


def _sum(weight_matrix: Tensor) -> Tensor:
    return weight_matrix.square().sum()


def _clip(weight_matrix: Tensor) -> Tensor:
    return weight_matrix.clamp(-1, 1)


# Kind, component, and what it makes of X.
PARTS: list[Any] = [
    ("initializer", "constant(0.5)", 0.5),
    ("initializer", _fill, 0.25),
    ("regularizer", "l2(0.1)", 0.1 * np.square(X).sum()),
    ("regularizer", "l1", 0.01 * np.abs(X).sum()),
    ("regularizer", {"class_name": "L1", "config": {"l1": 0.1}}, 0.1 * np.abs(X).sum()),
    ("regularizer", kplug.regularizers.L2(0.1), 0.1 * np.square(X).sum()),
    ("regularizer", _sum, np.square(X).sum()),
    ("constraint", "non_neg", np.maximum(X, 0)),
    ("constraint", _clip, np.clip(X, -1, 1)),
    ("activation", "relu", np.maximum(X, 0)),
    ("loss", "mae", np.abs(X).mean()),
    ("schedule", "exponential_decay(0.1, 3, 0.5)", 0.05),
    ("layer", "activation(activation='relu')", np.maximum(X, 0)),
]


def _make_functional(layer: Layer) -> Model:
    inputs = Input((3,))
    return Model(inputs, layer(inputs))


class Whole(Model):
    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.layer = layer

    def call(self, inputs: Tensor) -> Any:
        return self.layer(inputs)


MODELS: dict[str, Callable[[Layer], Any]] = {
    "functional": _make_functional,
    "sequential": lambda layer: Sequential([Input((3,)), layer]),
    "sequential of unknown shape": lambda layer: Sequential([layer]),
    "subclassed": Whole,
    "nested": lambda layer: Sequential([Input((3,)), Sequential([layer])]),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(("kind", "part", "expected"), PARTS)
def test_a_call_may_use_the_component_of_any_slot(
    make: Any, kind: str, part: Any, expected: Any
) -> None:
    model = make(Using(kind, part))
    if not isinstance(model, Whole):
        model.build((None, 3))
        assert model.output_shape == (None, 3)
    model.compile("sgd", "mse")
    np.testing.assert_allclose(model.predict(X, verbose=0), X + expected, rtol=1e-5, atol=1e-6)


def test_what_an_empty_slot_means_is_used_too() -> None:
    model = _make_functional(Using("regularizer", default="kplug/l2(l2=0.1)"))
    expected = X + 0.1 * np.square(X).sum()
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5)


def test_a_layer_is_used_by_itself_and_on_other_data_of_unknown_shape() -> None:
    layer = Using("regularizer", "l2(0.1)")
    assert layer.compute_output_shape((None, 5)) == (None, 5)
    found = layer(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(found, X + 0.1 * np.square(X).sum(), rtol=1e-5)


class Penalized(Layer):
    """Uses the components of a weight's slots in its call."""

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(
            "scale",
            input_shape[-1:],
            initializer="ones",
            regularizer="l2(0.1)",
            constraint="non_neg",
        )

    def call(self, inputs: Tensor) -> Any:
        limit, penalty = (
            self.slots[f"scale_{kind}"].value for kind in ("constraint", "regularizer")
        )
        return inputs * limit(self.scale) + penalty(self.scale)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_so_may_a_call_use_those_of_weights(make: Any) -> None:
    model = make(Penalized())
    model.compile("sgd", "mse")
    np.testing.assert_allclose(model.predict(X, verbose=0), X + 0.3, rtol=1e-5, atol=1e-6)
    model.fit(X, X, verbose=0)


@pytest.mark.slow
def test_compiled_steps_use_them_like_eager_ones() -> None:
    losses = []
    for jit_compile in (False, True):
        kplug.utils.set_random_seed(0)
        inputs = hidden = Input((3,))
        for kind, part, _ in PARTS:
            if kind not in ("initializer", "layer"):
                hidden = Using(kind, part)(hidden) * 0.1
        model = Model(inputs, Dense(3)(Penalized()(hidden)))
        model.compile("sgd", "mse", jit_compile=jit_compile)
        losses.append(model.fit(X, X, epochs=4, verbose=0).history["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)


# --- Components that are not there ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["regularizer", "constraint", "initializer"])
def test_a_component_that_a_call_needs_is_named_if_it_is_not_there(kind: str) -> None:
    model = _make_functional(Using(kind, "of_tomorrow", name="using"))
    with pytest.raises(
        UnknownComponentError, match=rf"using\.part: no {kind} is named 'of_tomorrow'"
    ):
        model.compile("sgd", "mse")
    with pytest.raises(UnknownComponentError, match=f"no {kind} is named 'of_tomorrow'"):
        _ = model.output_shape


def test_one_that_no_call_needs_waits_for_the_values() -> None:
    model = Sequential(
        [Dense(2, input_dim=3, name="a", kernel_regularizer="of_tomorrow"), Dense(4)]
    )
    assert model.output_shape == (None, 4)
    with pytest.raises(
        KplugError, match=r"a\.kernel_regularizer: no regularizer is named 'of_tomorrow'"
    ):
        model.compile("sgd", "mse")


def test_another_error_of_a_call_stays_what_it_is() -> None:
    class Wrong(Using):
        def call(self, inputs: Tensor) -> Any:
            raise AttributeError("of_tomorrow")

    with pytest.raises(GraphError, match="AttributeError"):
        _ = Wrong("regularizer", "l2")(Input((3,))).shape
