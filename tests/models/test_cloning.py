"""A clone has the architecture of a model, and weights of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug.errors import ArgumentError, ArgumentValueError, ContractError
from kplug.layers import Add, Concatenate, Dense, Dropout, Input, Lambda, Layer, TorchModule
from kplug.models import Model, Sequential, clone_model

X = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")


class Doubling(Layer):
    def call(self, inputs: Any) -> Any:
        return 2 * inputs


def _chain() -> Model:
    return Sequential(
        [Dense(4, "relu", input_dim=3, name="first"), Dropout(0.5), Doubling(), Dense(2)],
        name="chain",
    )


def _graph() -> Model:
    left, right = Input((3,), name="left"), Input((3,), name="right")
    shared = Dense(4, activation=lambda x: x + 1)
    joined = Concatenate()([shared(left), Add()([shared(right), shared(left)])])
    return Model([left, right], {"one": Dense(1)(joined), "two": Lambda(lambda x: -x)(joined)})


class _Own(Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)


def _own() -> Model:
    model = _Own()
    model(X)
    return model


def _torch() -> Model:
    return Sequential([TorchModule(torch.nn.Linear(3, 2), input_shape=(3,))])


MODELS = [_chain, _graph, _own, _torch]


def _run(model: Any) -> Any:
    return model.predict([X, X] if len(getattr(model, "input_names", [1])) == 2 else X, verbose=0)


@pytest.mark.parametrize("make", MODELS)
def test_a_clone_computes_the_same_from_the_same_weights(make: Callable[[], Model]) -> None:
    model = make()
    before = [weight.copy() for weight in model.get_weights()]
    clone = clone_model(model)
    assert type(clone) is type(model)
    assert clone.name == model.name
    assert [layer.name for layer in clone.layers] == [layer.name for layer in model.layers]
    drawn = clone.get_weights()
    matrices = [(one, two) for one, two in zip(before, drawn, strict=True) if one.ndim > 1]
    assert matrices
    assert not any(np.allclose(one, two) for one, two in matrices)
    clone.set_weights(before)
    torch.testing.assert_close(_run(clone), _run(model))
    assert all(map(np.array_equal, model.get_weights(), before))


def test_a_clone_shares_nothing_and_is_not_compiled() -> None:
    model = _chain()
    model.compile("sgd", "mse")
    clone = clone_model(model)
    assert clone.compiled is None
    clone.compile("sgd", "mse")
    before = model.get_weights()
    clone.fit(X, np.ones((5, 2)), verbose=0)
    assert all(map(np.array_equal, model.get_weights(), before))


def test_a_model_without_a_shape_is_cloned_without_weights() -> None:
    clone = clone_model(Sequential([Dense(2)]))
    assert not clone.built
    assert clone(X).shape == (5, 2)


def _widen(layer: Layer) -> Layer:
    config = layer.get_config()
    if isinstance(layer, Dense):
        config["use_bias"] = False
    return type(layer).from_config(config)


def test_a_function_makes_the_layers() -> None:
    model = _chain()
    clone = clone_model(model, clone_function=_widen)
    assert [weight.shape for weight in clone.weights] == [(3, 4), (4, 2)]
    assert [layer.name for layer in clone.layers] == [layer.name for layer in model.layers]
    inputs = Input((3,), name="inputs")
    graph = Model(inputs, Dense(2)(Dropout(0.5)(inputs)))
    again = clone_model(graph, clone_function=_widen)
    assert [weight.shape for weight in again.weights] == [(3, 2)]
    assert again.input_names == ["inputs"]


def test_a_shared_layer_stays_shared() -> None:
    calls: list[str] = []

    def keep(layer: Layer) -> Layer:
        calls.append(layer.name)
        return layer

    model = _graph()
    clone = clone_model(model, clone_function=keep)
    assert len(calls) == len(set(calls))
    assert clone.count_params() == model.count_params()
    found, expected = _run(clone), _run(model)
    assert found.keys() == expected.keys() == {"one", "two"}
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("kind", [kplug, keras])
def test_inputs_of_ones_own(kind: Any) -> None:
    layers = kind.layers
    inputs = layers.Input((3,))
    model = kind.Model(inputs, layers.Dense(2, name="dense")(inputs))
    fresh = layers.Input((3,), name="fresh")
    clone = kind.models.clone_model(model, input_tensors=fresh)
    assert clone.input_names == ["fresh"] if kind is kplug else clone.inputs[0].name == "fresh"
    assert clone.output.shape == (None, 2)


def test_what_is_no_graph_is_not_taken_apart() -> None:
    with pytest.raises(ArgumentError) as caught:
        clone_model(_own(), clone_function=_widen)
    assert "it is a _Own, no graph\n  Leave out input_tensors and clone_function" in str(
        caught.value
    )


@pytest.mark.parametrize("given", [[], [X, X], "x"], ids=["none", "arrays", "text"])
def test_wrong_inputs_are_refused(given: Any) -> None:
    with pytest.raises(ArgumentValueError, match="2 symbolic tensors, as Input makes them"):
        clone_model(_graph(), input_tensors=given)


@pytest.mark.parametrize("given", [Dense(2, name="dense"), None, "model", 3])
def test_what_is_no_model_is_not_cloned(given: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"^clone_model: model is .*, no model\n  A layer is made again"
    ):
        clone_model(given)


def test_what_makes_the_layers_is_a_function() -> None:
    with pytest.raises(ArgumentValueError, match="'clone_function' is 3; allowed: a function"):
        clone_model(Sequential([Dense(2, input_dim=3)]), clone_function=3)  # type: ignore[arg-type]


class _Scaled(Layer):
    """A layer whose configuration lacks what it was made with."""

    def __init__(self, factor: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._scale = factor

    def call(self, inputs: Any) -> Any:
        return inputs * self._scale

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


@kplug.complete_config
class _Marked(_Scaled):
    def __init__(self, factor: float, **kwargs: Any) -> None:
        super().__init__(factor, **kwargs)


@pytest.mark.parametrize("owner", [_Scaled, _Marked])
@pytest.mark.parametrize("is_chain", [True, False])
def test_a_layer_whose_configuration_lacks_an_argument_is_not_made_again(
    owner: Any, is_chain: bool
) -> None:
    inputs, layer = Input((3,)), owner(2.0, name="scaled")
    model = Sequential([inputs, layer]) if is_chain else Model(inputs, layer(inputs))
    with pytest.raises(ContractError, match=r"layer 'scaled'") as caught:
        clone_model(model, input_tensors=Input((3,)))
    assert "'factor'" in str(caught.value)
    np.testing.assert_array_equal(clone_model(model).predict(X, verbose=0), 2.0 * X)
