"""Layers that users write, in Keras's style."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import kplug
from kplug.errors import (
    ContractError,
)
from kplug.layers import Dense, Input, Layer
from kplug.models import Model, Sequential


class Scale(Layer):
    """A user's layer in Keras's style."""

    def __init__(self, start: object = "ones", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_slot("start", "initializer", start)

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight(name="scale", shape=input_shape[-1:], initializer=self.start)
        self.count = self.add_weight("count", (), "zeros", trainable=False, dtype="int64")

    def call(self, inputs: Tensor) -> Any:
        return inputs * self.factor


class Phase(Layer):
    """Returns 1 in training, else 0."""

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        return torch.full_like(inputs, float(bool(training)))


class Block(Layer):
    """A layer made of layers, one of them torch's."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = Dense(3)
        self.second = nn.Linear(3, 2)
        self.drop = nn.Dropout(0.5)

    def call(self, inputs: Tensor) -> Tensor:
        made: Tensor = self.drop(self.second(self.first(inputs)))
        return made


def test_weight_lives_under_the_attribute_of_its_author() -> None:
    layer = Scale()
    layer.build_for((None, 3))
    assert [name for name, _ in layer.named_parameters()] == ["factor"]
    assert [name for name, _ in layer.named_buffers()] == ["count"]
    assert [name for name, _ in layer.named_weights()] == ["scale", "count"]


def test_trainable_weights_come_first() -> None:
    layer = Scale()
    layer.build_for((None, 3))
    assert layer.trainable_weights == [layer.factor]
    assert layer.non_trainable_weights == [layer.count]
    assert layer.count.dtype is torch.int64


def test_slot_of_a_user_layer_is_looked_up_late() -> None:
    layer: Any = Scale(start="constant(value=4.0)")
    assert layer.start == "constant(value=4.0)"
    assert layer(torch.ones(1, 2)).tolist() == [[4.0, 4.0]]
    assert layer.start((1,)).tolist() == [4.0]
    assert layer.slots["start"].resolved is not None
    assert layer.slots["start"].resolved.component.qualified_name == "kplug/constant"


def test_mode_is_given_to_layers_that_take_it() -> None:
    layer, x = Phase(), torch.zeros(1)
    assert layer(x).item() == 0.0
    assert layer(x, training=True).item() == 1.0
    assert layer(x, training=None).item() == 0.0
    layer.train()
    assert layer(x).item() == 1.0
    assert layer(x, training=False).item() == 0.0
    assert layer.training


def test_mode_of_a_call_reaches_inner_layers_and_goes_back() -> None:
    block = Block()
    ones = torch.ones(50, 4)
    assert torch.equal(block(ones), block(ones))
    assert not torch.equal(block(ones, training=True), block(ones, training=True))
    assert not any(module.training for module in block.modules())


def test_inner_layers_belong_to_the_weights() -> None:
    block = Block()
    assert block(Input((4,))).shape == (None, 2)
    assert [weight.shape for weight in block.get_weights()] == [(4, 3), (3,), (2, 3), (2,)]
    names = [name for name, _ in block.named_weights()]
    assert names == ["first/kernel", "first/bias", "second/weight", "second/bias"]
    assert block.count_params() == 15 + 8


def test_layer_without_call_says_so() -> None:
    class Empty(Layer):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty has no call\(self, inputs\)"):
        Empty()(torch.zeros(1))


def test_added_loss_is_collected() -> None:
    class Adds(Layer):
        def call(self, inputs: Tensor) -> Tensor:
            self.add_loss(inputs.sum())
            return inputs

    layer = Adds()
    assert layer(Input((2,))).shape == (None, 2)
    layer(torch.ones(1, 2))
    assert [float(loss) for loss in layer.losses] == [2.0]
    layer.clear_losses()
    assert layer.losses == []


class Forgetful(Layer):
    """A layer whose author forgot to call Layer's constructor."""

    def __init__(self, units: int = 3) -> None:
        self.units = units

    def call(self, inputs: Any) -> Any:
        return inputs


@pytest.mark.parametrize(
    "use",
    [
        lambda: Forgetful()(torch.ones(1, 3)),
        lambda: Forgetful()(Input((3,))),
        lambda: Sequential([Forgetful()]),
        lambda: Forgetful().add_weight("w", (3,)),
        lambda: Forgetful().add_slot("start", "initializer", "ones"),
        lambda: setattr(Forgetful(), "inner", Dense(3)),
        lambda: setattr(Forgetful(), "inner", [Dense(3)]),
    ],
)
def test_a_constructor_that_forgot_the_one_of_layer(use: Callable[[], object]) -> None:
    with pytest.raises(ContractError) as caught:
        use()
    assert str(caught.value) == (
        "Forgetful.__init__ has not called super().__init__()\n"
        "  Begin Forgetful.__init__ with super().__init__(**kwargs)."
    )


class Halves(Layer):
    def call(self, inputs: Any) -> Any:
        return {"right": inputs[:, 2:], "left": 2 * inputs[:, :2]}


class Joins(Layer):
    def call(self, inputs: Any) -> Any:
        return inputs["left"] - inputs["right"]


def test_a_layer_that_returns_a_dict_returns_one_in_a_graph_too() -> None:
    inputs = Input((4,))
    halves = Halves()(inputs)
    assert list(halves) == ["left", "right"]
    x = np.arange(8, dtype="float32").reshape(2, 4)
    with kplug.scope(layers={"Halves": Halves, "Joins": Joins}):
        model = Model(inputs, {"all": Joins()(halves), "one": halves["right"]})
        for made in (model, Model.from_config(model.get_config()), kplug.models.clone_model(model)):
            found = made.predict(x, verbose=0)
            np.testing.assert_allclose(found["one"], x[:, 2:])
            np.testing.assert_allclose(found["all"], 2 * x[:, :2] - x[:, 2:])


@pytest.mark.parametrize(
    ("name", "announced"),
    [("gate_regularizer", "a regularizer"), ("lr", "a schedule"), ("layers", "a layer")],
)
def test_a_slot_whose_name_announces_another_kind_is_refused(name: str, announced: str) -> None:
    layer = Dense(3)
    with pytest.raises(ContractError) as caught:
        layer.add_slot(name, "activation", "relu")
    assert str(caught.value) == (
        f"Dense: the slot '{name}' takes an activation, and its name announces {announced}\n"
        "  In specs and files the name decides. End it in 'activation', such as 'gate_activation'."
    )
    assert name not in layer.slots
    for good in ("gate", "activation", "gate_activation"):
        layer.add_slot(good, "activation", "relu")
