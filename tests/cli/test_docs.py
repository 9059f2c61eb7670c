"""``kplug docs``: pages about what is installed, or registered, or broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from kplug.cli.docs import make_page
from kplug.errors import KplugError
from kplug.registry import KINDS, REGISTRY, Component


def test_there_is_one_page_a_kind(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    result = CliRunner().invoke(app, ["docs", str(folder)], env={"COLUMNS": "400"})
    assert result.exit_code == 0, result.output
    assert {page.name for page in folder.iterdir()} == {
        f"{kind.plural}.md" for kind in KINDS.values()
    }
    count = len(REGISTRY.components(KINDS["loss"]))
    assert f"{folder / 'losses.md'}: {count} losses" in result.output.splitlines()


def test_curves_are_drawn_and_stand_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kplug.cli.docs.KINDS", {"schedule": KINDS["schedule"]})
    words = ["--curves", "--example", "cosine_decay(0.1, 50)"]
    result = CliRunner().invoke(app, ["docs", str(tmp_path), *words])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "schedules.md").read_text(encoding="utf-8")
    drawn = page.partition("\n## kplug/cosine_decay\n")[2].partition("\n## ")[0]
    picture = "curves/schedules-kplug-cosine_decay.svg"
    assert f"![The curve of cosine_decay(0.1, 50)]({picture})" in drawn
    assert (tmp_path / picture).is_file()
    # It has no default for its arguments, so without an example there is nothing to draw.
    assert "exponential_decay.svg" not in page


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
    page = make_page(KINDS["loss"])
    headings = [line[3:] for line in page.splitlines() if line.startswith("## ")]
    is_built_in = [heading.startswith(("kplug/", "torch/")) for heading in headings]
    first = is_built_in.index(False)
    assert not any(is_built_in[first:])
    assert headings[:first] == sorted(headings[:first])
    assert "kplug-segmentation/dice_loss" in headings[first:]
    assert headings[-1] == "What all of kplug's losses share: Loss"
    assert page == make_page(KINDS["loss"])


def test_table_takes_a_missing_summary_from_the_documentation() -> None:
    def double(y_true: float, y_pred: float) -> float:
        """Twice | the error.

        Example:
            >>> double(1, 2)
        """
        return 2 * (y_pred - y_true)

    with kplug.scope(losses={"double": double}):
        page = make_page(KINDS["loss"])
    assert "| [custom/double](#customdouble) | Twice \\| the error. |" in page
    assert "## custom/double\n\n```python\ndouble()\n```\n\nFrom custom, `" in page


def test_package_is_written_where_the_bare_name_means_another() -> None:
    page = make_page(KINDS["optimizer"])
    assert "## kplug/sgd\n\n```python\nsgd(\n    lr=" in page
    assert "## torch/sgd\n\n```python\ntorch/sgd(\n    lr=" in page
    assert "## torch/rprop\n\n```python\nrprop(\n    lr=" in page
    assert "## kplug-keras3/nadam\n\n```python\nkplug-keras3/nadam(" in page


def test_what_cannot_be_loaded_costs_its_own_entry_only(monkeypatch: pytest.MonkeyPatch) -> None:
    load = REGISTRY.load

    def refuse(component: Component) -> object:
        if component.name == "huber":
            raise KplugError("kplug/huber cannot be loaded", hint="Mend it.")
        return load(component)

    monkeypatch.setattr(REGISTRY, "load", refuse)
    page = make_page(KINDS["loss"])
    expected = "It cannot be loaded:\n\n```text\nkplug/huber cannot be loaded\n  Mend it.\n```"
    assert f"## kplug/huber\n\n{expected}" in page
    assert "Margin that is missing to 1." in page


def test_torch_is_imported_only_to_write(tmp_path: Path) -> None:
    code = "import sys, kplug.cli.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0
