"""Finds the installer of this environment: uv or pip."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from kplug.errors import LockError
from kplug.registry.metadata import is_installed


def find_installer(action: str = "install") -> list[str]:
    """Return the installer's command: uv's if uv made this environment or pip is missing, else pip's.

    Args:
        action: ``install`` or ``uninstall``.

    Raises:
        LockError: There is neither.
    """
    uv = shutil.which("uv")
    # Not find_spec("pip"): setuptools would mistake it for a run of pip, and break torch's compiler.
    has_pip = is_installed("pip")
    if uv and (_is_made_by_uv() or not has_pip):
        return [uv, "pip", action, "--python", sys.executable]
    if has_pip:
        return [sys.executable, "-m", "pip", action]
    raise LockError(
        f"the environment {sys.prefix} has no pip, and there is no uv on the PATH",
        hint="python -m ensurepip, or install uv.",
    )


def _is_made_by_uv() -> bool:
    try:
        text = Path(sys.prefix, "pyvenv.cfg").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return any(line.partition("=")[0].strip() == "uv" for line in text.splitlines())
