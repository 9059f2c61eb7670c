"""``kplug new``: valid output, and no leftovers after a refusal."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from kplug_authoring import run_contract
from kplug_authoring.commands.new import command
from kplug_numbers import Result, check_component, record_numbers
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from kplug.inspection import list_components
from kplug.registry.kinds import BUILT_IN_KINDS
from tests.plugins import authoring as exposed
from tests.plugins.authoring import install_project
from tests.registry import conftest
from tests.registry.conftest import Sandbox

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[4]

install = conftest.install  # only what a test installs is seen
authoring = exposed.authoring  # and this distribution

COMPONENTS = {kind: f"acme_{kind}" for kind in BUILT_IN_KINDS}
ALL_KINDS = [part for kind, name in COMPONENTS.items() for part in (f"--{kind}", name)]


def new(*arguments: str, typed: str | None = None) -> str:
    result = CliRunner().invoke(app, ["new", *arguments], input=typed)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.output


def refuse(*arguments: str) -> str:
    """Return the message of a command that fails, after a look at what it left: nothing."""
    before = sorted(Path.cwd().rglob("*"))
    result = CliRunner().invoke(app, ["new", *arguments])
    assert isinstance(result.exception, kplug.KplugError), result.output
    assert sorted(Path.cwd().rglob("*")) == before
    return str(result.exception)


def files_of(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_the_distribution_has_the_form_of_a_shipped_plugin(tmp_path: Path) -> None:
    output = new("kplug-acme", "--loss", "dice_loss", "--regularizer", "l1_reg")
    assert output == (
        "kplug-acme has the regularizer l1_reg, the loss dice_loss. Next:\n\n"
        "  pip install -e kplug-acme\n  kplug check kplug-acme\n"
        "  kplug numbers record kplug-acme\n"
    )
    assert files_of(tmp_path / "kplug-acme") == [
        *(".github/workflows/ci.yml", ".gitignore", "CHANGELOG.md", "LICENSE", "README.md"),
        "pyproject.toml",
        *("src/kplug_acme/__init__.py", "src/kplug_acme/dice_loss.py"),
        *("src/kplug_acme/l1_reg.py", "src/kplug_acme/py.typed"),
        *("tests/test_contract.py", "tests/test_dice_loss.py", "tests/test_l1_reg.py"),
        "tests/test_readme.py",
    ]
    written = tomllib.loads((tmp_path / "kplug-acme" / "pyproject.toml").read_text())
    shipped = tomllib.loads((ROOT / "plugins" / "kplug-penalties" / "pyproject.toml").read_text())
    assert set(shipped["project"]) <= set(written["project"])
    assert written["project"]["dependencies"] == shipped["project"]["dependencies"]
    assert written["project"]["entry-points"] == {
        "kplug.regularizers": {"l1_reg": "kplug_acme.l1_reg:l1_reg"},
        "kplug.losses": {"dice_loss": "kplug_acme.dice_loss:dice_loss"},
    }


def test_the_licence_is_the_one_that_the_metadata_names(tmp_path: Path) -> None:
    new("kplug-acme")
    assert (tmp_path / "kplug-acme" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


@pytest.mark.slow
def test_a_component_of_each_kind_keeps_its_contract(tmp_path: Path, install: Sandbox) -> None:
    new("kplug-acme", *ALL_KINDS)
    install_project(install, tmp_path / "kplug-acme")
    assert install.problems("kplug-acme") == []
    assert run_contract("kplug-acme") > len(BUILT_IN_KINDS)


def test_the_numbers_of_each_kind_can_be_recorded_and_are_compared_by_the_ci(
    tmp_path: Path, install: Sandbox
) -> None:
    new("kplug-acme", *ALL_KINDS)
    project = tmp_path / "kplug-acme"
    assert "kplug numbers check kplug-acme" in (project / ".github/workflows/ci.yml").read_text()
    assert "`kplug check kplug-acme --accept` lists them" in (project / "CHANGELOG.md").read_text()
    install_project(install, project)
    url = {"url": install.folder.as_uri(), "dir_info": {"editable": True}}
    (install.info("kplug-acme", "0.1.0") / "direct_url.json").write_text(json.dumps(url))
    recorded = record_numbers("kplug-acme").content
    assert {kind for kind, _ in recorded.readings} == BUILT_IN_KINDS.keys() - {"callback"}
    assert recorded.unread == {}
    assert all(one.outcome == "same" for kind in BUILT_IN_KINDS for one in _check(kind))


def _check(kind: str) -> list[Result]:
    (component,) = (
        one
        for one in list_components(BUILT_IN_KINDS[kind])
        if one.origin.distribution == "kplug-acme"
    )
    return check_component(component)


def test_the_block_of_the_readme_runs_for_each_kind(tmp_path: Path, install: Sandbox) -> None:
    new("kplug-acme", *ALL_KINDS)
    install_project(install, tmp_path / "kplug-acme")
    readme = (tmp_path / "kplug-acme" / "README.md").read_text()
    block = readme.partition("```python\n")[2].partition("```")[0]
    assert all(f"kplug-acme/{name}" in block for name in COMPONENTS.values())
    exec(block, {})


@pytest.mark.skipif(importlib.util.find_spec("ruff") is None, reason="ruff is not installed")
def test_ruff_finds_nothing(tmp_path: Path) -> None:
    new("kplug-acme", *ALL_KINDS, "--loss", "another_loss")
    for task in (["check"], ["format", "--check", "--exclude", "*.md"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *task, "--no-cache", "kplug-acme"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_without_a_component_there_is_a_loss_of_the_name(tmp_path: Path) -> None:
    assert new("kplug-acme").startswith("kplug-acme has the loss acme_loss. Next:")


def test_a_class_has_its_name_in_capitals_and_its_module_in_snake_case(tmp_path: Path) -> None:
    new("kplug-acme", "--layer", "FeatureScale", "--callback", "stop_below")
    package = tmp_path / "kplug-acme" / "src" / "kplug_acme"
    assert "class FeatureScale(Layer):" in (package / "feature_scale.py").read_text()
    assert "class StopBelow(Callback):" in (package / "stop_below.py").read_text()


def test_an_empty_folder_is_filled_and_another_name_of_a_plugin_is_said(
    tmp_path: Path, install: Sandbox
) -> None:
    install("kplug-other", entry_points={"kplug.losses": {"tilt": "other:tilt"}})
    (tmp_path / "kplug-acme").mkdir()
    output = new("kplug-acme", "--loss", "Tilt")
    assert "note: kplug-other/tilt has the same name." in output
    assert "users write 'kplug-acme/Tilt' or set a preference." in output
    assert (tmp_path / "kplug-acme" / "pyproject.toml").is_file()


def test_it_asks_in_a_terminal_until_the_answers_are_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_is_terminal", lambda: True)
    output = new(typed="kplug_\nkplug-acme\nlos x\nloss huber\nloss dice_loss\nmetric near\n\n")
    assert "'kplug_' is no name of a distribution" in output
    assert "there is no kind 'los'" in output
    assert "the loss 'huber' is built in" in output
    assert "kplug-acme has the loss dice_loss, the metric near. Next:" in output
    assert (tmp_path / "kplug-acme" / "src" / "kplug_acme" / "near.py").is_file()


@pytest.mark.parametrize("content", ["file", "folder", "link"])
def test_what_stands_in_the_place_of_the_folder_stays(tmp_path: Path, content: str) -> None:
    place = tmp_path / "kplug-acme"
    if content == "file":
        place.write_text("mine")
    elif content == "folder":
        place.mkdir()
        (place / "mine").write_text("mine")
    else:
        place.symlink_to(tmp_path / "elsewhere")
    assert refuse("kplug-acme") == (
        f"{str(place)!r} exists and is not empty; nothing was written\n"
        "  Move it away, or take another name. `kplug add` adds to a project that exists."
    )


RESERVED = "is reserved, and a plugin of this name is not read"


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is no name for the new distribution, and no terminal to ask in"),
        (["../kplug-acme"], "'../kplug-acme' is no name of a distribution"),
        (["kplug acme"], "'kplug acme' is no name of a distribution"),
        (["2d-losses"], "would have the package '2d_losses', which Python cannot import"),
        (["class"], "would have the package 'class', which Python cannot import"),
        (["Kplug"], f"the name 'kplug' {RESERVED}"),
        (["custom"], f"the name 'custom' {RESERVED}"),
        (["statistics"], "the package 'statistics' of the distribution 'statistics' exists here"),
        (["yaml_"], "'yaml_' is no name of a distribution"),
        (["pytest"], "a distribution 'pytest' is installed here, which the new one would replace"),
        (["a", "--loss", "dice-loss"], "'dice-loss' cannot be the name of a component"),
        (["a", "--loss", "../dice"], "'../dice' cannot be the name of a component"),
        (["a", "--loss", "lambda"], "'lambda' would be a keyword of Python in code"),
        (["a", "--loss", "MSE"], "the loss 'MSE' is built in, as kplug/mean_squared_error"),
        (["a", "--loss", "delta"], "the name 'delta' means something else in the example"),
        (["a", "--layer", "Tensor"], "the name 'Tensor' means something else in the example"),
        (
            ["a", "--loss", "dice_loss", "--loss", "DiceLoss"],
            "the loss 'DiceLoss' is asked for twice",
        ),
        (
            ["a", "--loss", "tilt", "--metric", "tilt"],
            "two of the new files are 'src/a/tilt.py'",
        ),
        (["a", "--loss", "contract"], "two of the new files are 'tests/test_contract.py'"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(
    arguments: list[str], message: str, install: Sandbox
) -> None:
    install("pytest")
    assert message in refuse(*arguments)


def test_an_error_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(Path, "rename", fail)
    message = refuse("kplug-acme")
    assert "cannot be written: Permission denied; nothing was changed" in message
