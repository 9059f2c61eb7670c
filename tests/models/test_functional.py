"""Models made of symbolic tensors: what they are called with, what they return, what they know."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import kplug
from kplug import layers
from kplug.errors import DataError, KplugWarning
from kplug.models import Functional, Model, Sequential
from tests.models.graphs import make_pair

LEFT, RIGHT = torch.rand(5, 3), torch.rand(5, 3)


def test_inputs_and_outputs_make_a_functional_model() -> None:
    inputs = layers.Input((3,))
    outputs = layers.Dense(2)(inputs)
    for model in (
        Model(inputs, outputs),
        Model(inputs, outputs, "named"),
        Model(inputs=inputs, outputs=outputs),
        kplug.models.Model(inputs, outputs=outputs),
    ):
        assert type(model) is Functional
        assert model(LEFT).shape == (5, 2)
    assert Model(inputs, outputs, "named").name == "named"
    assert Model(inputs, outputs).name == "functional_3"


def test_several_inputs_are_a_list_or_a_dict_by_name() -> None:
    model = make_pair()
    shared = model.get_layer("shared")
    for given in (
        [LEFT, RIGHT],
        (LEFT, RIGHT),
        {"right": RIGHT, "left": LEFT},
        {"right": RIGHT, "left": LEFT, "unused": 1},
        [LEFT.numpy(), RIGHT.tolist()],
    ):
        total, second = model(given)
        torch.testing.assert_close(total, shared(LEFT) + shared(RIGHT))
        torch.testing.assert_close(second, shared(RIGHT))


def test_a_single_input_is_given_in_any_form() -> None:
    inputs = layers.Input((3,), name="only")
    model = Model([inputs], [layers.Dense(2)(inputs)])
    expected = model(LEFT)
    assert isinstance(expected, torch.Tensor)
    for given in ([LEFT], {"only": LEFT}, LEFT.numpy(), LEFT.tolist(), LEFT.double()):
        torch.testing.assert_close(model(given), expected)


def test_dicts_go_in_and_come_out() -> None:
    left, right = layers.Input((3,), name="l"), layers.Input((3,), name="r")
    model: Any = Model(
        {"second": right, "first": left},
        {"z": layers.Dense(2, name="d")(left), "a": layers.Dense(1)(right)},
    )
    assert (model.input_names, model.output_names) == (["first", "second"], ["a", "z"])
    made = model({"first": LEFT, "second": RIGHT})
    assert {key: tuple(value.shape) for key, value in made.items()} == {"z": (5, 2), "a": (5, 1)}
    assert list(made) == ["z", "a"]
    assert model.input_shape == {"second": (None, 3), "first": (None, 3)}
    torch.testing.assert_close(model([LEFT, RIGHT])["z"], made["z"])


def test_inputs_may_be_nested() -> None:
    one, two, three = (layers.Input((1,), name=name) for name in ("one", "two", "three"))
    model = Model({"pair": [one, two], "last": three}, layers.Concatenate()([one, two, three]))
    given = {"pair": [torch.tensor([[1.0]]), torch.tensor([[2.0]])], "last": torch.tensor([[3.0]])}
    assert model(given).tolist() == [[1.0, 2.0, 3.0]]


def test_what_a_model_knows_of_its_graph() -> None:
    model = make_pair()
    assert [layer.name for layer in model.layers] == ["left", "right", "shared", "sum"]
    assert model.input_names == ["left", "right"]
    assert model.output_names == ["sum", "shared"]
    assert [tensor.name for tensor in model.inputs] == ["left", "right"]
    assert model.input == model.inputs
    assert model.output == model.outputs
    assert model.input_shape == [(None, 3), (None, 3)]
    assert model.output_shape == [(None, 2), (None, 2)]
    assert [node.layer.name for node in model.nodes] == ["shared", "shared", "sum"]
    assert model.get_layer("shared").get_output_at(1) is model.outputs[1]
    assert model.get_layer(index=-1).name == "sum"
    assert model.count_params() == 8
    assert model.find_input_shape() == [(None, 3), (None, 3)]


def test_one_tensor_stands_alone() -> None:
    inputs = layers.Input((3,), name="i")
    outputs = layers.Dense(2)(inputs)
    model = Model([inputs], [outputs])
    assert model.input is inputs
    assert model.output is outputs
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 2))


def test_names_of_outputs_are_unique() -> None:
    left, right = layers.Input((3,)), layers.Input((3,))
    shared = layers.Dense(2, name="head")
    assert Model([left, right], [shared(left), shared(right)]).output_names == ["head", "head_1"]


def test_nodes_have_both_spellings() -> None:
    model = make_pair()
    shared = model.get_layer("shared")
    assert shared._inbound_nodes is shared.inbound_nodes
    assert len(shared.inbound_nodes) == 2
    assert [node.layer.name for node in shared.outbound_nodes] == ["sum"]


def test_models_are_layers_of_models() -> None:
    inputs = layers.Input((3,), name="of_inner")
    inner = Model(inputs, layers.Dense(3, name="dense_inside")(inputs), name="inner")
    chain = Sequential([layers.Dense(3)], name="chain")
    given = layers.Input((3,), name="given")
    once = inner(given)
    model = Model(given, layers.Add()([inner(once), chain(once)]))
    assert [layer.name for layer in model.layers] == ["given", "inner", "chain", "add"]
    torch.testing.assert_close(model(LEFT), inner(inner(LEFT)) + chain(inner(LEFT)))
    assert len(model.weights) == 4
    assert inner.input is inputs


def test_a_nested_model_keeps_the_form_of_its_outputs() -> None:
    inputs = layers.Input((3,))
    inner = Model(inputs, {"b": layers.Dense(1)(inputs), "a": layers.Dense(2)(inputs)})
    given = layers.Input((3,))
    made = inner(given)
    assert (made["b"].shape, made["a"].shape) == ((None, 1), (None, 2))
    model = Model(given, layers.Concatenate()([made["b"], made["a"]]))
    found = inner(LEFT)
    torch.testing.assert_close(model(LEFT), torch.cat([found["b"], found["a"]], dim=-1))


def test_a_nested_model_takes_a_dict_of_symbolic_tensors() -> None:
    left, right = layers.Input((3,), name="l"), layers.Input((3,), name="r")
    inner = Model([left, right], layers.Subtract()([left, right]))
    one, two = layers.Input((3,)), layers.Input((3,))
    model = Model([one, two], inner({"r": one, "l": two}))
    torch.testing.assert_close(model([LEFT, RIGHT]), RIGHT - LEFT)


def test_keyword_arguments_may_be_symbolic() -> None:
    class Scale(layers.Layer):
        def call(self, inputs: Any, factors: Any = None) -> Any:
            return inputs * factors["by"]

    one, two = layers.Input((3,)), layers.Input((3,))
    model = Model([one, two], Scale()(one, factors={"by": two}))
    torch.testing.assert_close(model([LEFT, RIGHT]), LEFT * RIGHT)


def test_a_layer_with_several_outputs_gives_one_of_them() -> None:
    class Halves(layers.Layer):
        output_count = 2

        def call(self, inputs: Any) -> Any:
            return inputs.chunk(2, dim=-1)

    inputs = layers.Input((4,))
    _, right = Halves()(inputs)
    assert Model(inputs, right)(torch.tensor([[1.0, 2.0, 3.0, 4.0]])).tolist() == [[3.0, 4.0]]


def test_an_input_may_be_an_output_or_unused() -> None:
    used, unused = layers.Input((3,), name="used"), layers.Input((2,), name="unused")
    model = Model([used, unused], [used, layers.Dense(1, name="last")(used)])
    assert [layer.name for layer in model.layers] == ["used", "unused", "last"]
    assert torch.equal(model([LEFT, torch.zeros(5, 2)])[0], LEFT)


def test_inputs_are_cast_to_the_types_of_the_inputs() -> None:
    ids = layers.Input((2,), dtype="int32", name="ids")
    model: Any = Model(ids, layers.Flatten()(layers.Embedding(4, 3)(ids)))
    assert model(np.array([[0, 3]])).shape == (1, 6)
    assert model.find_input_dtype() == "int32"


def test_an_axis_of_size_1_is_added_or_left_out() -> None:
    column, row = layers.Input((1,), name="column"), layers.Input((3,), name="row")
    model = Model([column, row], layers.Concatenate()([column, row]))
    assert model([torch.zeros(5), torch.zeros(5, 3, 1)]).shape == (5, 4)


def test_shapes_of_outputs_follow_those_of_inputs() -> None:
    row, rows = layers.Input((3,), name="row"), layers.Input((None, 3), name="rows")
    outputs = [layers.Dense(2)(row), layers.Dense(4)(rows)]
    model = Model([row, rows], outputs)
    assert model.compute_output_shape([(5, 3), (5, 7, 3)]) == [(5, 2), (5, 7, 4)]
    named = Model({"a": row, "b": rows}, {"y": outputs[1], "x": outputs[0]})
    shapes = named.compute_output_shape({"b": (None, 9, 3), "a": (None, 3)})
    assert shapes == {"y": (None, 9, 4), "x": (None, 2)}
    with pytest.raises(DataError, match=r"input 'row' of shape \(None, 3\), got shape \(5, 4\)"):
        Model(row, outputs[0]).compute_output_shape((5, 4))


def test_training_is_passed_on() -> None:
    inputs = layers.Input((100,))
    inner = Model(inputs, layers.Dropout(0.5)(inputs))
    given = layers.Input((100,))
    model = Model(given, inner(given))
    always = Model(given, inner(given, training=True))
    ones = torch.ones(1, 100)
    assert torch.equal(model(ones), ones)
    assert not torch.equal(model(ones, training=True), ones)
    assert not torch.equal(always(ones), ones)
    model.train()
    assert not torch.equal(model(ones), ones)


def test_a_class_is_watched_if_it_has_a_call_of_its_own() -> None:
    class Plain(Model):
        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    class Own(Plain):
        def call(self, inputs: Any) -> Any:
            return super().call(inputs)

    inputs = layers.Input((2,))
    outputs = layers.Dense(1)(inputs)
    assert not Plain(inputs, outputs).is_watched
    assert Own(inputs, outputs).is_watched


def test_masks_go_through_the_graph() -> None:
    ids = layers.Input((3,), dtype="int32")
    embedded = layers.Embedding(5, 1, mask_zero=True, embeddings_initializer="ones")(ids)
    inner_inputs = layers.Input((3, 1))
    inner = Model(inner_inputs, layers.Activation("relu")(inner_inputs))
    model = Model(ids, layers.GlobalAveragePooling1D()(inner(embedded)))
    table = np.array([[7.0], [0.0], [3.0], [0.0], [0.0]])
    model.set_weights([table])
    assert model(torch.tensor([[2, 0, 0]])).tolist() == [[3.0]]
    operated = Model(ids, layers.GlobalAveragePooling1D()(inner(embedded) * 1))
    with pytest.warns(KplugWarning, match="TensorOperation. does not support masks"):
        assert operated(torch.tensor([[2, 2, 0]])).flatten().tolist() == pytest.approx([13 / 3])


def test_a_subclass_may_be_made_of_a_graph() -> None:
    class Base(Model):
        """Between the subclass and Model."""

    class Graph(Base):
        def __init__(self, units: int) -> None:
            inputs = layers.Input((3,))
            dense = layers.Dense(units, name="dense")
            super().__init__(inputs=inputs, outputs=dense(inputs), name="graph")
            self.dense = dense
            self.units = units

    first, second = Graph(2), Graph(4)
    assert (first.output_shape, second.output_shape) == ((None, 2), (None, 4))
    assert isinstance(first, Functional)
    assert len(first.weights) == 2
    assert [layer.name for layer in first.layers] == ["input_layer", "dense"]


def test_the_type_of_a_model_can_be_changed() -> None:
    model = make_pair().double()
    assert model([LEFT, RIGHT])[0].dtype == torch.float64
    exact = model.get_layer("shared").kernel
    torch.testing.assert_close(model([LEFT.double(), RIGHT.double()])[1], RIGHT.double() @ exact)


def test_state_dict_names_layers() -> None:
    model = make_pair()
    assert list(model.state_dict()) == ["shared.kernel", "shared.bias"]
    other = make_pair()
    other.load_state_dict(model.state_dict())
    torch.testing.assert_close(other([LEFT, RIGHT])[0], model([LEFT, RIGHT])[0])


def test_a_model_trains() -> None:
    model = make_pair()
    model.compile(optimizer="adam", loss="mse")
    data, targets = [LEFT, RIGHT], [torch.zeros(5, 2), torch.zeros(5, 2)]
    history = model.fit(data, targets, epochs=30, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert [each.shape for each in model.predict(data, verbose=0)] == [(5, 2), (5, 2)]
