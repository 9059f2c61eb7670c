"""Time without that of what is timed inside."""

from __future__ import annotations

import time

import pytest

from kplug.registry.installed.stopwatch import Stopwatch


def test_each_counts_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 3.0, 4.0, 7.0, 15.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    outer, first, second = Stopwatch(), Stopwatch(), Stopwatch()
    with outer:
        with first:
            pass
        with pytest.raises(ZeroDivisionError), second:
            1 / 0  # noqa: B018
    assert (outer.seconds, first.seconds, second.seconds) == (10.0, 2.0, 3.0)
