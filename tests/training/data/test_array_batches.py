"""Batches of arrays in memory: every sample once, in an order that blocks do not change."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug.errors import ArgumentValueError
from kplug.training.data.array_batches import ArraySource
from kplug.training.data.samples import Samples


@given(st.integers(1, 300), st.integers(1, 70), st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_sample_comes_once_an_epoch(count: int, batch_size: int, shuffle: bool) -> None:
    samples = Samples(torch.arange(count).float(), torch.arange(count))
    source = ArraySource(samples, batch_size, shuffle=shuffle)
    batches = list(source.batches())
    sizes = [len(batch.x) for batch in batches]
    assert len(batches) == source.steps
    assert all(size == batch_size for size in sizes[:-1])
    seen = torch.cat([batch.x for batch in batches])
    assert sorted(seen.tolist()) == list(range(count))
    assert (
        seen.tolist() == torch.cat([batch.y for batch in batches if batch.y is not None]).tolist()
    )


def test_blocks_do_not_change_the_order() -> None:
    wide = Samples(torch.arange(100).float()[:, None].expand(100, 5000).contiguous())
    torch.manual_seed(0)
    order = torch.randperm(100)
    torch.manual_seed(0)
    batches = list(ArraySource(wide, 8, shuffle=True).batches())
    assert torch.cat([batch.x[:, 0] for batch in batches]).tolist() == order.tolist()


def test_inputs_get_the_type_that_the_model_takes() -> None:
    source = ArraySource(
        Samples(torch.zeros(5, 2, dtype=torch.uint8)), 2, input_types=[torch.float32]
    )
    assert {batch.x.dtype for batch in source.batches()} == {torch.float32}


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, True])
def test_a_batch_size_that_is_none_is_refused(batch_size: Any) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        ArraySource(Samples(torch.zeros(3)), batch_size)
    assert str(caught.value) == (
        f"fit: argument 'batch_size' is {batch_size}; allowed: an integer >= 1"
    )


@given(st.integers(1, 60), st.integers(1, 20), st.booleans())
@settings(max_examples=30, deadline=None)
def test_batches_of_several_arrays_keep_the_samples_together(
    count: int, batch_size: int, shuffle: bool
) -> None:
    ids = torch.arange(count)
    samples = Samples({"a": ids, "b": ids.float()[:, None]}, [ids, None], [None, ids.float()])
    for batch in ArraySource(samples, batch_size, shuffle=shuffle).batches():
        assert list(batch.x) == ["a", "b"]
        assert batch.x["b"][:, 0].tolist() == batch.x["a"].tolist() == batch.y[0].tolist()
        assert batch.weights[1].tolist() == batch.y[0].tolist()
        assert batch.y[1] is None
        assert batch.weights[0] is None


def test_weights_without_targets_stay_weights() -> None:
    ids = torch.arange(4)
    (batch,) = ArraySource(Samples(ids, None, ids.float())).batches()
    assert batch.y is None
    assert batch.weights.tolist() == ids.tolist()
