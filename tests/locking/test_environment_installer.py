"""Which installer an environment has."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from kplug.errors import LockError
from kplug.locking import environment_installer, find_installer

UV = ["/bin/uv", "pip", "install", "--python", sys.executable]
PIP = [sys.executable, "-m", "pip", "install"]


@pytest.mark.parametrize(
    ("configuration", "has_uv", "has_pip", "expected"),
    [
        ("home = /usr/bin", True, True, PIP),
        ("home = /usr/bin", False, True, PIP),
        ("home = /usr/bin\nuv = 0.9.1", True, True, UV),
        ("home = /usr/bin\nuv = 0.9.1", False, True, PIP),
        ("home = /uv/bin", True, True, PIP),
        (None, True, True, PIP),
        (None, True, False, UV),
    ],
)
def test_the_installer_of_an_environment(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    configuration: str | None,
    has_uv: bool,
    has_pip: bool,
    expected: list[str],
) -> None:
    if configuration is not None:
        (tmp_path / "pyvenv.cfg").write_text(configuration)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/uv" if has_uv else None)
    monkeypatch.setattr(environment_installer, "is_installed", lambda name: has_pip)
    assert find_installer() == expected


def test_without_an_installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(environment_installer, "is_installed", lambda name: False)
    with pytest.raises(LockError) as caught:
        find_installer()
    assert str(caught.value) == (
        f"the environment {tmp_path} has no pip, and there is no uv on the PATH\n"
        "  python -m ensurepip, or install uv."
    )


def test_the_command_that_uninstalls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_installer, "is_installed", lambda name: True)
    assert find_installer("uninstall") == [*PIP[:-1], "uninstall"]
