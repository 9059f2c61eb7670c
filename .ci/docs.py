"""Builds the documentation site in ``build/site``, strictly: a dead link or anchor ends it with status 1."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
# Beside the copy, as Zensical takes no folder above its configuration.
CONFIG = BUILD / "zensical.toml"


def main() -> int:
    """Copy the pages, so that what is generated never stands among them, and build the copy."""
    shutil.rmtree(BUILD / "docs", ignore_errors=True)
    shutil.copytree(ROOT / "docs", BUILD / "docs")
    (BUILD / "docs" / ".zensical.toml").replace(CONFIG)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(CONFIG)]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
