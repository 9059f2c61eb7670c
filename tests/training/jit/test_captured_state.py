"""State that a step can reach is found, and changes between two snapshots are detected."""

from __future__ import annotations

import collections
import functools
import itertools
import random
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from kplug import layers
from kplug.training.jit.captured_state import CapturedState, read_python_randomness


class Thing:
    def __init__(self) -> None:
        self.total = torch.zeros(2)
        self.parts = [torch.ones(1), {"deep": torch.ones(3)}]
        self.rate = 0.5
        self.itself: Any = self
        self.function = functools.partial(max, 1)


def look(thing: object) -> CapturedState:
    return CapturedState({"thing": thing})


def test_tensors_are_found_wherever_they_are_held() -> None:
    thing = Thing()
    found = look(thing)
    assert {path: tuple(place.get().shape) for path, place in found.tensors.items()} == {
        "thing.total": (2,),
        "thing.parts[0]": (1,),
        "thing.parts[1]['deep']": (3,),
    }
    other = torch.full((3,), 7.0)
    found.tensors["thing.parts[1]['deep']"].put(other)
    assert thing.parts[1]["deep"] is other  # type: ignore[index]


def test_a_tensor_in_two_places_is_listed_once() -> None:
    weight = torch.ones(2)
    assert [path for path, _ in look([weight, weight]).list_tensors()] == ["thing[0]"]


def test_parameters_and_buffers_of_modules() -> None:
    module = nn.BatchNorm1d(2)
    assert len(look(module).list_tensors()) == 5


def test_changes_are_found() -> None:
    thing = Thing()
    before = look(thing)
    assert look(thing).find_change(before) is None
    thing.rate = 0.25
    assert look(thing).find_change(before) == "thing.rate"
    thing.rate = 0.5
    thing.total += 1
    assert look(thing).find_change(before) is None
    assert look(thing).has_same_tensors(before)
    thing.total = torch.zeros(3)
    assert not look(thing).has_same_tensors(before)
    thing.parts.append(1)
    assert look(thing).find_change(before) == "thing.parts"


def test_arrays_count_by_their_numbers() -> None:
    array = np.zeros(3)
    before = look([array])
    array[0] = 1
    assert look([array]).find_change(before) == "thing[0]"


def test_python_randomness_is_seen() -> None:
    before = read_python_randomness()
    assert read_python_randomness() == before
    np.random.rand()
    assert read_python_randomness() != before


class Slotted:
    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Nothing:
    __slots__ = ("__weakref__",)


class Shared:
    factor = 1.0


def draw_count(counter: Any) -> None:
    next(counter)


def draw_number(generator: Any) -> None:
    generator.random()


def append(queue: Any) -> None:
    queue.append(1)


def count_up(thing: Any) -> None:
    thing.count += 1


def change_last(array: Any) -> None:
    array[-1] += 1


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (lambda: np.random.default_rng(0), draw_number),
        (lambda: np.random.RandomState(0), draw_number),
        (lambda: random.Random(0), draw_number),
        (itertools.count, draw_count),
        (lambda: collections.deque([0]), append),
        (Slotted, count_up),
        (lambda: np.zeros(100_000), change_last),
    ],
    ids=["Generator", "RandomState", "Random", "count", "deque", "slots", "large array"],
)
def test_state_of_other_kinds_is_seen(make: Any, change: Any) -> None:
    thing = make()
    before = look([thing])
    assert look([thing]).find_change(before) is None
    change(thing)
    assert look([thing]).find_change(before) is not None


@pytest.mark.parametrize("make", [lambda: lambda: 1, lambda: np.array([None] * 3), Nothing])
def test_what_is_known_by_its_identity_is_kept_so_that_nothing_else_gets_it(make: Any) -> None:
    things = [make()]
    reference, before = weakref.ref(things[0]), look(things)
    things[0] = make()
    assert reference() is not None
    assert look(things).find_change(before) == "thing[0]"


def test_values_that_all_objects_of_a_class_share_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    thing = Shared()
    before = look(thing)
    monkeypatch.setattr(Shared, "factor", 2.0)
    assert look(thing).find_change(before) == "thing.Shared.factor"


def test_what_a_layer_was_warned_of_is_no_change() -> None:
    layer = layers.Dense(2)
    before = look(layer)
    layer._told |= {"masks"}
    assert look(layer).find_change(before) is None
