"""The promises about installing: README's plugin, packaged and used by name; README's lines as printed."""

from __future__ import annotations

import os
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from kplug.registry.kinds import BUILT_IN_KINDS
from tests.virtual_environments import ROOT, build_wheel, copy_repository, make_environment, run

README = ROOT / "README.md"

USE = """
import kplug
found = kplug.resolve("loss", "quantile_loss(quantile=0.9)")
print(found.component.qualified_name, found.component.origin, found.arguments, found.rule)
"""


def read_dice(printed: str, method: str) -> float:
    """Return the mean dice of a method from what `kplug demo` prints."""
    found = re.search(rf"{method} {{2,}}(\d\.\d+)", printed)
    assert found is not None, printed
    return float(found.group(1))


def readme_block(start: str) -> str:
    """Return the text of README's first block that begins with a line."""
    for match in re.finditer(r"^```\w+\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL):
        if match[1].startswith(start):
            return match[1]
    raise LookupError(f"README has no block that starts with {start!r}")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write README's plugin to disk and build its wheel."""
    project = tmp_path_factory.mktemp("kplug-quantile")
    (project / "pyproject.toml").write_text(readme_block("[project]"))
    (project / "kplug_quantile.py").write_text(readme_block("# kplug_quantile.py"))
    return build_wheel(project)


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Make a virtual environment that has what this one has, and nothing of the plugin."""
    return make_environment(tmp_path / "venv")


@pytest.mark.slow
def test_a_plugin_wheel_is_used_by_name_and_gone_after_uninstalling(
    wheel: Path, python: Path, tmp_path: Path
) -> None:
    before = run(python, "-c", USE, cwd=tmp_path, check=False)
    assert "UnknownComponentError: no loss is named 'quantile_loss'" in before

    run(python, "-m", "pip", "install", "--no-index", "--no-deps", wheel, cwd=tmp_path)
    used = run(python, "-c", USE, cwd=tmp_path)
    assert (
        used
        == "kplug-quantile/quantile_loss kplug-quantile 0.1.0 {'quantile': 0.9} only candidate\n"
    )
    listed = run(python, "-m", "kplug", "list", "losses", cwd=tmp_path)
    assert re.search(r"kplug-quantile 0\.1\.0\s+quantile_loss", listed)

    run(python, "-m", "pip", "uninstall", "--yes", "kplug-quantile", cwd=tmp_path)
    after = run(python, "-c", USE, cwd=tmp_path, check=False)
    assert "UnknownComponentError: no loss is named 'quantile_loss'" in after


@pytest.mark.slow
def test_a_readme_plugin_that_is_installed_meanwhile_is_found_without_restarting(
    wheel: Path, python: Path, tmp_path: Path
) -> None:
    code = f"""
import subprocess, sys, kplug
try:
    kplug.resolve("loss", "quantile_loss")
except kplug.KplugError as error:
    print(type(error).__name__)
subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", {str(wheel)!r}])
print(kplug.resolve("loss", "quantile_loss").component.origin)
"""
    assert run(python, "-c", code, cwd=tmp_path).splitlines() == [
        "UnknownComponentError",
        "kplug-quantile 0.1.0",
    ]


@pytest.mark.slow
def test_a_new_plugin_is_green_in_its_first_minute(python: Path, tmp_path: Path) -> None:
    asked = [part for kind in BUILT_IN_KINDS for part in (f"--{kind}", f"acme_{kind}")]
    run(python, "-m", "kplug", "new", "kplug-acme", *asked, cwd=tmp_path)
    run(python, "-m", "pip", "install", "--no-warn-conflicts", "-e", "kplug-acme", cwd=tmp_path)
    assert "10 components" in run(
        python, "-m", "kplug", "check", "kplug-acme", "--strict", cwd=tmp_path
    )

    project = tmp_path / "kplug-acme"
    run(python, "-m", "kplug", "add", "loss", "another_loss", cwd=project / "src")
    quick = ("--no-warn-conflicts", "--no-build-isolation")
    run(python, "-m", "pip", "install", *quick, "-e", ".", cwd=project)
    run(python, "-m", "kplug", "check", "kplug-acme/another_loss", cwd=tmp_path)
    run(python, "-m", "pytest", cwd=project)
    run(python, "-m", "mypy", "--cache-dir", os.devnull, cwd=project)


@pytest.mark.slow
def test_by_the_run_line_in_a_fresh_copy_the_network_beats_the_baseline(tmp_path: Path) -> None:
    line = re.search(
        r"^## Run it\n.*?^```\w*\n(.*?)\n```", README.read_text(), re.MULTILINE | re.DOTALL
    )
    assert line is not None
    copy = tmp_path / "kplug"
    copy_repository(copy)
    settings = ("COLUMNS=200", "PIP_NO_COMPILE=0")  # 0 means that pip compiles nothing
    printed = run("env", *settings, "bash", "-c", line[1], cwd=copy)
    assert read_dice(printed, "network") > read_dice(printed, "Otsu's threshold") + 0.2
    for plugin, component in (
        ("kplug-segmentation", "dice_loss"),
        ("kplug-segmentation", "dice_coef"),
        ("kplug-penalties", "l1_reg"),
        ("kplug", "he_normal"),
        ("kplug", "adam"),
    ):
        line_of_it = rf" {component}\b.* {plugin} {re.escape(version(plugin))} "
        assert re.search(line_of_it, printed), printed
    assert (copy / "kplug-demo.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
