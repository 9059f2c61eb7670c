"""Tensors of every shape, type and memory order come through a file unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st
from torch import Tensor

from kplug.saving.weights.hdf5_tensors import load_all, write_all
from kplug.saving.weights.load_plan import Assignment, WeightSource
from kplug.saving.weights.named_weights import NamedWeight

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool]


def make(shape: list[int], dtype: torch.dtype, order: list[int]) -> Tensor:
    """Return a tensor whose axes lie in memory in this order."""
    memory = torch.randint(0, 100, [shape[axis] for axis in order]).to(dtype)
    return memory.permute([order.index(axis) for axis in range(len(order))])


def load(file: h5py.File, targets: dict[str, Tensor]) -> None:
    load_all(
        [
            Assignment(NamedWeight(name, each, "Dense"), WeightSource((file[name],)))
            for name, each in targets.items()
        ]
    )


@st.composite
def tensors(draw: Any) -> Tensor:
    shape = draw(st.lists(st.integers(0, 5), max_size=4))
    order = draw(st.permutations(range(len(shape))))
    return make(shape, draw(st.sampled_from(DTYPES)), list(order))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(given_tensors=st.lists(tensors(), max_size=6))
def test_values_come_back(given_tensors: list[Tensor], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_all((file, str(number), each) for number, each in enumerate(given_tensors))
        targets = {str(n): torch.zeros_like(each) for n, each in enumerate(given_tensors)}
        for number, each in enumerate(given_tensors):
            assert file[str(number)].shape == tuple(each.shape)
        load(file, targets)
    for number, each in enumerate(given_tensors):
        assert torch.equal(targets[str(number)], each)


def test_many_kernels_keep_their_order(tmp_path: Path) -> None:
    kernels = [make([30, 40], torch.float32, [1, 0]) for _ in range(20)]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_all((file, f"k{number}", each) for number, each in enumerate(kernels))
        targets = {f"k{n}": torch.zeros(40, 30).t() for n in range(20)}
        load(file, targets)
        for number, each in enumerate(kernels):
            np.testing.assert_array_equal(file[f"k{number}"][()], each.numpy())
            assert torch.equal(targets[f"k{number}"], each)


@pytest.mark.parametrize(
    "options", [{"chunks": (2, 3)}, {"compression": 9}, {"dtype": ">f4"}, {"dtype": "f8"}]
)
def test_other_forms_of_storage(options: dict[str, Any], tmp_path: Path) -> None:
    values = np.arange(12, dtype="float32").reshape(3, 4)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("k", data=values, **options)
        target = torch.zeros(4, 3).t()
        load(file, {"k": target})
    np.testing.assert_array_equal(target.numpy(), values)


def test_spoiled_chunk_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    noise = np.random.default_rng(0).random((64, 64)).astype("float32")
    with h5py.File(path, "w") as file:
        file["first"] = np.ones((2, 2), "float32")
        file.create_dataset("second", data=noise, chunks=(64, 64), fletcher32=True)
        offset = file["second"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[offset + 100] ^= 1
    path.write_bytes(content)
    targets = {"first": torch.zeros(2, 2), "second": torch.zeros(64, 64)}
    with h5py.File(path) as file, pytest.raises(OSError, match="Can't"):
        load(file, targets)
    assert not targets["first"].any()
