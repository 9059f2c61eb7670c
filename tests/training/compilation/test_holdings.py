"""What a step can see is found, and what differs between two looks."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from torch import nn

from kplug.training.compilation.holdings import Holdings, read_python_randomness


class Thing:
    def __init__(self) -> None:
        self.total = torch.zeros(2)
        self.parts = [torch.ones(1), {"deep": torch.ones(3)}]
        self.rate = 0.5
        self.itself: Any = self
        self.function = functools.partial(max, 1)


def look(thing: object) -> Holdings:
    return Holdings({"thing": thing})


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
