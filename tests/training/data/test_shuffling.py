"""Which rows are read together."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, strategies as st

from kplug.training.data import shuffling
from kplug.training.data.shuffling import BufferSizes, runs_in_order, shuffled_runs


def list_rows(runs: list[tuple[int, int]]) -> list[int]:
    return list(itertools.chain(*(range(*run) for run in runs)))


@given(
    count=st.integers(1, 300),
    batch=st.integers(1, 20),
    multiple=st.integers(1, 6),
    block=st.integers(1, 40),
    seed=st.integers(0, 5),
)
def test_every_row_comes_once_in_buffers_of_whole_batches(
    count: int, batch: int, multiple: int, block: int, seed: int
) -> None:
    torch.manual_seed(seed)
    sizes = BufferSizes(block, batch * multiple)
    rows = [list_rows(runs) for runs in shuffled_runs(count, sizes)]
    assert sorted(itertools.chain(*rows)) == list(range(count))
    assert all(len(each) == sizes.buffer for each in rows[:-1])
    assert 0 < len(rows[-1]) <= sizes.buffer


def test_what_fits_into_a_buffer_is_one_buffer() -> None:
    assert [list_rows(runs) for runs in shuffled_runs(100, BufferSizes(7, 100))] == [
        list(range(100))
    ]


def test_blocks_are_runs_whose_order_and_beginnings_change() -> None:
    torch.manual_seed(0)
    epochs = [list(shuffled_runs(1000, BufferSizes(10, 100))) for _ in range(2)]
    for buffer in itertools.chain(*epochs):
        assert all(stop - start <= 10 for start, stop in buffer)
        assert len(buffer) <= 12  # as many as fill a buffer, and what was divided
        assert buffer[:-1] == sorted(buffer[:-1])  # the last one goes on in the next buffer
    assert epochs[0] != epochs[1]
    first, second = ({start for buffer in epoch for start, _ in buffer} for epoch in epochs)
    assert len(first & second) < len(first) / 2


def test_rows_in_order() -> None:
    assert list(itertools.chain(*map(list_rows, runs_in_order(25, 4)))) == list(range(25))


@pytest.mark.parametrize(
    ("row_bytes", "batch_size", "together", "block", "buffer"),
    [
        (1, 8, 1, 32, 1024),
        (1, 10, 1, 32, 1020),  # whole batches
        (64, 4, 1, 1, 16),  # blocks of one row at least
        (1 << 20, 4, 1, 1, 4),  # a batch at least
        (1, 8, 5, 30, 1024),  # whole pieces of the file
        (1, 8, 100, 100, 1024),
        (1, 8, 5000, 5000, 1024),  # in several buffers
        (0, 8, 1, 32, 1024),
    ],
)
def test_sizes(
    monkeypatch: pytest.MonkeyPatch,
    row_bytes: int,
    batch_size: int,
    together: int,
    block: int,
    buffer: int,
) -> None:
    monkeypatch.setattr(shuffling, "BUFFER_BYTES", 1024)
    assert BufferSizes.choose(row_bytes, batch_size, together) == BufferSizes(
        block, buffer, together
    )


def test_edges_of_blocks_are_those_of_chunks() -> None:
    torch.manual_seed(0)
    sizes = BufferSizes(60, 1000, 20)
    runs = [list(itertools.chain(*shuffled_runs(2000, sizes))) for _ in range(10)]
    starts = [{start for start, _ in each} for each in runs]
    # A buffer ends where it is full, within one block.
    assert all(sum(start % 20 > 0 for start in each) <= 1 for each in starts)
    assert len({min(each - {0}) for each in starts}) == 3
