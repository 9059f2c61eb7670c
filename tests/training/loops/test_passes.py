"""Passes over the training data: what is counted, and where they go on."""

from __future__ import annotations

import itertools
from typing import Any

import torch

import kplug
from kplug.layers import Dense
from kplug.training.data.array_batches import ArraySource
from kplug.training.data.samples import Samples
from kplug.training.loops.passes import Passes
from kplug.training.position import Position, RunGenerators

NUMBERS = torch.arange(12.0)[:, None]


def make(steps: int | None, *, keeps: bool = True) -> Passes:
    source = ArraySource(Samples(NUMBERS), 4, shuffle=True)  # three batches a pass
    model: Any = kplug.Sequential([Dense(1, input_dim=1)])
    return Passes(source, steps, RunGenerators(model, source) if keeps else None)


def take(passes: Passes, count: int | None = None) -> list[list[float]]:
    """Return the numbers in the batches of an epoch, or of its beginning."""
    found = []
    for batch in passes.epoch():
        found.append(batch.x.reshape(-1).tolist())
        if len(found) == count:
            break
    return found


def position_of(passes: Passes) -> Position:
    now = {"torch": torch.get_rng_state()}
    return Position(passes.steps, passes.batches, dict(passes.start), now)


def test_an_epoch_is_a_pass_or_a_number_of_steps() -> None:
    torch.manual_seed(0)
    passes = make(None)
    assert (passes.batches, passes.steps, passes.start) == (0, 0, {})
    take(passes, 2)
    assert (passes.batches, passes.steps) == (2, 2)
    assert set(passes.start) >= {"torch", "numpy", "python"}
    passes.end_epoch()
    assert (passes.batches, passes.steps, passes.start) == (0, 0, {})
    assert sorted(itertools.chain(*take(passes))) == NUMBERS.reshape(-1).tolist()
    passes = make(2)
    take(passes)
    passes.end_epoch()
    assert (passes.batches, passes.steps) == (2, 0)
    take(passes)  # the last batch of this pass, and the first one of the next
    assert (passes.batches, passes.steps) == (1, 2)


def test_batches_after_a_position_are_those_of_the_pass() -> None:
    for steps in (None, 3, 5):
        torch.manual_seed(0)
        passes = make(steps)
        begun = passes.epoch()
        next(begun)
        next(begun)
        torch.rand(3)  # a step
        position = position_of(passes)
        expected = [batch.x.tolist() for batch in begun]
        after = torch.rand(2)
        torch.manual_seed(1)
        other = make(steps)
        other.resume(position)
        torch.set_rng_state(position.now["torch"])
        assert (other.steps, other.batches) == (2, 2)
        assert [batch.x.tolist() for batch in other.epoch()] == expected
        assert torch.equal(torch.rand(2), after)
        assert (other.steps, other.batches) == (passes.steps, passes.batches)


def test_an_epoch_whose_pass_is_over_has_no_batch_left() -> None:
    passes = make(None)
    take(passes)
    other = make(None)
    other.resume(position_of(passes))
    assert take(other) == []
    assert other.steps == 3
    other.end_epoch()
    assert len(take(other)) == 3


def test_without_generators_nothing_is_kept() -> None:
    passes = make(None, keeps=False)
    take(passes, 2)
    assert (passes.batches, passes.start) == (2, {})
