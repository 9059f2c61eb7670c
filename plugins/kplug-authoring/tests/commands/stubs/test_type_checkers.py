"""mypy and pyright read the stubs: good programs pass, and every mistake is found."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kplug.cli.app import app
from tests.plugins import authoring as exposed
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen
authoring = exposed.authoring  # and this distribution
pytestmark = pytest.mark.slow

WAVES = """
def wave(height: float, phase: str = "sine"):
    return lambda y_true, y_pred: y_true
"""

GOOD = """
import torch
import kplug
from kplug import names
from kplug.layers import LSTM, Conv2D, Dense

def make(loss: names.LossName = "wave") -> kplug.Sequential:
    model = kplug.Sequential([
        Conv2D(16, 3, activation="relu", kernel_initializer="he_normal", input_shape=(8, 8, 1)),
        LSTM(3, kernel_regularizer=names.regularizer.l2(1e-4), activation=torch.tanh),
        Dense(1, kernel_regularizer="kplug/l1", bias_initializer=names.initializer.constant(value=1.0)),
    ])
    model.compile(loss=loss, optimizer="adam")
    model.compile(names.optimizer.adam(lr=3e-3), names.loss.wave(2.0, phase="x"), metrics=["mae"])
    rate = names.schedule.exponential_decay(0.1, 100, 0.9)
    model.compile(names.optimizer.adam(lr=rate), {"a": "mse", "b": names.loss.huber()})
    model.compile(kplug.optimizers.Adam(lr=rate), ["mse", None], weighted_metrics={"a": ["mse"]})
    model.compile(torch.optim.Adam(model.parameters()), kplug.losses.Huber(), metrics=[["mse"], ["mae"]])
    model.compile(torch.optim.Adam, lambda y_true, y_pred: y_true - y_pred)
    model.compile({"class_name": "Adam", "config": {"lr": 0.1}}, {"name": "mse", "args": {}})
    model.compile(kplug.parse_spec(input()), kplug.parse_spec("wave(1.0)"))
    model.compile("kplug/adam", names.loss("a-plugin/dune", height=1.0))
    stop = names.callback.early_stopping(patience=3)
    model.fit([[1.0]], [[1.0]], callbacks=["terminate_on_nan", stop, kplug.callbacks.History()])
    model.fit([[1.0]], [[1.0]], 32, 3, validation_freq=[1, 3]).history["loss"]
    return model
"""

BAD = """
import kplug
from kplug import names
from kplug.layers import LSTM, Dense

model = kplug.Sequential([Dense(1, kernel_initializer="he_nomal")])  # error
LSTM(3, kernel_regularizer="l3")  # error
Dense(1, activation="rellu")  # error
model.compile(loss="wafe")  # error
model.compile("adamm", "mse")  # error
model.compile("adam", "mse", metrics=["acuracy"])  # error
model.compile("adam", {"a": "msee"})  # error
model.compile("adam", "mse", weighted_metrics={"a": ["maee"]})  # error
model.compile("adam(lr=0.1)", "mse")  # error
model.compile("adam", "dune")  # error
model.compile("adam", names.loss(input()))  # error
model.compile("adam", names.loss.wafe(1.0))  # error
model.compile("adam", names.loss.dune(1.0))  # error
model.compile("adam", names.loss.wave(1.0, phse="x"))  # error
model.compile("adam", names.loss.wave("high"))  # error
model.compile("adam", names.loss.wave())  # error
model.compile(names.optimizer.adam(lr="exponential_decai"), "mse")  # error
model.compile(kplug.optimizers.Adam(lr="exponential_decai"), "mse")  # error
model.fit([[1.0]], [[1.0]], callbacks=["early_stoping"])  # error
model.fit([[1.0]], [[1.0]], 32, "3")  # error
model.fit([[1.0]], epoch=3)  # error
model.compile("adam", "mse", ["mae"])  # error
model.predict()  # error
names.los.mse()  # error
loss: names.LossName = "wafe"  # error
"""

PLAIN = """
# pyright: strict
import kplug
from kplug import names
from kplug.layers import Dense

model = kplug.Sequential([Dense(1, kernel_initializer="any_name", activation="any(name=1)")])
model.compile("adam(lr=0.1)", input(), metrics=["any_name"])
model.compile(names.optimizer.any_name(lr=0.1), names.loss("any/name", height=1.0))
model.fit([[1.0]], [[1.0]])
# A method of Layer, of a class that narrows what an attribute is.
Dense(1).named_weights()[0][0].upper()
"""

MYPY = """
[mypy]
strict = True
[mypy-torch.*]
# it alone takes a minute
follow_imports = skip
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that sees what this Python sees, and has a place of its own to write to."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    paths = [path for path in sys.path if Path(path).is_dir()]
    _packages(folder).joinpath("all.pth").write_text("\n".join(paths))
    (folder / "mypy.ini").write_text(MYPY)
    for name, text in (("good", GOOD), ("bad", BAD), ("plain", PLAIN)):
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture
def stubs(environment: Path, install: Sandbox) -> Iterator[Path]:
    install("waves", entry_points={"kplug.losses": {"wave": "w:wave"}}, modules={"w.py": WAVES})
    for name in ("a-plugin", "b-plugin"):
        install(name, entry_points={"kplug.losses": {"dune": "m:dune"}})
    result = CliRunner().invoke(app, ["stubs", str(_packages(environment))])
    assert result.exit_code == 0, result.output
    package = _packages(environment) / "kplug-stubs"
    shutil.copy(package / "names.pyi", environment / "written.pyi")  # where it is checked itself
    yield environment
    for file in package.iterdir():
        file.unlink()
    package.rmdir()


def _packages(environment: Path) -> Path:
    return next(environment.glob("env/lib/**/site-packages"))


def _check_with_mypy(environment: Path, *files: str) -> set[tuple[str, int]]:
    return _check(
        environment, "mypy", "--python-executable", *files, line=r"^(\w+\.pyi?):(\d+): error"
    )


def _check_with_pyright(environment: Path, *files: str) -> set[tuple[str, int]]:
    return _check(
        environment, "pyright", "--pythonpath", *files, line=r"(\w+\.pyi?):(\d+):\d+ - error"
    )


def _check(
    environment: Path, checker: str, option: str, *files: str, line: str
) -> set[tuple[str, int]]:
    """Return the lines that a checker complains about."""
    python = environment / "env" / "bin" / "python"
    command = [sys.executable, "-m", checker, option, str(python), *files]
    result = subprocess.run(command, cwd=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode in (0, 1), result.stdout + result.stderr
    return {(file, int(number)) for file, number in re.findall(line, result.stdout, re.MULTILINE)}


CHECKERS = pytest.mark.parametrize(
    "check", [_check_with_mypy, _check_with_pyright], ids=["mypy", "pyright"]
)


@CHECKERS
def test_every_mistake_is_found_and_nothing_else(stubs: Path, check: object) -> None:
    assert callable(check)
    wrong = {("bad.py", n) for n, line in enumerate(BAD.split("\n"), 1) if "# error" in line}
    assert len(wrong) == 25
    assert check(stubs, "good.py", "bad.py", "written.pyi") == wrong


@CHECKERS
def test_any_text_will_do_where_nothing_was_written(environment: Path, check: object) -> None:
    assert callable(check)
    assert check(environment, "plain.py") == set()
