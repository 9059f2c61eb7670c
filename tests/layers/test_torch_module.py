"""torch's modules as layers, and what may stand where a layer is expected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from kplug import layers, models
from kplug.backend import clear_session
from kplug.errors import ArgumentError, ContractError
from kplug.layers import Dense, Input, TorchModule
from kplug.layers.adapt import as_layer
from kplug.registry import list_built_ins


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    clear_session()


def test_module_computes_and_has_a_shape() -> None:
    module = nn.Linear(4, 2)
    layer = TorchModule(module)
    x = torch.randn(3, 4)
    assert torch.equal(layer(x), module(x))
    assert layer(Input((4,))).shape == (None, 2)
    assert layer.name == "linear"


def test_weights_are_parameters_before_buffers() -> None:
    layer: Any = TorchModule(nn.BatchNorm1d(3))
    assert [weight.shape for weight in layer.get_weights()] == [(3,)] * 4 + [()]
    assert [len(layer.trainable_weights), len(layer.non_trainable_weights)] == [2, 3]
    layer.set_weights([np.full(3, 2.0), *layer.get_weights()[1:]])
    assert layer.module.weight.tolist() == [2.0, 2.0, 2.0]


def test_shape_leaves_the_buffers_alone() -> None:
    module = nn.BatchNorm1d(3)
    layer = TorchModule(module)
    layer.train()
    assert layer(Input((3,))).shape == (None, 3)
    assert int(module.num_batches_tracked) == 0  # type: ignore[arg-type]


def test_module_follows_the_mode_of_the_layer() -> None:
    layer = TorchModule(nn.Dropout(0.5))
    ones = torch.ones(100)
    assert torch.equal(layer(ones), ones)
    layer.train()
    assert not torch.equal(layer(ones), ones)


def test_freezing_freezes_the_module() -> None:
    layer = TorchModule(nn.Linear(2, 2))
    layer.trainable = False
    assert layer.trainable_weights == []


def test_something_else_is_refused() -> None:
    with pytest.raises(ContractError, match=r"TorchModule takes a torch\.nn\.Module, got str"):
        TorchModule("relu")  # type: ignore[arg-type]


def test_config_names_the_module_and_says_what_cannot_be_made() -> None:
    config = TorchModule(nn.Linear(2, 2), name="l").get_config()
    assert config["module"] == "custom/Linear"
    with pytest.raises(ContractError) as caught:
        TorchModule.from_config(config)
    assert str(caught.value) == (
        "the torch module 'custom/Linear' of layer 'l' cannot be made from a config\n"
        "  Give the module itself in place of its name, or build the model in code and load its weights."
    )
    with_module = {"name": "l", "module": nn.Linear(2, 2)}
    assert TorchModule.from_config(with_module).name == "l"


def test_config_of_a_model_that_holds_a_module() -> None:
    module = nn.Linear(3, 2)
    model = models.Sequential([layers.Input((3,)), module, Dense(1)])
    config = model.get_config()
    with pytest.raises(ContractError, match="the torch module 'custom/Linear' of layer 'linear'"):
        models.Sequential.from_config(config)
    entry = next(each for each in config["layers"] if each["class_name"] == "TorchModule")
    entry["config"]["module"] = module
    assert models.Sequential.from_config(config).layers[0].module is module


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("dense(units=3)", Dense),
        ("kplug/max_pooling2d", layers.MaxPooling2D),
        ("MaxPool2D(3)", layers.MaxPooling2D),
        ({"class_name": "Flatten", "config": {}}, layers.Flatten),
        (layers.Flatten, layers.Flatten),
        (nn.ReLU, TorchModule),
        (nn.ReLU(), TorchModule),
    ],
)
def test_layer_may_be_named_in_many_ways(identifier: Any, expected: type) -> None:
    assert type(layers.get(identifier)) is expected


def test_layer_is_kept() -> None:
    layer = Dense(3)
    assert as_layer(layer) is layer


def test_nested_components_are_built() -> None:
    layer = layers.get("dense(units=2, kernel_initializer=constant(value=3.0))")
    assert layer(torch.ones(1, 2)).tolist() == [[6.0, 6.0]]


def test_misspelt_argument_in_text_is_refused() -> None:
    with pytest.raises(ArgumentError, match="units"):
        layers.get("dense(unit=3)")


@pytest.mark.parametrize(
    ("candidate", "text"),
    [
        (3, "a layer must be a kplug.layers.Layer or a torch.nn.Module, got 3"),
        (torch.sin, "A function of tensors fits into Activation"),
        (nn.Linear, "cannot be used as a layer: missing a required argument: 'in_features'"),
    ],
)
def test_what_is_no_layer_is_refused(candidate: Any, text: str) -> None:
    with pytest.raises(ContractError) as caught:
        as_layer(candidate)
    assert text in str(caught.value)


def test_every_layer_of_the_table_is_public() -> None:
    for component in list_built_ins("layer"):
        assert hasattr(layers, component.name) or hasattr(models, component.name)
        assert component.summary
