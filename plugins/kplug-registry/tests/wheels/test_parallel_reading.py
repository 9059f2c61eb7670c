"""Other processes read wheels, in order and with the same errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.errors import WheelError
from kplug_registry.wheels import WheelReader, parallel_reading, read_wheel, read_wheels


@pytest.fixture(params=[1, 2])
def processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many processes read: for few wheels it is one."""
    monkeypatch.setattr(parallel_reading, "_FEWEST", 9 if request.param == 1 else 2)
    monkeypatch.setattr(parallel_reading, "_AHEAD", 1)
    monkeypatch.setattr(parallel_reading, "_count_processors", lambda: 3)
    return int(request.param)


def test_wheels_come_in_their_order_until_one_cannot_be_read(
    make_wheel: Callable[..., Path], processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[WheelReader] = []

    def start(*arguments: object) -> WheelReader:
        started.append(WheelReader())
        return started[-1]

    monkeypatch.setattr(parallel_reading, "WheelReader", start)
    wheels = [make_wheel(f"kplug-wave{letter}") for letter in "dbaecf"]
    broken = wheels[-1]
    broken.write_bytes(b"")
    expected = [read_wheel(path) for path in wheels[:-1]]
    read = read_wheels(iter(wheels))
    assert [next(read) for _ in expected] == expected
    with pytest.raises(WheelError, match=f"{broken.name}: it cannot be opened"):
        next(read)
    assert len(started) == processes
    assert [one._running for one in started] == [None] * processes
