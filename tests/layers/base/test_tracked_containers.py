"""Layers in plain lists, tuples and dicts belong to the layer that holds these."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import keras
import pytest
import torch
from torch import nn

import kplug
from kplug.errors import GraphError
from kplug.layers import Concatenate, Dense, Input, Layer
from kplug.models import Model


class Blocks(Model):
    """A list that is filled after it was set, a dict, and a tuple."""

    def __init__(self) -> None:
        super().__init__(name="blocks")
        self.blocks: list[Any] = []
        self.head = Dense(1, name="head")
        for index in range(2):
            self.blocks.append(Dense(3, name=f"block_{index}"))
        self.ends: dict[str, Any] = {"a": Dense(3, name="a"), "rest": [Dense(3, name="in_dict")]}
        self.pair: Any = (Dense(3, name="in_tuple"), 7)

    def call(self, inputs: Any) -> Any:
        for block in self.blocks:
            inputs = block(inputs)
        inputs = self.pair[0](self.ends["rest"][0](self.ends["a"](inputs)))
        return self.head(inputs)


NAMES = ["head", "block_0", "block_1", "a", "in_dict", "in_tuple"]


def _names(model: Any) -> list[str]:
    return [layer.name for layer in model.layers]


def test_layers_in_containers_are_layers_of_the_model() -> None:
    model = Blocks()
    data = torch.rand(4, 3)
    outputs = model(data)
    assert _names(model) == NAMES
    assert len(model.weights) == len(list(model.parameters())) == 12
    assert [key for key in model.state_dict() if key.endswith("kernel")] == [
        "head.kernel",
        "blocks_0.kernel",
        "blocks_1.kernel",
        "ends_0.kernel",
        "ends_1.kernel",
        "pair_0.kernel",
    ]
    model.compile("sgd", "mse")
    model.fit(data, torch.zeros(4, 1), verbose=0)
    assert not torch.equal(model(data), outputs)


def test_weights_have_keras_order() -> None:
    def make(library: Any, base: Any) -> Any:
        class Stack(base):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.blocks: list[Any] = []
                self.first = library.layers.Dense(3)
                self.blocks.append(library.layers.Dense(4))
                self.table = {"x": library.layers.Dense(5), "y": [library.layers.Dense(6)]}
                self.blocks.append(library.layers.Dense(7))

            def call(self, inputs: Any) -> Any:
                for layer in (self.first, *self.blocks, self.table["x"], self.table["y"][0]):
                    inputs = layer(inputs)
                return inputs

        model = Stack()
        model(torch.zeros(1, 2))
        return model

    ours, theirs = make(kplug, kplug.Model), make(keras, keras.Model)
    assert [tuple(each.shape) for each in ours.weights] == [
        tuple(each.shape) for each in theirs.weights
    ]


def test_changes_of_a_list_are_followed() -> None:
    model = Blocks()
    model.blocks.insert(0, Dense(3, name="inserted"))
    model.blocks += [Dense(3, name="added")]
    model.blocks.extend([Dense(3, name="extended")])
    assert _names(model) == [*NAMES, "inserted", "added", "extended"]
    model.blocks.pop()
    del model.blocks[0]
    model.blocks[0] = Dense(3, name="replaced")
    assert _names(model) == ["head", "block_1", "a", "in_dict", "in_tuple", "added", "replaced"]
    model.blocks.clear()
    assert _names(model) == ["head", "a", "in_dict", "in_tuple"]


def test_changes_of_a_dict_are_followed() -> None:
    model = Blocks()
    model.ends["b"] = Dense(3, name="b")
    model.ends["rest"].append(Dense(3, name="more"))
    model.ends.update(c=Dense(3, name="c"))
    assert _names(model) == [*NAMES, "b", "more", "c"]
    del model.ends["a"]
    model.ends.pop("rest")
    assert _names(model) == ["head", "block_0", "block_1", "in_tuple", "b", "c"]


def test_a_container_that_is_replaced_is_forgotten() -> None:
    model = Blocks()
    model.blocks = [Dense(3, name="new")]
    del model.ends
    assert _names(model) == ["head", "in_tuple", "new"]


def test_a_layer_in_two_places_is_one_layer() -> None:
    class Twice(Model):
        def __init__(self) -> None:
            super().__init__()
            self.one = Dense(3)
            self.all = [self.one, self.one, Dense(3)]

    assert len(Twice().layers) == 2


def test_other_lists_stay_as_they_are() -> None:
    class Plain(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.sizes = [1, 2]
            self.names = {"a": 1}

    layer = Plain()
    assert (type(layer.sizes), type(layer.names)) == (list, dict)


def test_torch_containers_count_too() -> None:
    class Listed(Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList([Dense(2, name="in_list")])
            self.named = nn.ModuleDict({"x": nn.ModuleList([Dense(2, name="deeper")])})

    assert _names(Listed()) == ["in_list", "deeper"]


def test_copies_hold_their_own_layers() -> None:
    model = Blocks()
    data = torch.rand(4, 3)
    expected = model(data)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        torch.testing.assert_close(other(data), expected)
        assert other.blocks[0] is other.layers[1]
        other.set_weights([torch.zeros_like(each) for each in other.weights])
        assert other(data).abs().max() == 0
    torch.testing.assert_close(model(data), expected)


def test_layers_in_lists_run_in_one_compiled_graph() -> None:
    model = Blocks()
    data = torch.rand(4, 3)
    expected = model(data)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(data), expected)
    zeros = {name: torch.zeros_like(each) for name, each in model.named_parameters()}
    assert torch.func.functional_call(model, zeros, (data,)).abs().max() == 0


def test_a_layer_inside_itself_is_refused() -> None:
    layer = Layer(name="self")
    with pytest.raises(GraphError) as caught:
        layer.parts = [layer]
    assert str(caught.value) == "layer 'self' cannot be a layer of itself"
    with pytest.raises(GraphError, match="layer 'self' cannot be a layer of itself"):
        layer.part = layer


def test_long_lists_are_filled_in_linear_time() -> None:
    class Long(Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks: list[Any] = []
            for _ in range(2000):
                self.blocks.append(Layer())

    assert len(Long().layers) == 2000


def test_an_attribute_of_the_same_name_leaves_the_list_whole() -> None:
    layer = Layer()
    layer.blocks = [Dense(1, name="a"), Dense(1, name="b")]
    layer.blocks_1 = Dense(1, name="c")
    assert [one.name for one in layer.children()] == ["a", "b", "c"]
    assert layer.blocks_1.name == "c"
    layer.blocks.pop()
    assert [one.name for one in layer.children()] == ["a", "c"]
    first = layer.first = Dense(1, name="d")
    layer.others = (first,)
    layer.first = Dense(1, name="e")
    assert [one.name for one in layer.children()] == ["a", "c", "d", "e"]


def _list_children(layer: Layer) -> list[str]:
    return [str(one.name) for one in layer.children()]


def test_places_that_are_kept_free_are_watched() -> None:
    layer = Layer()
    layer.rows, layer.named, layer.pair = [[], []], {"a": None}, ([None],)
    layer.rows[1].append(Dense(1, name="row"))
    layer.named["a"] = Dense(1, name="named")
    layer.pair[0][0] = Dense(1, name="pair")
    assert _list_children(layer) == ["row", "named", "pair"]


def test_operators_that_change_a_container_are_followed() -> None:
    layer = Layer()
    layer.named = {"a": Dense(1, name="a")}
    layer.named |= {"b": Dense(1, name="b")}
    layer.blocks = [Dense(1, name="c")]
    layer.blocks += layer.blocks
    assert _list_children(layer) == ["a", "b", "c"]
    assert len(layer.blocks) == 2
    layer.blocks *= 0
    layer.named.update(rest=[Dense(1, name="d")])
    layer.named["rest"].append(Dense(1, name="e"))
    assert _list_children(layer) == ["a", "b", "d", "e"]


def test_a_list_of_tensors_can_be_called_on() -> None:
    layer = Layer()
    layer.outputs = []
    layer.outputs.append(torch.ones(1, 2))
    layer.outputs.append(torch.zeros(1, 1))
    assert Concatenate()(layer.outputs).tolist() == [[1.0, 1.0, 0.0]]
    layer.symbols = []
    layer.symbols.append(Input((2,)))
    layer.symbols.append(Input((1,)))
    assert Concatenate()(layer.symbols).shape == (None, 3)


def test_what_is_refused_leaves_the_container_as_it_was() -> None:
    layer = Layer(name="self")
    layer.blocks = [Dense(1, name="a")]
    for change in (
        lambda: layer.blocks.insert(0, layer),
        lambda: layer.blocks.__setitem__(0, [layer]),
        lambda: setattr(layer, "blocks", [layer]),
    ):
        with pytest.raises(GraphError, match="cannot be a layer of itself"):
            change()
    assert _list_children(layer) == [one.name for one in layer.blocks] == ["a"]
