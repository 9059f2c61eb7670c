"""The generator: written again in NumPy's integers, without ties."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from kplug_numbers.generator import LIMIT, draw


def _draw_again(stream: str, count: int) -> list[int]:
    first = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:8], "big")
    steps = np.arange(1, 2 * count + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = np.uint64(first) + steps * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    numbers = (z >> np.uint64(44)).astype(int) * 2 + 1
    return list(dict.fromkeys(numbers.tolist()))[:count]


@pytest.mark.parametrize("stream", ["x", "pairs/real", "é"])
def test_numbers_are_those_of_splitmix64(stream: str) -> None:
    assert list(draw(stream, 1000)) == _draw_again(stream, 1000)


def test_numbers_are_odd_in_range_and_never_twice() -> None:
    numbers = draw("many", 4096)
    assert len(set(numbers)) == 4096
    assert all(number % 2 and 0 < number < LIMIT for number in numbers)


def test_a_longer_draw_begins_with_the_shorter_one() -> None:
    assert draw("x", 50)[:7] == draw("x", 7)
