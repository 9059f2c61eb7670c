"""Nested state comes back as it was, type by type."""

from __future__ import annotations

import json
import math
from collections import deque
from typing import Any

import h5py
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug.errors import WeightsError
from kplug.optimizers.base.lr_and_learning_rate import LearningRate
from kplug.saving.state.packing import pack, unpack

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
PLAIN_KEYS = st.integers() | st.floats(allow_nan=False) | st.text()
KEYS = PLAIN_KEYS | st.tuples(PLAIN_KEYS, PLAIN_KEYS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.lists(inner, max_size=3).map(deque)
        | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=10,
)


def through(value: Any) -> Any:
    """Return a value after a way through JSON and a file in memory."""
    with h5py.File("state.h5", "w", driver="core", backing_store=False) as file:
        return unpack(json.loads(json.dumps(pack(value, file))), file)


@settings(deadline=None)
@given(value=VALUES)
def test_values_come_back(value: Any) -> None:
    assert through(value) == value


def test_types_are_kept() -> None:
    found = through({0: (1, 2.0, True, None), "lr": LearningRate(0.1, print), "d": torch.float16})
    assert found["d"] is torch.float16
    assert type(found[0]) is tuple
    assert [type(item) for item in found[0]] == [int, float, bool, type(None)]
    assert type(found["lr"]) is float


def test_a_deque_keeps_its_longest_length() -> None:
    found = through([deque([1, 2], maxlen=2)])[0]
    assert (found, found.maxlen) == (deque([1, 2]), 2)


@pytest.mark.parametrize("number", [math.inf, -math.inf, 5e-324, 0.1 + 0.2])
def test_numbers_keep_every_bit(number: float) -> None:
    assert through(number) == number


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6.0).reshape(2, 3).t(),
        torch.tensor(3, dtype=torch.int32),
        torch.tensor([True, False]),
        torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        torch.zeros(0, 3),
        torch.arange(4, dtype=torch.uint8),
    ],
)
def test_tensors_keep_type_and_bits(tensor: torch.Tensor) -> None:
    found = through([tensor])[0]
    assert found.dtype == tensor.dtype
    assert torch.equal(found, tensor)


def test_objects_cannot_be_stored() -> None:
    with pytest.raises(WeightsError) as caught:
        through({"state": object()})
    assert str(caught.value) == (
        "the training state holds an object, which cannot be stored\n"
        "  A state is made of numbers, texts, tensors, lists and dicts."
    )


@pytest.mark.parametrize(
    "stored",
    [
        {"tensor": ["0", "float32", "cpu"], "list": []},
        {"tensor": ["0", "Tensor", "cpu"]},
        {"tensor": [0, "float32", "cpu"]},
        {"tensor": "0"},
        {"items": [[1]]},
        {"items": [[{"list": []}, 1]]},
        {"items": [[{"tuple": [{"list": []}]}, 1]]},
        {"deque": [-1, {"list": []}]},
        {"deque": [None, 5]},
        {"dtype": "Tensor"},
        {"dtype": "zeros"},
        {"object": "os.system"},
        [1, 2],
    ],
)
def test_other_forms_are_refused(stored: Any) -> None:
    with (
        h5py.File("s.h5", "w", driver="core", backing_store=False) as file,
        pytest.raises(WeightsError, match="the training state of the file cannot be read"),
    ):
        unpack(stored, file)


def test_dataset_that_is_asked_for_twice() -> None:
    with h5py.File("state.h5", "w", driver="core", backing_store=False) as file:
        tensor = pack(torch.zeros(3), file)
        with pytest.raises(WeightsError, match="cannot be read: it has another form"):
            unpack({"list": [tensor, tensor]}, file)
