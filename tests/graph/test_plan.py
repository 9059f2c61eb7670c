"""Plans: the steps between inputs and outputs, and the order of layers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug.errors import GraphError
from kplug.graph import Plan, find_path, list_outputs
from kplug.layers import Activation, Add, Dense, Input, Layer
from tests.graph.small_layers import Halves, Sum


class Named(Layer):
    """Returns a dict, whose keys are not sorted."""

    output_count = 2

    def call(self, inputs: Any) -> Any:
        return {"z": inputs, "a": -inputs}


def test_steps_run_after_what_they_need() -> None:
    inputs = Input((2,))
    left, right = Activation("relu")(inputs), Activation("linear")(inputs)
    plan = Plan([inputs], [Add()([left, right]), right])
    total, same = plan.run([torch.tensor([[-1.0, 2.0]])])
    assert total.tolist() == [[-1.0, 4.0]]
    assert same.tolist() == [[-1.0, 2.0]]
    assert [node.layer.name for node in plan.nodes] == ["activation", "activation_1", "add"]


def test_a_plan_may_start_in_the_middle() -> None:
    inputs = Input((2,))
    left, right = Halves()(inputs)
    plan = Plan([left], [Activation("relu")(left)])
    assert plan.run([torch.tensor([[-3.0]])])[0].tolist() == [[0.0]]
    both = Plan([inputs, left], [Add()([left, right])])
    assert both.run([torch.tensor([[1.0, 5.0]]), torch.tensor([[100.0]])])[0].tolist() == [[105.0]]


def test_an_output_may_be_an_input() -> None:
    inputs = Input((2,))
    value = torch.ones(1, 2)
    assert Plan([inputs], [inputs, inputs]).run([value])[1] is value


def test_outputs_in_a_dict_are_sorted_by_key() -> None:
    first, second = Named()(Input((2,)))
    assert list_outputs({"z": 1, "a": [2, 3]}) == [2, 3, 1]
    plan = Plan([first.node.input_tensors[0]], [first, second])
    negative, same = plan.run([torch.ones(1, 1)])
    assert (negative.item(), same.item()) == (-1.0, 1.0)


def test_nested_arguments_are_filled() -> None:
    class Sum(Layer):
        def call(self, inputs: Any, more: Any = None, factor: float = 1.0) -> Any:
            return (inputs["a"] + inputs["b"][0] + more["c"]) * factor

    one, two = Input((1,)), Input((1,))
    outputs = Sum()({"a": one, "b": [two]}, more={"c": two}, factor=2.0)
    values = [torch.tensor([[1.0]]), torch.tensor([[10.0]])]
    assert Plan([one, two], [outputs]).run(values)[0].item() == 42.0


def test_layers_far_from_the_outputs_come_first() -> None:
    one, two, unused = (Input((4,), name=name) for name in ("one", "two", "unused"))
    deep = Dense(4, name="deep")(Dense(4, name="deeper")(two))
    outputs = [Add(name="sum")([one, deep]), Dense(1, name="side")(one)]
    inputs = [one, two, unused]
    names = [layer.name for layer in Plan(inputs, outputs).layers]
    assert names == ["two", "deeper", "one", "deep", "unused", "sum", "side"]


def test_a_missing_input_is_named_with_its_user() -> None:
    one, two = Input((4,), name="one"), Input((4,), name="two")
    outputs = Dense(1, name="last")(Add(name="sum")([one, two]))
    with pytest.raises(Exception, match="output 'last' depends on input 'two' through layer 'sum'"):
        Plan([one], [one, outputs])


def test_path_leaves_out_what_is_before_its_inputs() -> None:
    inputs = Input((4,))
    hidden = Dense(4, name="hidden")(inputs)
    outputs = Dense(4, name="outputs")(hidden)
    assert [node.layer.name for node in find_path([hidden], [outputs])] == ["outputs"]
    assert [node.layer.name for node in find_path([inputs], [outputs])] == ["hidden", "outputs"]


def test_path_without_its_input_is_disconnected() -> None:
    one, two = Input((4,), name="one"), Input((4,), name="two")
    outputs = Sum()([one, two])
    with pytest.raises(
        GraphError, match="graph disconnected: output 'sum' depends on input 'two' through"
    ):
        find_path([one], [outputs])


def test_path_runs_on_tensors() -> None:
    one, two = Input((2,)), Input((2,))
    left, right = Halves()(Sum()([one, two]))
    outputs = Sum()([left, right])
    (made,) = Plan([one, two], [outputs]).run([torch.ones(1, 2), torch.tensor([[1.0, 2.0]])])
    assert made.tolist() == [[5.0]]


def test_calls_run_by_their_distance_from_the_outputs_as_in_keras() -> None:
    one, two = Input((2,), name="one"), Input((2,), name="two")
    first, second = Activation("linear", name="first"), Activation("linear", name="second")
    sides = [second(first(one)), second(first(two))]
    plan = Plan([one, two], [Add(name="sum")(sides)])
    # Not branch by branch: those before the last argument are the first to be given a distance.
    names = [(node.layer.name, node.node_index) for node in plan.nodes]
    assert names == [("first", 1), ("first", 0), ("second", 0), ("second", 1), ("sum", 0)]
