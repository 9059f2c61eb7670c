"""Objects accepted as layers, and objects refused."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from kplug.errors import ContractError
from kplug.layers import Dense, Flatten, TorchModule
from kplug.layers.adapt import as_layer


def test_a_layer_is_kept() -> None:
    layer = Dense(2)
    assert as_layer(layer) is layer


def test_a_class_of_layers_stands_for_its_instance() -> None:
    assert isinstance(as_layer(Flatten), Flatten)


@pytest.mark.parametrize("candidate", [nn.Hardshrink(0.5), nn.Hardshrink], ids=["made", "class"])
def test_a_torch_module_is_wrapped(candidate: object) -> None:
    layer = as_layer(candidate)
    assert isinstance(layer, TorchModule)
    assert layer(torch.tensor([[0.25, -2.0]])).tolist() == [[0.0, -2.0]]


def test_a_class_that_needs_arguments_is_refused() -> None:
    with pytest.raises(ContractError, match=r"Linear\(.*cannot be used as a layer: .*in_features"):
        as_layer(nn.Linear)


@pytest.mark.parametrize("candidate", [torch.relu, 3, int])
def test_what_is_no_module_is_refused(candidate: object) -> None:
    with pytest.raises(ContractError, match=r"a layer must be a .* or a torch\.nn\.Module, got"):
        as_layer(candidate)
