"""Parts of batches: they make up the whole, and their losses its mean."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, strategies as st

from kplug.training.data.batch import Batch
from kplug.training.distribution.batch_shares import share_batch
from kplug.training.distribution.world import World


@given(count=st.integers(1, 40), size=st.integers(2, 9))
def test_parts_make_up_the_batch(count: int, size: int) -> None:
    batch = Batch(torch.arange(float(count)), [torch.arange(count), None])
    parts = [share_batch(batch, World(rank, size)) for rank in range(size)]
    rows = torch.cat([part.x for part in parts if part.share])
    torch.testing.assert_close(rows, batch.x)
    torch.testing.assert_close(torch.cat([part.y[0] for part in parts if part.share]), batch.y[0])
    assert all(part.y[1] is None for part in parts)


@given(count=st.integers(1, 40), size=st.integers(2, 9), seed=st.integers(0, 99))
def test_mean_of_the_losses_is_the_loss_of_the_batch(count: int, size: int, seed: int) -> None:
    values = torch.rand(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    parts = [share_batch(Batch(values), World(rank, size)) for rank in range(size)]
    losses = torch.stack([part.x.mean() * part.factor_for("mean") for part in parts])
    torch.testing.assert_close(losses.mean(), values.mean())
    sums = torch.stack([part.x.sum() * part.factor_for("sum") for part in parts])
    torch.testing.assert_close(sums.mean(), values.sum())
    weights = torch.tensor([part.effective_size for part in parts], dtype=torch.float64)
    torch.testing.assert_close((losses * weights).sum() / weights.sum(), values.mean())
    assert weights.sum().item() == pytest.approx(count)


def test_dict_of_inputs_is_shared() -> None:
    batch = Batch({"a": torch.zeros(3, 2), "b": torch.ones(3)}, torch.zeros(3), torch.ones(3))
    part = share_batch(batch, World(1, 2))
    assert (part.x["a"].shape, part.x["b"].shape) == ((1, 2), (1,))
    assert (len(part.y), len(part.weights), part.size) == (1, 1, 1)
