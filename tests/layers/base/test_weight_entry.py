"""A weight that is declared first and gets memory and values later."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from kplug.backend.variables import is_fixed
from kplug.errors import ContractError, DataError
from kplug.initializers import Initializer
from kplug.layers.base.component_slots import Slot
from kplug.layers.base.weight_entry import WeightEntry


def make_entry(
    initializer: object = "ones",
    shape: tuple[int, ...] = (2, 3),
    memory_order: tuple[int, ...] = (0, 1),
    dtype: torch.dtype = torch.float32,
    is_trainable: bool = True,
) -> WeightEntry:
    slot = Slot("initializer", initializer)
    slot.resolve("here")
    return WeightEntry(
        name="kernel",
        attribute="kernel",
        path="dense/kernel",
        shape=shape,
        dtype=dtype,
        initializer=slot,
        regularizer=Slot("regularizer", None),
        constraint=Slot("constraint", None),
        is_trainable=is_trainable,
        memory_order=memory_order,
    )


def test_a_declared_weight_has_a_shape_and_no_memory() -> None:
    weight = make_entry().declare()
    assert isinstance(weight, nn.Parameter)
    assert weight.shape == (2, 3)
    assert weight.is_meta
    assert is_fixed(make_entry(is_trainable=False).declare())
    assert not is_fixed(weight)
    assert not make_entry(dtype=torch.int64).declare().requires_grad


def test_filling_gives_values_to_the_object_that_was_declared() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    entry = make_entry(values)
    weight = entry.declare()
    kept = [weight]
    weight.requires_grad_(False)
    entry.fill(weight, torch.device("cpu"), "dense.kernel")
    assert kept[0].tolist() == values.tolist()
    assert not weight.requires_grad
    assert entry.has_values


def test_axes_lie_in_memory_in_the_order_that_was_asked_for() -> None:
    values = np.arange(24.0).reshape(2, 3, 4)
    entry = make_entry(values, (2, 3, 4), (2, 0, 1), torch.float64)
    weight = entry.declare()
    entry.fill(weight, None, "dense.kernel")
    assert weight.tolist() == values.tolist()
    # Axis 2 is slowest: 2 * 3 elements apart; then axis 0, 3 apart; axis 1 is fastest.
    assert weight.stride() == (3, 1, 6)
    assert weight.permute(2, 0, 1).is_contiguous()


def test_memory_alone_is_reserved_without_asking_the_initializer() -> None:
    class Never(Initializer):
        def __call__(self, shape: object, dtype: object = None) -> torch.Tensor:
            raise AssertionError((shape, dtype))

    entry = make_entry(Never())
    weight = entry.declare()
    entry.reserve(weight, torch.device("cpu"))
    assert not weight.is_meta
    assert (weight.shape, weight.requires_grad, entry.has_values) == ((2, 3), True, True)


def test_values_of_another_shape_are_refused_with_the_place() -> None:
    class Wide(Initializer):
        def __call__(self, shape: object, dtype: object = None) -> torch.Tensor:
            return torch.ones(1, 3)

    entry = make_entry(Wide())
    weight = entry.declare()
    with pytest.raises(ContractError, match=r"returned shape \(1, 3\)") as caught:
        entry.fill(weight, None, "dense.kernel")
    assert "dense.kernel" in str(caught.value)
    assert not entry.has_values


def test_more_bytes_than_can_be_counted_are_refused() -> None:
    assert make_entry(shape=(1 << 30, 1 << 30)).declare().numel() == 1 << 60
    with pytest.raises(DataError, match="no memory holds a weight 'kernel' of shape"):
        make_entry(shape=(1 << 31, 1 << 30)).declare()


def test_memory_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> torch.Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate much")

    entry = make_entry()
    weight = entry.declare()
    monkeypatch.setattr(torch, "empty", refuse)
    with pytest.raises(DataError, match=r"no memory holds a weight 'kernel' of shape \(2, 3\)"):
        entry.reserve(weight, None)
    with pytest.raises(DataError, match=r"no memory holds a weight 'kernel' of shape \(2, 3\)"):
        entry.fill(weight, None, "dense")
