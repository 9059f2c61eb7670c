"""Virtual environments that have what this one has, and processes in them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"


def make_environment(folder: Path) -> Path:
    """Make a virtual environment that has what this one has, pip too; return its interpreter."""
    venv.create(folder, symlinks=sys.platform != "win32")  # without pip, which would take 4 s
    (site,) = folder.rglob("site-packages")
    here = sysconfig.get_path("purelib")
    (site / "base.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    return folder / _SCRIPTS / "python"


def link_packages(folder: Path, without: str) -> None:
    """Fill a folder with links to the packages of this environment but those with a text in their names.

    On PYTHONPATH it spares an environment that lacks something the installation of all else.
    """
    folder.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if without not in entry.name:
            (folder / entry.name).symlink_to(entry)


def copy_repository(folder: Path) -> None:
    """Copy the files of this repository that git knows."""
    for name in run("git", "ls-files", cwd=ROOT).splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)


def build_wheel(project: Path) -> Path:
    """Build the wheel of a project without an index; return it."""
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", cwd=project)
    return next(project.glob("dist/*.whl"))


def run(*command: str | Path, cwd: Path, check: bool = True) -> str:
    """Run a command; return what it prints. With ``check`` it has to succeed."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    output = result.stdout + result.stderr
    assert not check or result.returncode == 0, output
    return output
