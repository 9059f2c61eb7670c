"""Where a warning points."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import kplug
from kplug.errors import DeprecatedComponentWarning, KplugWarning, NonFiniteLossWarning
from kplug.registry.user_warnings import warn


def _line_here() -> int:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def _points_at(record: pytest.WarningsRecorder) -> tuple[str, int]:
    (caught,) = record
    return Path(caught.filename).name, caught.lineno


def test_points_at_the_caller() -> None:
    line = _line_here() + 2
    with pytest.warns(KplugWarning, match="^look out$") as record:
        warn("look out")
    assert _points_at(record) == ("test_user_warnings.py", line)


def test_points_at_the_line_that_resolved_a_name() -> None:
    old = kplug.Component("old", abs, role="function", deprecated="'new'")
    with kplug.scope(activations={"old": old}):
        line = _line_here() + 2
        with pytest.warns(DeprecatedComponentWarning) as record:
            kplug.resolve("activation", "old")
    assert _points_at(record) == ("test_user_warnings.py", line)


@pytest.mark.torch
def test_points_at_the_call_of_fit_through_the_decorators_of_torch() -> None:
    import torch

    model = kplug.Sequential([kplug.layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mean_squared_error")
    x, y = torch.full((4, 2), torch.nan), torch.zeros(4, 1)
    line = _line_here() + 2
    with pytest.warns(NonFiniteLossWarning) as record:
        model.fit(x, y, verbose=0)
    assert _points_at(record) == ("test_user_warnings.py", line)
