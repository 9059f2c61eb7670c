"""Where a warning points."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kplug
from kplug.errors import DeprecatedComponentWarning, KplugWarning, NonFiniteLossWarning
from kplug.registry.user_warnings import warn

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox


HERE = Path(__file__).name


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
    old = kplug.Component("old", abs, role="function", lifecycle="deprecated", successor="new")
    with kplug.scope(activations={"old": old}):
        line = _line_here() + 2
        with pytest.warns(DeprecatedComponentWarning) as record:
            kplug.resolve("activation", "old")
    assert _points_at(record) == ("test_user_warnings.py", line)


@pytest.mark.torch
def test_points_at_the_lines_that_compile_and_load_a_model(tmp_path: Path) -> None:
    old = kplug.Component(
        "old",
        lambda y_true, y_pred: (y_true - y_pred) ** 2,
        role="function",
        lifecycle="deprecated",
    )
    shy = kplug.Component(
        "shy", lambda weights: weights.sum(), role="function", lifecycle="archived"
    )
    with kplug.scope(losses={"old": old}, regularizers={"shy": shy}):
        model = kplug.Sequential([kplug.layers.Dense(1, input_dim=2, kernel_regularizer="shy")])
        line = _line_here() + 2
        with pytest.warns(DeprecatedComponentWarning) as record:
            model.compile("sgd", loss="old")
        assert {(Path(one.filename).name, one.lineno) for one in record} == {(HERE, line)}
        model.save(tmp_path / "model.keras")
        kplug.reload()  # warns anew
        line = _line_here() + 2
        with pytest.warns(DeprecatedComponentWarning) as record:
            kplug.models.load_model(tmp_path / "model.keras")
    assert {(Path(one.filename).name, one.lineno) for one in record} == {(HERE, line)}
    assert {str(one.message) for one in record} == {
        "the loss 'old' is deprecated",
        "the regularizer 'shy' is archived",
    }


def _run(*arguments: str) -> str:
    """Run the program `kplug` in a process, and return what it says beside its output."""
    command = [sys.executable, "-m", "kplug", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.stderr


@pytest.mark.torch
@pytest.mark.parametrize(
    "arguments", [("show", "pond"), pytest.param(("check", "pond"), marks=pytest.mark.slow)]
)
def test_of_a_command_the_command_is_named(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    install(
        "my-plugin",
        entry_points="[kplug.regularizers]\npond = my_plugin:pond\n[kplug.lifecycle]\n"
        "regularizer.pond = deprecated:lake\n",
        modules={"my_plugin.py": "def pond(weight_matrix):\n    return 1\n"},
    )
    monkeypatch.setenv("PYTHONPATH", str(install.folder))
    said = f"kplug {' '.join(arguments)}: the regularizer 'pond' is deprecated; use 'lake'\n"
    assert _run(*arguments) == said


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
