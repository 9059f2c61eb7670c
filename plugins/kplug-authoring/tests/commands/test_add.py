"""``kplug add``: one more line in pyproject.toml and two new files, or no change."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from kplug_authoring import run_contract
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from tests.plugins import authoring as exposed
from tests.plugins.authoring import install_project
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen
authoring = exposed.authoring  # and this distribution

PYPROJECT = """\
# A comment, 'quotes' and  spacing that an author likes.
[project]
name    = 'kplug-acme'   # the name
version = "1.0"
dependencies = [ "kplug",
    "torch",   ]  # end

[project.entry-points."kplug.losses"]
dice_loss    = "kplug_acme.dice_loss:dice_loss"   # the first

[tool.hatch.build.targets.wheel]
packages = ["src/kplug_acme"]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Sandbox) -> Path:
    """Return a project that its author has formatted as nobody else would; the folder is a part of it."""
    folder = tmp_path / "acme"
    package = folder / "src" / "kplug_acme"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    monkeypatch.chdir(package)
    return folder


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def add(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["add", *arguments])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.output


def refuse(project: Path, *arguments: str) -> str:
    """Return the message of a command that fails, after a look at the project: nothing has changed."""
    before = snapshot(project)
    result = CliRunner().invoke(app, ["add", *arguments])
    assert isinstance(result.exception, kplug.KplugError), result.output
    assert snapshot(project) == before
    return str(result.exception)


def new_lines(project: Path, before: str = PYPROJECT) -> list[str]:
    """Return the lines that were added; no line may be gone."""
    after = (project / "pyproject.toml").read_text()
    difference = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    assert not [line for line in difference if line.startswith("-")]
    return [line[2:] for line in difference if line.startswith("+ ") and line[2:].strip()]


def test_an_existing_group_gets_one_line(project: Path) -> None:
    output = add("loss", "focal_loss")
    assert new_lines(project) == ['focal_loss = "kplug_acme.focal_loss:focal_loss"']
    assert output == (
        "kplug-acme has the loss focal_loss:\n  src/kplug_acme/focal_loss.py\n"
        "  tests/test_focal_loss.py\n  pyproject.toml\n"
        "Install it again, as entry points are read then:\n\n"
        f"  pip install -e {project}\n  kplug check kplug-acme/focal_loss\n"
    )


def test_a_new_group_stands_behind_the_others(project: Path) -> None:
    add("regularizers", "l1_reg")
    assert new_lines(project) == [
        '[project.entry-points."kplug.regularizers"]',
        'l1_reg = "kplug_acme.l1_reg:l1_reg"',
    ]


@pytest.mark.parametrize(
    "text",
    [
        '[project]\nname = "kplug-acme"\n\n[tool.x]\na = 1\n',
        '[project]\nname = "kplug-acme"\nentry-points = { "kplug.losses" = { a = "b:c" } }\n',
        '[project]\nname = "kplug-acme"\n[project.entry-points]\n"kplug.losses" = { a = "b:c" }\n',
        '[project]\nname = "kplug-acme"\n[project.entry-points.x]\na = "b:c"\n[tool.x]\na = 1\n',
        'project.name = "kplug-acme"\n[tool.x]\na = 1\n',
    ],
)
def test_every_form_of_entry_points_is_kept(project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(text)
    add("loss", "focal_loss")
    install_file = (project / "pyproject.toml").read_text()
    assert install_file.count("focal_loss") == 3
    assert "a = 1" in install_file or "[tool.x]" not in text


def test_the_ends_of_lines_and_the_mode_of_the_file_stay(project: Path) -> None:
    path = project / "pyproject.toml"
    path.write_bytes(PYPROJECT.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    add("loss", "focal_loss")
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n")
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_was_added_keeps_its_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Sandbox
) -> None:
    CliRunner().invoke(app, ["new", "kplug-acme"])
    monkeypatch.chdir(tmp_path / "kplug-acme" / "tests")
    add("activation", "gate")
    install_project(install, tmp_path / "kplug-acme")
    assert run_contract("kplug-acme", kinds=["activation"]) > 1
    assert run_contract("kplug-acme", kinds=["loss"]) > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["los", "focal"], "there is no kind 'los'\n  Did you mean 'loss'?"),
        (["loss", "focal-loss"], "'focal-loss' cannot be the name of a component"),
        (["loss", "mse"], "the loss 'mse' is built in, as kplug/mean_squared_error"),
        (["loss", "DiceLoss"], "'DiceLoss' is declared already, in [project.entry-points.'kplug."),
        (["metric", "taken"], "taken.py' exists already; nothing was written"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(
    project: Path, arguments: list[str], message: str
) -> None:
    (project / "src" / "kplug_acme" / "taken.py").write_text("mine = 1\n")
    assert message in refuse(project, *arguments)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[project", "is not valid TOML: "),
        ("[tool.x]\na = 1\n", "has no [project] table with a name"),
        ('[project]\nname = "a"\ndynamic = ["entry-points"]\n', "its entry points are dynamic"),
        ('[project]\nname = "other"\n', "has no package 'other', neither in src/ nor beside"),
        ("[project]\nname = 'kplug-acme'\nentry-points = 1\n", "is not a table of entry points"),
        (
            "[project]\nname = 'kplug-acme'\n[project.entry-points]\n'kplug.losses' = []\n",
            "is not a table of entry points",
        ),
    ],
)
def test_a_project_that_cannot_be_added_to_stays(project: Path, text: str, message: str) -> None:
    (project / "pyproject.toml").write_text(text)
    assert message in refuse(project, "loss", "focal_loss")


def test_without_a_project_it_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = refuse(tmp_path, "loss", "focal_loss")
    assert message == (
        f"there is no pyproject.toml in {str(tmp_path)!r}, nor in a folder above it\n"
        "  Go to your plugin's folder; `kplug new NAME` writes a new one."
    )


@pytest.mark.parametrize("method", ["open", "replace"])
def test_an_error_while_writing_leaves_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    original = Path.open

    def fail(path: Path, *arguments: object, **more: object) -> object:
        if method == "replace" or path.name == "test_focal_loss.py":
            raise OSError(28, "No space left on device", str(path))
        return original(path, *arguments, **more)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(Path, method, fail)
        before = snapshot_names(project)
        result = CliRunner().invoke(app, ["add", "loss", "focal_loss"])
    assert "cannot be written: No space left on device; nothing was changed" in str(
        result.exception
    )
    assert snapshot_names(project) == before
    assert (project / "pyproject.toml").read_text() == PYPROJECT


def snapshot_names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
