"""Copies of connected layers."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import torch

from kplug import layers
from kplug.models import Model, clone_model
from tests.models.graphs import make_pair

LEFT, RIGHT = torch.rand(5, 3), torch.rand(5, 3)


def test_copies_are_models_of_their_own() -> None:
    model = make_pair()
    expected = model([LEFT, RIGHT])[0]
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        torch.testing.assert_close(other([LEFT, RIGHT])[0], expected)
        other.set_weights([np.zeros((3, 2)), np.zeros(2)])
        assert other([LEFT, RIGHT])[0].abs().max() == 0
    torch.testing.assert_close(model([LEFT, RIGHT])[0], expected)


def test_deep_models_are_copied() -> None:
    shared = layers.Dense(2)
    tensor = inputs = layers.Input((2,))
    for _ in range(500):
        tensor = layers.Activation("tanh")(tensor)
    model = Model(inputs, shared(tensor))
    other_model = Model(inputs, layers.Dense(1)(shared(inputs)))
    data = torch.rand(3, 2)
    expected = model(data)
    other: Any = copy.deepcopy(model)
    torch.testing.assert_close(other(data), expected)
    other.set_weights([torch.zeros(2, 2), torch.zeros(2)])
    assert other(data).abs().max() == 0
    torch.testing.assert_close(model(data), expected)
    assert all(node.layer is not shared for node in other.nodes)
    both = copy.deepcopy([model, other_model])
    assert both[0].layers[-1] is both[1].layers[1]


def test_tensors_that_are_copied_together_stay_connected() -> None:
    tensor = layers.Input((4,))
    inputs, outputs = copy.deepcopy((tensor, -tensor))
    assert inputs is not tensor
    assert outputs.node.input_tensors == [inputs]


class _Probe:
    """Makes objects as large as a symbolic tensor while it is copied; none may be taken for a known one."""

    __slots__ = ("__weakref__", "first", "second", "third")

    def __deepcopy__(self, memo: dict[int, Any]) -> _Probe:
        made = [_Probe() for _ in range(20)]
        assert all(id(one) not in memo for one in made)
        return made[0]


class _Probed(layers.Dense):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.probe = _Probe()


def test_outputs_that_nobody_holds_lend_their_identity_to_nothing() -> None:
    inputs = layers.Input((4, 3))
    outputs = layers.LSTM(2, return_state=True)(inputs)[0]
    for _ in range(5):
        outputs = _Probed(2)(outputs)
    model = Model(inputs, outputs)
    data = torch.rand(2, 4, 3)
    both: list[Any] = copy.deepcopy([model, _Probe()])
    torch.testing.assert_close(both[0](data), model(data))
    model.compile("sgd", "mse")
    model.fit(data, torch.rand(2, 2), verbose=0)
    for _ in range(10):
        torch.testing.assert_close(copy.deepcopy(model)(data), model(data))
        assert clone_model(model).output_shape == (None, 2)


def test_a_node_that_outlives_its_layer_is_no_part_of_the_copy() -> None:
    model = make_pair()
    node = layers.Dense(2)(model.inputs[0]).node
    assert node.layer is None
    torch.testing.assert_close(copy.deepcopy(model)([LEFT, RIGHT])[0], model([LEFT, RIGHT])[0])
