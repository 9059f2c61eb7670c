"""``kplug docs``: pages about what is installed, or registered, or broken."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from kplug.cli.docs import make_pages
from kplug.errors import KplugError
from kplug.registry import KINDS, REGISTRY, Component


def make_page(kind: str, name: str) -> str:
    """Return the page of one component, or the list of its kind for an empty name."""
    path = Path(KINDS[kind].plural)
    return make_pages(KINDS[kind])[path / f"{name}.md" if name else path.with_suffix(".md")]


@pytest.mark.slow
def test_there_is_one_page_a_component_and_one_a_kind(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    result = CliRunner().invoke(app, ["docs", str(folder)], env={"COLUMNS": "400"})
    assert result.exit_code == 0, result.output
    assert {page.name for page in folder.glob("*.md")} == {
        f"{kind.plural}.md" for kind in KINDS.values()
    }
    names = [one.qualified_name for one in REGISTRY.components(KINDS["loss"])]
    assert {page.stem for page in (folder / "losses").iterdir()} == {
        name.replace("/", "-") for name in names
    }
    assert f"{folder / 'losses.md'}: {len(names)} losses" in result.output.splitlines()
    # The site leaves out timm's 1,371 models, and writes each line's markup.
    sizes = [page.stat().st_size for page in folder.rglob("*.md") if page.name != "models.md"]
    assert max(sizes) < 60_000  # markup is about five times as long


def test_curves_are_drawn_and_stand_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kplug.cli.docs.KINDS", {"schedule": KINDS["schedule"]})
    words = ["--curves", "--example", "cosine_decay(0.1, 50)"]
    result = CliRunner().invoke(app, ["docs", str(tmp_path), *words])
    assert result.exit_code == 0, result.output
    drawn = (tmp_path / "schedules/kplug-cosine_decay.md").read_text(encoding="utf-8")
    picture = "curves/schedules-kplug-cosine_decay.svg"
    assert f"![The curve of cosine_decay(0.1, 50)](../{picture})" in drawn
    assert "Write `'cosine_decay(0.1, 50)'`." in drawn
    assert (tmp_path / picture).is_file()
    # It has no default for its arguments, so without an example there is nothing to draw.
    other = (tmp_path / "schedules/kplug-exponential_decay.md").read_text(encoding="utf-8")
    assert ".svg" not in other
    assert (
        "Write `'exponential_decay(initial_learning_rate=…, decay_steps=…, decay_rate=…)'`."
        in other
    )


def test_an_example_for_nothing_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    result = CliRunner().invoke(app, ["docs", str(folder), "--example", "no_such_decay(0.1)"])
    assert isinstance(result.exception, KplugError)
    assert "the example 'no_such_decay' is for no component" in str(result.exception)
    assert not folder.exists()


def test_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert CliRunner().invoke(app, ["docs", str(tmp_path / "file")]).exit_code == 2


def test_built_ins_come_first_and_plugins_are_there() -> None:
    page = make_page("loss", "")
    headings = re.findall(r"^\| \[(\S+)\]\(losses/\S+\.md\)", page, re.MULTILINE)
    is_built_in = [heading.startswith(("kplug/", "torch/")) for heading in headings]
    first = is_built_in.index(False)
    assert not any(is_built_in[first:])
    assert headings[:first] == sorted(headings[:first])
    assert "kplug-segmentation/dice_loss" in headings[first:]
    assert "## What all of kplug's losses share: Loss\n" in page
    assert page == make_page("loss", "")


def test_table_takes_a_missing_summary_from_the_documentation() -> None:
    def double(y_true: float, y_pred: float) -> float:
        """Twice | the error.

        Example:
            >>> double(1, 2)
        """
        return 2 * (y_pred - y_true)

    with kplug.scope(losses={"double": double}):
        listed, page = make_page("loss", ""), make_page("loss", "custom-double")
    assert "| [custom/double](losses/custom-double.md) | Twice \\| the error. |" in listed
    head = "# custom/double\n\nOne of the [losses](../losses.md).\n\n```python\ndouble()\n```\n\n"
    assert page.startswith(f"{head}Write `'double'`.\n\nFrom custom, `")


@pytest.mark.slow
def test_package_is_written_where_the_bare_name_means_another() -> None:
    pages = make_pages(KINDS["optimizer"])

    def written(name: str) -> str:
        page = pages[Path("optimizers") / f"{name}.md"]
        return page.partition("```python\n")[2].partition("(")[0]

    assert written("kplug-sgd") == "sgd"
    assert written("torch-sgd") == "torch/sgd"
    assert written("torch-rprop") == "rprop"
    assert written("kplug-keras3-nadam") == "kplug-keras3/nadam"
    assert "Write `'torch/sgd'`." in pages[Path("optimizers/torch-sgd.md")]


def test_what_cannot_be_loaded_costs_its_own_entry_only(monkeypatch: pytest.MonkeyPatch) -> None:
    load = REGISTRY.load

    def refuse(component: Component) -> object:
        if component.name == "huber":
            raise KplugError("kplug/huber cannot be loaded", hint="Mend it.")
        return load(component)

    monkeypatch.setattr(REGISTRY, "load", refuse)
    pages = make_pages(KINDS["loss"])
    expected = "It cannot be loaded:\n\n```text\nkplug/huber cannot be loaded\n  Mend it.\n```"
    assert expected in pages[Path("losses/kplug-huber.md")]
    assert "Margin that is missing to 1." in pages[Path("losses/kplug-hinge.md")]


def test_torch_is_imported_only_to_write(tmp_path: Path) -> None:
    code = "import sys, kplug.cli.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0
