"""``kplug run``, in this process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from kplug_keras2.running import command
from typer.testing import CliRunner

import kplug

SCRIPT = """
import sys
import helper
from keras.layers import Dense
print(__name__, sys.argv[1:], helper.VALUE, Dense(3).units)
"""


@pytest.fixture
def run(installed: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    return lambda *arguments: CliRunner().invoke(command, [str(one) for one in arguments])


def test_a_script_runs_as_main_with_its_arguments_and_its_folder(run: Any, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "helper.py").write_text("VALUE = 7\n")
    done = run(tmp_path / "script.py", "--epochs", "3")
    assert done.output == "__main__ ['--epochs', '3'] 7 3\n"
    assert done.exit_code == 0


def test_a_script_that_does_not_exist_is_named(run: Any, tmp_path: Path) -> None:
    done = run(tmp_path / "none.py")
    assert isinstance(done.exception, kplug.KplugError)
    assert "there is no script" in str(done.exception)
    assert "none.py" in str(done.exception)


def test_an_error_is_shown_from_the_scripts_line_on(
    run: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.py"
    script.write_text("import tensorflow as tf\nsess = tf.Session()\n")
    done = run(script)
    assert done.exit_code == 1
    assert f'File "{script}", line 2' in done.output
    assert "needs TensorFlow itself" in done.output
    assert "runpy" not in done.output
