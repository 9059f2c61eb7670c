"""The promises about reproducing: other code is replaced, a working copy comes from its repository."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import test_install
from tests.locking.conftest import git
from tests.virtual_environments import make_environment, run

wheel = test_install.wheel


@pytest.fixture
def _no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """kplug itself may be a working copy, with changes and a commit that moves on: hide it."""
    monkeypatch.setenv("PATH", "")


@pytest.mark.slow
@pytest.mark.usefixtures("_no_git")
def test_other_code_of_the_same_version_is_found_and_replaced(wheel: Path, tmp_path: Path) -> None:
    python = make_environment(tmp_path / "venv")
    wheels = ("--no-index", "--find-links", wheel.parent)
    run(python, "-m", "pip", "install", "--no-deps", *wheels, "kplug-quantile", cwd=tmp_path)
    lock = ("lock", "--use", "loss:quantile_loss(quantile=0.9)", "--allow-unlocked")
    run(python, "-m", "kplug", *lock, cwd=tmp_path)

    (record,) = (tmp_path / "venv").rglob("kplug_quantile-0.1.0.dist-info/RECORD")
    record.write_text(record.read_text().replace("kplug_quantile.py,sha256=", "&0"))
    checked = run(python, "-m", "kplug", "lock", "--check", cwd=tmp_path, check=False)
    assert "kplug-quantile 0.1.0 has other code here under the same version" in checked

    synced = run(python, "-m", "kplug", "sync", "--yes", "--", *wheels, cwd=tmp_path)
    assert "replace kplug-quantile==0.1.0" in synced
    assert "installed as locked" in synced


@pytest.mark.slow
def test_a_working_copy_is_reproduced_from_its_repository_at_its_commit(
    wheel: Path, tmp_path: Path
) -> None:
    repository, project = tmp_path / "remote.git", tmp_path / "project"
    git(tmp_path, "init", "--quiet", "--bare", str(repository))
    project.mkdir()
    for file in ("pyproject.toml", "kplug_quantile.py"):
        shutil.copy(wheel.parents[1] / file, project)
    (project / ".gitignore").write_text("*.egg-info\n__pycache__\n")
    git(project, "init", "--quiet")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "first")
    git(project, "remote", "add", "origin", str(repository))
    git(project, "push", "--quiet", "origin", "HEAD")
    commit = git(project, "rev-parse", "HEAD")

    here = make_environment(tmp_path / "here")
    quick = ("--no-deps", "--no-build-isolation")
    run(here, "-m", "pip", "install", *quick, "-e", project, cwd=tmp_path)
    run(here, "-m", "kplug", "lock", "--allow-unlocked", cwd=tmp_path)
    lock = tmp_path / "kplug.lock"
    tables = lock.read_text().split("\n\n")
    lock.write_text("\n\n".join([tables[0], *(each for each in tables if "quantile" in each)]))
    assert f'commit = "{commit}"' in lock.read_text()

    there = make_environment(tmp_path / "there")
    synced = run(there, "-m", "kplug", "sync", "--yes", "--", *quick, cwd=tmp_path)
    address = f"git+{repository.as_uri()}@{commit}#egg=kplug-quantile"
    assert f"install {address}, from an address in the lock\n" in synced
    assert "1 package installed as locked." in synced

    (project / "kplug_quantile.py").write_text("# changed\n")
    changed = run(here, "-m", "kplug", "sync", "--yes", cwd=tmp_path, check=False)
    assert "here is a working copy with changes that are not committed" in changed
    assert f"it is an editable install of {project}, check out {commit} there" in changed
