"""Means of gradients through shared memory: the same numbers everywhere, piece by piece."""

from __future__ import annotations

import mmap
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch
from torch import distributed

from kplug.training.distribution.exchange import Exchange, find_exchange
from kplug.training.distribution.world import World

ROW = 64  # bytes of a piece


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("count", [1, 16, 51])
def test_all_get_the_mean(
    monkeypatch: pytest.MonkeyPatch, size: int, dtype: torch.dtype, count: int
) -> None:
    values = torch.randn(size, count, generator=torch.Generator().manual_seed(count)).to(dtype)
    found, memory, barrier = values.clone(), mmap.mmap(-1, (size + 1) * ROW), Barrier(size)
    monkeypatch.setattr(distributed, "all_reduce", lambda _: barrier.wait(30))

    def average(rank: int) -> None:
        Exchange(memory, World(rank, size)).average(found[rank])

    with ThreadPoolExecutor(size) as pool:
        list(pool.map(average, range(size)))
    # In bfloat16 each share is rounded, and each of up to four sums.
    tolerance = 3e-2 if dtype == torch.bfloat16 else 1e-6
    means = values.double().mean(0)
    torch.testing.assert_close(found[0].double(), means, rtol=tolerance, atol=tolerance)
    assert all(torch.equal(each, found[0]) for each in found)


def test_processes_on_several_machines_share_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setattr(distributed, "get_backend", lambda: "gloo")
    assert find_exchange(torch.nn.Linear(1, 1), World(0, 4)) is None


def test_a_system_that_makes_no_memory_leaves_the_exchange_to_torch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(name: str) -> int:
        raise PermissionError(name)

    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setattr(distributed, "get_backend", lambda: "gloo")
    monkeypatch.setattr(World, "gather", lambda _, value: [value, False])
    monkeypatch.setattr(os, "memfd_create", refuse)
    assert find_exchange(torch.nn.Linear(1, 1), World(0, 2)) is None
