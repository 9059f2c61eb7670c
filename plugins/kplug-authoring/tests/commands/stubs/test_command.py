"""``kplug stubs``: its output, its refusals, and the cost of a broken plugin."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import kplug
from kplug import names
from kplug.cli.app import app
from kplug.errors import KplugError
from tests.plugins import authoring as exposed
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen
authoring = exposed.authoring  # and this distribution

SOURCE = """
from typing import Literal, Optional
def wave(height: float, phase: "Literal['sine', 'square']" = "sine", *, size: Optional[int] = None):
    "Rise and fall."
    return lambda y_true, y_pred: y_true
def open_wave(height, kernel_initializer="zeros", **further):
    return lambda y_true, y_pred: y_true
"""


@pytest.fixture
def plugin(install: Sandbox) -> Sandbox:
    targets = {"wave": "waves:wave", "open_wave": "waves:open_wave"}
    install("waves", entry_points={"kplug.losses": targets}, modules={"waves.py": SOURCE})
    return install


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "checked").mkdir()
    return tmp_path / "checked"


def _invoke(*arguments: object) -> Result:
    kplug.reload()
    return CliRunner().invoke(app, ["stubs", *map(str, arguments)])


def _write(folder: Path, *options: str) -> str:
    result = _invoke(folder, *options)
    assert result.exit_code == 0, result.output
    text = (folder / "kplug-stubs" / "names.pyi").read_text()
    compile(text, "names.pyi", "exec")  # finds arguments of one name, which ast does not
    return text


def _check(*arguments: object, status: int) -> str:
    result = _invoke(*arguments, "--check")
    assert result.exit_code == status, result.output
    return result.stdout


def _refuse(*arguments: object) -> str:
    result = _invoke(*arguments)
    assert isinstance(result.exception, KplugError)
    return str(result.exception)


def _names(text: str, kind: str) -> list[str]:
    """Return the members of a type of names."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == f"{kind}Name":
            assert node.value is not None
            return re.findall(r"'(.*?)'", ast.unparse(node.value))
    raise AssertionError(kind)


def _method(text: str, name: str) -> str:
    found = re.search(rf"^    def {name}\((.*)\) -> Spec:", text, re.MULTILINE)
    assert found, name
    return found[1]


def test_names_and_arguments_are_written(plugin: Sandbox, folder: Path) -> None:
    text = _write(folder)
    assert {"wave", "waves/wave", "mse", "kplug/mse"} <= set(_names(text, "Loss"))
    assert _method(text, "wave") == (
        "self, /, height: float, phase: Literal['sine', 'square'] = 'sine', *, size: int | None = None"
    )
    assert _method(text, "open_wave") == (
        "self, /, height: object, "
        "kernel_initializer: InitializerName | Spec | Mapping[str, Any] | None = 'zeros', "
        "**named_arguments: object"
    )
    assert "    mse = mean_squared_error\n" in text
    lr = "ScheduleName | Spec | Mapping[str, Any] | float | None"
    assert f"lr: {lr} = 0.001, beta_1: float = 0.9" in _method(text, "adam")
    assert f"learning_rate: {lr} = None, clipnorm: float | None = None" in _method(text, "adam")
    assert (folder / "kplug-stubs" / "py.typed").read_text() == "partial\n"


def test_nothing_is_imported_for_names_alone(plugin: Sandbox, folder: Path) -> None:
    text = _write(folder, "--no-import")
    assert plugin.imported() == set()
    assert "waves/wave" in _names(text, "Loss")
    assert _method(text, "wave") == "self, /, *arguments: object, **named_arguments: object"
    assert ") -> Spec:\n        'Rise and fall.'\n" in text


def test_a_name_of_two_plugins_is_qualified(install: Sandbox, folder: Path) -> None:
    for name in ("a-plugin", "b-plugin"):
        install(name, entry_points={"kplug.losses": {"dune": "m:dune"}})
    install("c-plugin", entry_points={"kplug.losses": {"huber": "m:huber"}})
    text = _write(folder, "--no-import")
    found = _names(text, "Loss")
    assert {"a-plugin/dune", "b-plugin/dune", "c-plugin/huber", "huber"} <= set(found)
    assert "dune" not in found
    losses = text.partition("class _LossNames")[2].partition("\nclass ")[0]
    assert "def dune(" not in losses
    assert losses.count("def huber(") == 1


