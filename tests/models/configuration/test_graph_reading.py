"""Configurations of functional models: kplug's, Keras 2's, tf-keras's and Keras 3's."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug import backend, layers
from kplug.dialect import read_model, write_model
from kplug.errors import ContractError, GraphError, KplugError, SpecError
from kplug.models import Functional, Model, Sequential, model_from_config
from tests.models.configuration.keras_2 import keras_2_config
from tests.models.graphs import assert_same

# ---------------------------------------------------------------- Keras 3


@pytest.mark.sampled
@pytest.mark.parametrize("seed", range(25))
def test_configs_of_keras_3_are_read(graph_pair: Any, seed: int) -> None:
    pair = graph_pair(seed, freezes=True)
    model = Model.from_config(pair.theirs.get_config())
    assert [layer.name for layer in model.layers] == [layer.name for layer in pair.theirs.layers]
    model.set_weights(pair.ours.get_weights())
    assert_same(model, pair.theirs, pair.data)
    assert len(model.trainable_weights) == len(pair.theirs.trainable_weights)


@pytest.mark.sampled
@pytest.mark.parametrize("seed", range(25))
def test_a_config_makes_the_same_model(graph_pair: Any, seed: int) -> None:
    pair = graph_pair(seed, freezes=True)
    config = json.loads(json.dumps(pair.ours.get_config()))
    model = Model.from_config(config)
    assert json.loads(json.dumps(model.get_config())) == config
    model.set_weights(pair.ours.get_weights())
    assert_same(model, pair.ours, pair.data)


def test_operators_and_keyword_tensors_go_to_keras_3_and_back() -> None:
    inputs, other = keras.Input((3, 4), name="a"), keras.Input((5, 4), name="b")
    attended = keras.layers.MultiHeadAttention(2, 3, name="mha")(inputs, value=other)
    theirs = keras.Model([inputs, other], [2 - attended / 3, attended[:, 1:, 0], -attended % 2])
    ours = Model.from_config(theirs.get_config())
    ours.set_weights([variable.value.detach().numpy() for variable in theirs.weights])
    data = [np.random.default_rng(0).normal(size=(2, n, 4)).astype("float32") for n in (3, 5)]
    assert_same(ours, theirs, data)
    again = keras.saving.deserialize_keras_object(
        write_model({"class_name": "Functional", "config": ours.get_config()})
    )
    again.set_weights([variable.value.detach().numpy() for variable in theirs.weights])
    assert_same(again, theirs, data)


def test_masked_models_of_keras_3_are_read() -> None:
    ids, rows = keras.Input((5,), dtype="int32", name="ids"), keras.Input((5, 4), name="rows")
    embedded = keras.layers.Embedding(10, 4, mask_zero=True)(ids)
    masked = keras.layers.Masking(1.0)(rows)
    added = keras.layers.Add()([embedded, masked])
    sequence = keras.layers.LSTM(6, return_sequences=True, dropout=0.5)(added)
    sequence = keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True))(sequence)
    joined = keras.layers.Concatenate()([embedded, rows])
    attended = keras.layers.MultiHeadAttention(2, 3)(sequence, embedded)
    pooled = [keras.layers.GlobalAveragePooling1D()(each) for each in (joined, sequence, attended)]
    theirs = keras.Model([ids, rows], pooled)
    ours = Model.from_config(theirs.get_config())
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    ours.set_weights([variable.value.detach().numpy() for variable in theirs.weights])
    generator = np.random.default_rng(0)
    data = [np.array([[1, 2, 3, 0, 0], [4, 0, 0, 0, 0]]), generator.normal(size=(2, 5, 4))]
    assert_same(ours, theirs, [data[0], data[1].astype("float32")])
    assert not torch.equal(ours(data, training=True)[1], ours(data)[1])  # its dropout is at work


def test_a_mode_that_was_given_stays() -> None:
    inputs = layers.Input((50,), name="a")
    kept = layers.Dropout(0.5, name="off")(inputs, training=False) * 1
    config = Model(inputs, kept).get_config()
    ones = torch.ones(1, 50)
    again = Model.from_config(json.loads(json.dumps(config)))
    assert torch.equal(again(ones, training=True), ones)
    written = write_model({"class_name": "Functional", "config": config})
    loaded = model_from_config(read_model(json.loads(json.dumps(written))))
    assert torch.equal(loaded(ones, training=True), ones)
    assert keras.saving.deserialize_keras_object(written)(ones).shape == (1, 50)


# ---------------------------------------------------------------- Keras 2


def test_a_config_of_keras_2_is_read() -> None:
    model = Model.from_config(keras_2_config())
    assert [layer.name for layer in model.layers] == [
        "input_1",
        "input_2",
        "dense_1",
        "inner",
        "sequential_1",
        "concatenate_1",
    ]
    left, right = torch.rand(2, 4), torch.rand(2, 4)
    joined, second = model([left, right])
    shared, inner, chain = (model.get_layer(each) for each in ("dense_1", "inner", "sequential_1"))
    expected = torch.cat([inner(shared(left)), chain(shared(right))], dim=-1)
    torch.testing.assert_close(joined, expected)
    torch.testing.assert_close(second, inner(shared(right)))


def test_calls_of_models_that_are_counted_from_0_are_read() -> None:
    config = keras_2_config()
    text = json.dumps(config).replace('["inner", 1,', '["inner", 0,')
    text = text.replace('["inner", 2,', '["inner", 1,').replace(
        '"sequential_1", 1', '"sequential_1", 0'
    )
    model = Model.from_config(json.loads(text))
    assert model.get_config()["output_layers"] == config["output_layers"]


def test_the_dialect_reads_a_model_of_keras_2() -> None:
    entry = read_model({"class_name": "Model", "config": keras_2_config()})
    assert isinstance(model_from_config(entry), Functional)


def test_layers_keep_the_order_of_the_configuration() -> None:
    inputs = layers.Input((2,), name="a")
    branches = [layers.Dense(2, name=name)(inputs) for name in ("one", "two")]
    config = Model(inputs, layers.Add(name="sum")(branches)).get_config()
    assert [entry["name"] for entry in config["layers"]] == ["a", "one", "two", "sum"]
    config["layers"][1:3] = config["layers"][2:0:-1]
    model = Model.from_config(config)
    assert [layer.name for layer in model.layers] == ["a", "two", "one", "sum"]
    assert [name for name, _ in model.named_weights()] == [
        "two/kernel",
        "two/bias",
        "one/kernel",
        "one/bias",
    ]


def test_layers_that_take_turns_are_read() -> None:
    inputs = layers.Input((2,))
    one, two = layers.Dense(2, name="one"), layers.Dense(2, name="two")
    model = Model(inputs, one(two(one(two(inputs)))))
    other = Model.from_config(model.get_config())
    other.set_weights(model.get_weights())
    assert_same(other, model, torch.rand(3, 2))


# ---------------------------------------------------------------- classes of the user's own


class Wide(Model):
    """A graph that is a class of its own, made from its graph again."""


class Tall(Model):
    """A graph that makes itself."""

    def __init__(self, units: int = 2, **options: Any) -> None:
        inputs = layers.Input((3,))
        super().__init__(inputs, layers.Dense(units, name="only")(inputs), **options)
        self.units = units


class Described(Tall):
    """The same, with a configuration."""

    def get_config(self) -> dict[str, Any]:
        return {"units": self.units, "name": self.name}


def test_a_subclass_with_the_constructor_of_the_graph_is_made_again() -> None:
    inputs = layers.Input((3,))
    model = Wide(inputs, layers.Dense(2)(inputs))
    assert isinstance(Wide.from_config(model.get_config()), Wide)


def test_a_subclass_with_arguments_of_its_own_writes_get_config() -> None:
    with pytest.raises(ContractError) as caught:
        Tall(name="tall").get_config()
    assert str(caught.value) == (
        "model 'tall' cannot be described: Tall has no get_config\n"
        "  Write Tall.get_config(self), which returns the arguments of its constructor; "
        "or save its weights alone, with save_weights."
    )
    assert Described.from_config(Described(5).get_config()).output_shape == (None, 5)


def test_a_subclassed_model_is_described_by_its_own_get_config() -> None:
    class Plain(Model):
        def __init__(self, units: int = 2, **options: Any) -> None:
            super().__init__(**options)
            self.units = units

    class Told(Plain):
        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    with pytest.raises(ContractError, match="Plain has no get_config"):
        Plain().get_config()
    config = Told(7, name="told").get_config()
    assert (config["name"], config["units"]) == ("told", 7)
    assert Told.from_config(config).units == 7


# ---------------------------------------------------------------- bad configurations


def _chain_config() -> dict[str, Any]:
    backend.clear_session()
    inputs = layers.Input((4,), name="a")
    hidden = layers.Dense(4, name="one")(inputs)
    return Model(inputs, layers.Dense(4, name="two")(hidden), name="m").get_config()


def test_a_loop_is_named() -> None:
    config = _chain_config()
    config["layers"][1]["inbound_nodes"] = [[["two", 0, 0, {}]]]
    with pytest.raises(GraphError) as caught:
        Model.from_config(config)
    assert str(caught.value) == (
        "the configuration of model 'm' has a loop: layers that wait for one another are one, two"
    )


@pytest.mark.parametrize(
    ("inbound", "message"),
    [
        ([[["none", 0, 0, {}]]], "refers to layer 'none', which it does not have"),
        ([[["one", 3, 0, {}]]], "refers to call 3 of layer 'one', which it does not describe"),
        ([[["one", 0, 5, {}]]], "refers to output 5 of layer 'one', which has 1"),
    ],
)
def test_a_reference_to_nothing_is_named(inbound: Any, message: str) -> None:
    config = _chain_config()
    config["layers"][2]["inbound_nodes"] = inbound
    with pytest.raises(GraphError, match=message):
        Model.from_config(config)


def test_two_layers_of_one_name_are_named() -> None:
    config = _chain_config()
    config["layers"].append(config["layers"][2])
    with pytest.raises(GraphError, match="the configuration of model 'm' has two layers 'two'"):
        Model.from_config(config)


@pytest.mark.parametrize(
    "data", [7, ["one"], [["one", 0]], [["one", -1, 0]], {"args": 1, "kwargs": {}}]
)
def test_calls_of_an_unknown_form_are_refused(data: Any) -> None:
    config = _chain_config()
    config["layers"][2]["inbound_nodes"] = [data]
    with pytest.raises(SpecError, match="does not say what a layer is called on"):
        Model.from_config(config)


def test_a_config_without_layers_is_refused() -> None:
    with pytest.raises(SpecError, match="the configuration of model 'm' has no list of layers"):
        Functional.from_config({"name": "m", "input_layers": [], "output_layers": []})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["one", "two", "a", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["args", "kwargs", "class_name", "config", "keras_history", "a"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(
    JSON, st.sampled_from(["inbound", "call", "input_layers", "output_layers", "name", "layers"])
)
def test_whatever_connects_the_layers_is_read_or_refused(value: Any, place: str) -> None:
    config = _chain_config()
    entry = config["layers"][2]
    if place == "inbound":
        entry["inbound_nodes"] = value
    elif place == "call":
        entry["inbound_nodes"] = [value]
    elif place == "name":
        entry["name"] = value
    else:
        config[place] = value
    try:
        model = Model.from_config(config)
    except KplugError:
        return
    assert isinstance(model, Functional)


@pytest.mark.slow
def test_deep_graphs_are_read_without_recursion() -> None:
    tensor = inputs = layers.Input((2,))
    for _ in range(2000):
        tensor = layers.Activation("tanh")(tensor)
    model = Model.from_config(Model(inputs, tensor).get_config())
    assert len(model.layers) == 2001


def test_a_chain_inside_keeps_its_shape_from_data() -> None:
    inner = Sequential([layers.Dense(3)], name="chain")
    inputs = layers.Input((4,))
    model = Model(inputs, inner(inputs))
    other = Model.from_config(model.get_config())
    assert other.output_shape == (None, 3)
