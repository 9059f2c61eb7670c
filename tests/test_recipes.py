"""The programs of docs/recipes run, each in a process of its own, with the real library."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

RECIPES = sorted((Path(__file__).resolve().parents[1] / "docs" / "recipes").glob("*.py"))


def list_packages(program: Path) -> set[str]:
    """Return the packages that a program imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(program.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("program", [pytest.param(each, id=each.stem) for each in RECIPES])
def test_a_recipe_runs(program: Path, tmp_path: Path) -> None:
    missing = [
        each for each in sorted(list_packages(program)) if not importlib.util.find_spec(each)
    ]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
    done = subprocess.run(
        [sys.executable, str(program)],
        cwd=tmp_path,
        env={**os.environ, "DO_NOT_TRACK": "1"},  # MLflow sends its makers what is used
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


def test_every_program_stands_on_a_page() -> None:
    pages = "".join(page.read_text() for page in RECIPES[0].parent.glob("*.md"))
    assert [each.name for each in RECIPES if f"({each.name})" not in pages] == []
