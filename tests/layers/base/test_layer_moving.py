"""Layers that are moved, copied, saved by torch."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import torch

from kplug.layers import Dense, Flatten


def test_layer_of_another_type_casts_its_inputs() -> None:
    layer = Dense(3).double()
    assert layer.dtype == "float64"
    assert layer(torch.ones(1, 2)).dtype is torch.float64
    built = Dense(3)
    built(torch.ones(1, 2))
    assert built.double()(torch.ones(1, 2)).dtype is torch.float64
    assert Flatten().half()(torch.ones(1, 2)).dtype is torch.float16


def test_declared_layer_can_be_moved() -> None:
    layer = Dense(3)
    layer.declare_for((None, 2))
    layer.to("cpu", torch.float64)
    assert layer.kernel.dtype is torch.float64
    assert not layer.kernel.is_meta


def test_state_dict_of_a_declared_layer_has_values() -> None:
    layer, other = Dense(3), Dense(3)
    layer.declare_for((None, 2))
    other.declare_for((None, 2))
    other.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(layer.get_weights()[0], other.get_weights()[0])


def test_copies_are_apart() -> None:
    layer = Dense(3, kernel_regularizer="l2")
    layer(torch.ones(1, 2))
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        other.set_weights([np.zeros((2, 3)), np.zeros(3)])
        assert float(other.losses[0].detach()) == 0.0
        assert float(layer.losses[0].detach()) > 0.0
        assert other.kernel.stride() == layer.kernel.stride()
