"""Losses that take logits, on outputs that a softmax or a sigmoid has made."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import kplug
from kplug import layers, losses, metrics
from kplug.errors import KplugWarning
from kplug.losses import Loss

ENDS: dict[str, Callable[[], list[Any]]] = {
    "argument": lambda: [layers.Dense(3, activation="softmax", name="end")],
    "bound": lambda: [layers.Dense(3, activation="softmax(axis=-1)", name="end")],
    "torch": lambda: [layers.Dense(3, activation=torch.sigmoid, name="end")],
    "layer": lambda: [layers.Dense(3), layers.Softmax(name="end")],
    "activation": lambda: [layers.Dense(3), layers.Activation("sigmoid", name="end")],
    "einsum": lambda: [layers.EinsumDense("ab,bc->ac", 3, activation="softmax", name="end")],
    "reshaped": lambda: [layers.Dense(3, activation="softmax", name="end"), layers.Reshape((3,))],
    "inside": lambda: [kplug.Sequential([layers.Dense(3, activation="softmax", name="end")])],
}
SILENT_ENDS: dict[str, Callable[[], list[Any]]] = {
    "none": lambda: [layers.Dense(3)],
    "log_softmax": lambda: [layers.Dense(3, activation="log_softmax")],
    "tanh": lambda: [layers.Dense(3, activation="tanh")],
    "before": lambda: [layers.Dense(4, activation="softmax"), layers.Dense(3)],
    "scaled": lambda: [layers.Dense(3, activation="sigmoid"), layers.Rescaling(9.0, -4.5)],
    "gates": lambda: [layers.Reshape((1, 4)), layers.GRU(3, activation="sigmoid")],
}


class Margin(Loss):
    """A loss of a plugin that says by its class that it takes logits."""

    takes_logits = True

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_true - y_pred).mean(-1)


def margin(y_true: Tensor, y_pred: Tensor, from_logits: bool = False) -> Tensor:
    return (y_true - y_pred).mean(-1)


class MarginModule(nn.Module):
    from_logits = True

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        return (y_pred - y_true).mean()


TAKERS: dict[str, Any] = {
    "CrossEntropyLoss": "CrossEntropyLoss",
    "bce_with_logits": nn.BCEWithLogitsLoss(),
    "categorical": losses.CategoricalCrossentropy(from_logits=True),
    "text": "sparse_categorical_crossentropy(from_logits=True)",
    "binary": "binary_crossentropy(from_logits=True)",
    "focal": losses.BinaryFocalCrossentropy(from_logits=True),
    "either": losses.Crossentropy(from_logits=True),
    "bound": partial(margin, from_logits=True),
    "class": Margin(),
    "module": MarginModule(),
}
OTHERS: dict[str, Any] = {
    "categorical": "categorical_crossentropy",
    "binary": losses.BinaryCrossentropy(),
    "mse": "mse",
    "BCELoss": "torch/bce_loss",
    "function": margin,
    "bound": partial(margin, from_logits=False),
}


def make(end: list[Any], **options: Any) -> Any:
    model = kplug.Sequential([layers.Input((4,)), *end])
    model.compile("sgd", **options)
    return model


@pytest.mark.parametrize("end", ENDS)
def test_every_way_to_end_in_probabilities_is_seen(end: str) -> None:
    with pytest.warns(KplugWarning, match="layer 'end' has made probabilities already") as caught:
        make(ENDS[end](), loss="CrossEntropyLoss")
    assert len(caught) == 1


@pytest.mark.parametrize("loss", TAKERS)
def test_every_loss_that_takes_logits_is_seen(loss: str) -> None:
    with pytest.warns(KplugWarning, match=r"^loss: '\w+' takes logits"):
        make(ENDS["argument"](), loss=TAKERS[loss])


@pytest.mark.parametrize("end", SILENT_ENDS)
def test_other_outputs_are_taken_for_logits(end: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(SILENT_ENDS[end](), loss="CrossEntropyLoss")


@pytest.mark.parametrize("loss", OTHERS)
def test_losses_of_probabilities_take_probabilities(loss: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(ENDS["argument"](), loss=OTHERS[loss])


def test_layers_with_an_activation_at_their_end_say_so() -> None:
    found = {
        name
        for name in vars(layers)
        if getattr(getattr(layers, name), "ends_in_activation", False) is True
    }
    convolutions = {f"Conv{rank}D{kind}" for rank in (1, 2, 3) for kind in ("", "Transpose")}
    others = {f"{kind}{rank}D" for kind in ("DepthwiseConv", "SeparableConv") for rank in (1, 2)}
    others |= {"LocallyConnected1D", "LocallyConnected2D", "Activation", "Dense", "EinsumDense"}
    aliases = {one.replace("Conv", "Convolution") for one in (*convolutions, *others)}
    assert convolutions | others <= found <= convolutions | others | aliases


def test_a_subclass_that_writes_call_says_it_for_itself() -> None:
    class Scaled(layers.Dense):
        def call(self, inputs: Tensor) -> Tensor:
            return 9.0 * super().call(inputs)

    class Same(layers.Dense): ...

    assert Scaled(3, activation="softmax").find_output_activation() is None
    assert Same(3, activation="softmax").find_output_activation() == "softmax"


def test_the_warning_names_slot_layer_and_what_to_do() -> None:
    metric = metrics.BinaryCrossentropy(from_logits=True)
    with pytest.warns(KplugWarning) as of_loss:
        make(ENDS["argument"](), loss="CrossEntropyLoss")
    with pytest.warns(KplugWarning) as of_metric:
        make(ENDS["activation"](), loss="binary_crossentropy", metrics=[metric])
    assert [str(one.message) for one in (*of_loss, *of_metric)] == [
        "loss: 'cross_entropy_loss' takes logits and makes probabilities of them, and layer 'end' has made "
        "probabilities already, with a softmax: what is compared with the targets went through both. Leave "
        "out the activation of 'end', or take 'categorical_crossentropy' for one-hot targets or "
        "'sparse_categorical_crossentropy' for class ids",
        "metrics[0]: 'binary_crossentropy' takes logits and makes probabilities of them, and layer 'end' has "
        "made probabilities already, with a sigmoid: what is compared with the targets went through both. "
        "Leave out the activation of 'end', or take from_logits=False",
    ]


def test_a_loss_and_metrics_of_one_output_are_one_warning() -> None:
    logits = "binary_crossentropy(from_logits=True)"
    with pytest.warns(KplugWarning) as caught:
        make(ENDS["activation"](), loss=logits, metrics=[logits, "mae"])
    with pytest.warns(KplugWarning) as of_two:
        make(ENDS["argument"](), loss="CrossEntropyLoss", metrics=[logits])
    assert [str(one.message).partition(", and layer")[0] for one in (*caught, *of_two)] == [
        "loss, metrics[0]: 'binary_crossentropy' takes logits and makes probabilities of them",
        "loss, metrics[0]: 'cross_entropy_loss' and 'binary_crossentropy' take logits and make "
        "probabilities of them",
    ]


def test_each_output_is_looked_at_by_itself() -> None:
    inputs = layers.Input((4,))
    share = layers.Dense(3, activation="softmax", name="share")(inputs)
    score = layers.Dense(3, name="score")(inputs)
    operation = kplug.ops.softmax(layers.Dense(3, name="raw")(inputs))
    steps = layers.TimeDistributed(layers.Dense(3, activation="softmax"), name="steps")(
        layers.Reshape((1, 4))(inputs)
    )
    flat = layers.Flatten(name="flat")(steps)
    inner = kplug.Model(inputs, [score, share], name="inner")
    first, second = inner(inputs)
    outputs = {"a": share, "b": score, "c": operation, "d": flat, "e": first, "f": second}
    model = kplug.Model(inputs, outputs)
    with pytest.warns(KplugWarning) as caught:
        model.compile("sgd", loss=dict.fromkeys(outputs, "CrossEntropyLoss"))
    found = [
        re.findall(r"^loss\['?(\w)'?\].*layer '(\w+)' has", str(one.message)) for one in caught
    ]
    assert found == [[("a", "share")], [("c", "softmax")], [("d", "steps")], [("f", "share")]]


def test_a_model_that_writes_call_is_left_alone() -> None:
    class Own(kplug.Model):
        def __init__(self) -> None:
            super().__init__()
            self.end = layers.Dense(3, activation="softmax")

        def call(self, inputs: Tensor) -> Any:
            return self.end(inputs)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Own().compile("sgd", "CrossEntropyLoss")


def test_layers_and_losses_of_users_may_have_attributes_of_these_names() -> None:
    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.output_activation = layers.Activation("relu")

        def call(self, inputs: Tensor) -> Any:
            return self.output_activation(inputs)

    class Either(Loss):
        def __init__(self, takes_logits: bool = False) -> None:
            super().__init__()
            self.takes_logits = takes_logits

        def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
            return (y_true - y_pred).mean(-1)

    assert Block()(torch.tensor([-1.0, 1.0])).tolist() == [0.0, 1.0]
    assert Either(takes_logits=True).takes_logits
