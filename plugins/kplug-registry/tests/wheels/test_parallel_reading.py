"""Worker processes read many wheels, in order and with the same errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.errors import WheelError
from kplug_registry.wheels import parallel_reading, read_wheel, read_wheels


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel_reading, "_FEWEST", 2)
    monkeypatch.setattr(parallel_reading, "_CHUNK", 1)
    monkeypatch.setattr(parallel_reading, "_count_processors", lambda: 2)


def test_wheels_come_in_their_order_until_one_cannot_be_read(
    make_wheel: Callable[..., Path],
) -> None:
    wheels = [make_wheel(f"kplug-wave{letter}") for letter in "dbaecf"]
    broken = wheels[-1]
    broken.write_bytes(b"")
    expected = [read_wheel(path) for path in wheels[:-1]]
    read = read_wheels(iter(wheels))
    assert [next(read) for _ in expected] == expected
    with pytest.raises(WheelError, match=f"{broken.name}: it cannot be opened"):
        next(read)


def test_few_wheels_need_no_other_process(
    make_wheel: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel_reading, "_read_ahead", None)
    wheel = make_wheel()
    assert list(read_wheels([wheel])) == [read_wheel(wheel)]