def test_a_preference_decides(
    install: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a-plugin", "b-plugin"):
        install(name, entry_points={"kplug.losses": {"dune": "m:dune"}})
    monkeypatch.setenv("KPLUG_PREFER", "b-plugin")
    assert "dune" in _names(_write(folder, "--no-import"), "Loss")


@pytest.mark.parametrize("name", ["lambda", "None", "float", "Literal"])
def test_what_python_or_annotations_need_is_given_as_text(
    install: Sandbox, folder: Path, name: str
) -> None:
    install("odd", entry_points={"kplug.losses": {name: "m:one"}})
    text = _write(folder, "--no-import")
    assert name in _names(text, "Loss")
    assert f"def {name}(" not in text


def test_a_plugins_kind_has_names(install: Sandbox, folder: Path) -> None:
    hooks = (
        "import kplug\n"
        "@kplug.hookimpl\n"
        "def kplug_kinds():\n"
        "    return [kplug.Kind('data_filter', 'data_filters'), kplug.Kind('lamp', 'lamps')]\n"
    )
    groups = {"kplug": {"hooks": "kinds"}, "kplug.data_filters": {"flip": "kinds:flip"}}
    install("kinds", entry_points=groups, modules={"kinds.py": hooks})
    text = _write(folder, "--no-import")
    assert _names(text, "DataFilter") == ["flip", "kinds/flip"]
    assert "data_filter: _DataFilterNames\n" in text
    assert "LampName: TypeAlias = Never\n" in text
    assert names.data_filter.flip(1) == kplug.Spec("flip", (1,))
    assert names.DataFilterName is str


def test_a_broken_plugin_costs_its_own_arguments(plugin: Sandbox, folder: Path) -> None:
    plugin("broken", entry_points={"kplug.losses": {"crack": "cracked:crack"}})
    plugin("silent", entry_points={"kplug": {"hooks": "no_such_module"}})
    result = _invoke(folder)
    text = (folder / "kplug-stubs" / "names.pyi").read_text()
    assert result.exit_code == 0
    assert _method(text, "crack") == "self, /, *arguments: object, **named_arguments: object"
    assert _method(text, "wave").startswith("self, /, height: float")
    assert (
        "broken: the loss 'crack' of broken 1.0 (cracked:crack) cannot be loaded" in result.stderr
    )
    assert "broken: silent 1.0: its module of hooks cannot be imported" in result.stderr


def test_what_a_module_prints_is_no_output(install: Sandbox, folder: Path) -> None:
    loud = {"loud.py": "print('loud')\ndef din(): ..."}
    install("loud", entry_points={"kplug.losses": {"din": "loud:din"}}, modules=loud)
    assert "loud" not in _invoke(folder).stdout.replace(str(folder), "")


def test_a_check_names_what_differs(plugin: Sandbox, folder: Path) -> None:
    place = folder / "kplug-stubs" / "names.pyi"
    hint = "\n  Run `kplug stubs`.\n"
    assert re.fullmatch(
        rf"{re.escape(str(place))} does not exist: \+.* and \d+ more{hint}",
        _check(folder, "--no-import", status=1),
    )
    assert list(folder.iterdir()) == []
    text = _write(folder, "--no-import")
    assert _check(folder, "--no-import", status=0) == f"{place} is up to date.\n"
    assert _check(folder, status=1) == f"{place} is out of date: arguments differ{hint}"
    plugin.uninstall("waves")
    plugin("tides", entry_points={"kplug.losses": {"tide": "tides:tide"}})
    assert _check(folder, "--no-import", status=1) == (
        f"{place} is out of date: +tide, +tides/tide, -open_wave, -wave, -waves/open_wave, -waves/wave{hint}"
    )
    assert (folder / "kplug-stubs" / "names.pyi").read_text() == text


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert _refuse(tmp_path / "typo", "--no-import") == (
        f"the folder '{tmp_path / 'typo'}' does not exist; nothing was written\n"
        "  Give one that a type checker looks into, or none for this Python's site-packages."
    )
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize("file", ["names.pyi", "other.pyi", ""])
def test_what_somebody_else_wrote_is_left_alone(folder: Path, file: str) -> None:
    package = folder / "kplug-stubs"
    if file:
        package.mkdir()
    (package / file).write_text("mine")
    assert _refuse(folder, "--no-import") == (
        f"'{package}' was not written by `kplug stubs`; nothing was written\n"
        "  Move it away, or give another folder."
    )
    assert (package / file).read_text() == "mine"
    assert list(folder.rglob("*")) == ([package, package / file] if file else [package])


def test_a_folder_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)  # the tests may run as root, who may write anywhere
    assert _refuse(folder, "--no-import") == (
        f"'{folder / 'kplug-stubs'}' cannot be written: Permission denied\n"
        "  Give a folder of the environment whose packages the type checker sees."
    )
